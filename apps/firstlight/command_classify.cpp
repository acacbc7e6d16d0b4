#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/log.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/report/overview.h"
#include "firstlight/run/model_calibration.h"
#include "firstlight/run/passes.h"
#include "firstlight/run/runner.h"
#include "flags.h"
#include "interrupt.h"
#include "progress.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::vector<std::string> places;  ///< TASK DATA, or files with --classes
  std::vector<std::string> classes;
  std::string model = "embedded";
  std::string output;
  int batch = 8;
  int threads = 0;
  std::string passes = "main";
  int orders = 0;
  int orientations = 0;
  std::string normalisation = "sum";
  std::vector<std::string> ignore_truth;
  SelectionFlags selection;
  ServerFlags server;
  std::optional<double> max_cost;
  bool dry_run = false;
  int free_text = 0;
  bool reasons = false;
  bool calibrated = false;
  int shots = 0;
  std::string shots_from;
};

/// A task, the data and what a run folder calls the data.
struct Job {
  Task task;
  std::unique_ptr<SampleSource> source;
  std::string data_spec;
  std::vector<Shot> shots;
};

/// The examples of the prompt, and their ids for the settings of the run.
void open_shots(const Arguments& args, Job& job) {
  if (args.shots == 0) {
    if (!args.shots_from.empty()) throw Error::usage("--shots-from", "needs --shots");
    return;
  }
  const auto other = args.shots_from.empty() ? nullptr : open_source(args.shots_from);
  job.shots =
      choose_shots(other ? *other : *job.source, job.task, args.shots, 0, args.ignore_truth);
}

void add_shot_settings(const Arguments& args, const Job& job, RunConfig& config) {
  if (job.shots.empty()) return;
  ContentHash hash;
  for (const Shot& shot : job.shots) hash.update(shot.sample.id + "\n");
  config.settings["shots.per_class"] = std::to_string(args.shots);
  config.settings["shots.from"] = args.shots_from.empty() ? job.data_spec : args.shots_from;
  config.settings["shots.ids_sha256"] = hash.hex();
}

Job open_job(const Arguments& args) {
  Job job;
  const auto& places = args.places;
  if (args.classes.empty()) {
    if (places.size() != 2) {
      throw Error::usage("classify",
                         "needs TASK and DATA, got " + std::to_string(places.size()) + " arguments",
                         "or name classes: classify --classes \"a\" \"b\" -- FILES...");
    }
    job.task = load_task(places[0]);
    job.data_spec = places[1];
    job.source = open_source(job.data_spec);
  } else {
    if (places.empty()) {
      throw Error::usage("classify", "no data", "name files or DATA after --");
    }
    job.task = task_from_class_names(args.classes);
    if (places.size() == 1) {
      job.data_spec = places[0];
      job.source = open_source(job.data_spec);
    } else {
      job.data_spec = fmt::format("{} files", places.size());
      job.source = source_of_files(places);
    }
  }
  open_shots(args, job);
  Selection selection = args.selection.selection();
  // No sample is both shown with its answer and asked about.
  for (const Shot& shot : job.shots) selection.without.push_back(shot.sample.id);
  job.source = select(std::move(job.source), selection);
  // Of few samples a shard may get none; it is a run all the same, so that merge finds it.
  if (job.source->size() == 0 && !selection.shard) {
    throw Error::usage(job.data_spec, "the selection holds no sample");
  }
  return job;
}

/// What --passes names, and what --orders and --orientations add to it.
std::vector<Pass> passes_of(const Arguments& args, const Task& task) {
  std::vector<Pass> passes = parse_passes(args.passes, task);
  const auto add = [&](const std::vector<Pass>& more) {
    for (const Pass& pass : more) {
      if (std::find(passes.begin(), passes.end(), pass) == passes.end()) passes.push_back(pass);
    }
  };
  if (args.orders > 0) add(spread_orders(args.orders, task));
  if (args.orientations > 0) add(orientation_passes(args.orientations, task));
  return passes;
}

/// Decoding is light beside a model, so that half the cores keep ahead of it.
int loader_threads() { return std::max(1, num_threads() / 2); }

/// One request as it would be sent, and what all of them would come to.
void show_estimate(const Arguments& args, const Job& job, const RunOptions& options) {
  hosted::Options server = args.server.options();
  server.offline = true;
  const auto classifier = open_classifier(args.model, job.task, server, job.shots);
  const PreparedSample sample = prepare_sample(*job.source, job.task, 0).value();
  const hosted::Estimate e =
      hosted::estimate(args.model, server, classifier->describe(sample, Pass{}).value(),
                       job.source->size(), options.passes.size());
  std::printf("%s\n", e.request.c_str());
  std::printf("requests: %llu, none of them sent\n", static_cast<unsigned long long>(e.requests));
  std::printf("tokens: about %lld in, at most %lld out\n", static_cast<long long>(e.prompt_tokens),
              static_cast<long long>(e.completion_tokens));
  if (e.cost_usd) {
    std::printf("cost: at most about %.4f USD (prices of %s)\n", *e.cost_usd,
                e.price_source.c_str());
  } else {
    std::printf("cost: the table of prices does not have this model\n");
  }
  std::printf("time: about %.0f s, with %g s for an answer and %d at once\n", e.seconds,
              hosted::kAssumedAnswerSeconds, server.concurrency);
}

/// What the answers of a server came to, for the end of a run.
std::string server_lines(const ServerTotals& totals) {
  std::string out = fmt::format("server: {}", text::join(totals.models, ", "));
  if (!totals.fingerprints.empty()) {
    out += fmt::format(" ({})", text::join(totals.fingerprints, ", "));
  }
  out += fmt::format("\nanswers: {}", totals.answers);
  if (totals.probes > 0) {
    out += fmt::format(", and {} to questions about what the server offers", totals.probes);
  }
  out += fmt::format("; tokens: {} in, of which {} cached, {} out\n", totals.prompt_tokens,
                     totals.cached_tokens, totals.completion_tokens);
  if (!totals.left_out.empty()) {
    out += fmt::format("refused by the server, left out: {}\n", text::join(totals.left_out, ", "));
  }
  if (totals.unpriced < totals.answers || totals.cost_usd > 0)
    out += fmt::format("cost: {:.4f} USD\n", totals.cost_usd);
  return out;
}

void classify(const Arguments& args, Context& context) {
  use_threads(args.threads);
  const Job job = open_job(args);
  const bool hosted_model = hosted::is_hosted(args.model);
  if (!hosted_model && (args.dry_run || args.max_cost)) {
    throw Error::usage(args.dry_run ? "--dry-run" : "--max-cost",
                       "is for hosted models; '" + args.model + "' costs nothing");
  }
  if (hosted_model && args.free_text > 0) {
    throw Error::usage("--free-text", "is for models that run here",
                       "a hosted model writes with URL?read=text");
  }
  if (hosted_model && (args.reasons || args.calibrated)) {
    throw Error::usage(args.reasons ? "--reasons" : "--calibrated", "is for models that run here");
  }
  RunOptions options;
  options.free_text = args.free_text;
  options.passes = passes_of(args, job.task);
  options.normalisation = parse_normalisation(args.normalisation);
  options.ignore_truth = args.ignore_truth;
  options.batch = args.batch;
  options.loaders = loader_threads();
  if (args.dry_run) return show_estimate(args, job, options);
  check_data(*job.source, job.task);
  const SourceSurvey found = survey(*job.source, job.task, args.ignore_truth);
  options.stop = &stop_on_interrupt();
  hosted::Options server = args.server.options();
  server.session = std::make_shared<hosted::Session>(options.stop, args.max_cost);
  // A server that closes a connection is an error of that request, not the end of the process.
  if (hosted_model) std::signal(SIGPIPE, SIG_IGN);
  const auto classifier = open_classifier(args.model, job.task, server, job.shots);
  options.batch = std::max(options.batch, classifier->capabilities().preferred_batch);
  options.domain = open_domain_check(args.model, job.task);
  if (args.reasons) options.reasons = reason_writer(args.model, options.domain, job.task);
  if (options.domain && !options.domain->unknown_classes.empty()) {
    log_warning(domain_warning(0, text::join(options.domain->unknown_classes, ", ")) +
                ": every row carries this warning");
  }
  if (args.reasons && !classifier->capabilities().can_generate) {
    throw Error::usage("--reasons", "'" + args.model + "' writes no text");
  }

  RunConfig config =
      make_run_config(job.task, *classifier, args.model, job.data_spec, found, options);
  for (const auto& [key, value] : args.selection.settings()) config.settings[key] = value;
  add_shot_settings(args, job, config);
  std::optional<RunCalibration> calibration;
  if (args.calibrated) calibration = model_calibration(config);
  const std::string folder = args.output.empty() ? default_run_folder("runs", config) : args.output;
  RunStore store = RunStore::create(folder, config, job.task, job.source->columns());

  if (calibration) store.set_calibration(*calibration);
  if (hosted_model) {
    const auto totals = store.server_totals();
    server.session->attach(
        folder + "/answers.jsonl", totals ? totals->cost_usd : 0.0,
        [&](const std::string& request) { return store.has_server_answer(request); });
    // What opening the model has cost belongs to the run, whatever becomes of the samples.
    const hosted::Probes probes = server.session->probes();
    store.add_server_probes({probes.requests, probes.usage.prompt, probes.usage.cached,
                             probes.usage.completion, probes.cost_usd});
    store.commit();
    options.committed = [&] {
      const std::set<std::string> fields = server.session->left_out();
      store.add_server_left_out({fields.begin(), fields.end()});
      store.commit();
      server.session->committed();
    };
  }

  Progress progress(store.size(), context.quiet);
  options.progress = [&](const ProgressStep& step) { progress.show(step); };
  const RunSummary summary = run_classifier(*job.source, *classifier, store, options);
  progress.end();
  if (summary.interrupted && server.session->over_budget()) {
    throw Error::input("--max-cost",
                       fmt::format("the next request would cost more than is left: "
                                   "{} of {} samples are done for {:.4f} USD",
                                   store.size(), job.source->size(), server.session->spent_usd()),
                       "the same command with a larger --max-cost continues");
  }
  if (summary.interrupted) {
    std::fprintf(stderr,
                 "firstlight: interrupted after %llu of %zu samples; the same command continues\n",
                 static_cast<unsigned long long>(store.size()), job.source->size());
    context.exit_code = 130;
    return;
  }
  std::fputs(to_text(overview(store, interpretation_of(store))).c_str(), stdout);
  if (const auto totals = store.server_totals()) {
    std::fputs(server_lines(*totals).c_str(), stdout);
  }
  server.session->finish();
  std::printf("run: %s\n", folder.c_str());
  if (summary.failed > 0) context.exit_code = 3;
}

}  // namespace

void add_classify(CLI::App& app, Context& context) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "classify", "Give every sample of DATA a probability for each class of TASK");
  command
      ->add_option("TASK DATA", args->places,
                   "a built-in task or a task file, and the data: a folder, a file, or a spec such "
                   "as csv:list.csv?path=file&truth=class; with --classes: image and FITS files")
      ->type_name("");
  command
      ->add_option("--classes", args->classes,
                   "classify into these classes instead of those of a task; end the list with --")
      ->type_name("NAME...");
  add_model_flag(*command, args->model);
  command
      ->add_option("-o,--output", args->output,
                   "run folder; the default is runs/TASK-HASH, so that the same command continues "
                   "the same run")
      ->type_name("RUN");
  add_batch_flag(*command, args->batch);
  add_threads_flag(*command, args->threads);
  command
      ->add_option("--passes", args->passes,
                   "looks at each sample: main, blank, no_descriptions, order (every rotation of "
                   "the classes) or order_K, orientation (the picture turned and mirrored in every "
                   "way) or orientation_K, with commas")
      ->type_name("LIST")
      ->capture_default_str();
  command
      ->add_option("--orders", args->orders,
                   "average the probabilities over K rotations of the classes in the prompt, the "
                   "task's own among them")
      ->type_name("K")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--orientations", args->orientations,
                   "average the probabilities over K orientations of the picture, as it is among "
                   "them: up to 4 turned by right angles, up to 8 also mirrored; for pictures "
                   "without an up, such as those of the sky")
      ->type_name("K")
      ->check(CLI::PositiveNumber);
  add_normalisation_flag(*command, args->normalisation);
  command
      ->add_option("--free-text", args->free_text,
                   "let the model also write up to N tokens about each sample, and read a label "
                   "from them, beside its exact score; 0 for none")
      ->type_name("N")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  command->add_flag("--calibrated", args->calibrated,
                    "also give the probabilities by the calibration that the model brings for this "
                    "task, passes and normalisation");
  command->add_flag("--reasons", args->reasons,
                    "give the reason for each label, in one or two sentences");
  command->add_option("--ignore-truth", args->ignore_truth, "a truth value that means: not known")
      ->type_name("VALUE")
      ->allow_extra_args(false);
  add_quiet_flag(*command, context);
  command
      ->add_option("--shots", args->shots,
                   "examples of each class, with their answers, in the prompt; they are left out "
                   "of DATA")
      ->type_name("N")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      ->add_option("--shots-from", args->shots_from,
                   "data with truth that the examples come from; else DATA")
      ->type_name("DATA");
  args->selection.add(*command);
  args->server.add(*command);
  command
      ->add_option("--max-cost", args->max_cost,
                   "stop before the answers cost more than this; the run can be continued")
      ->type_name("USD")
      ->check(CLI::Range(0.0, 1e9))
      ->group("Hosted models");
  command
      ->add_flag("--dry-run", args->dry_run,
                 "send nothing: print one request without its picture, and what all would cost")
      ->group("Hosted models");
  command->footer(
      "A run that was interrupted or killed continues where it stopped when the same command is\n"
      "given again. A sample that cannot be read or scored is recorded with its cause, and the\n"
      "exit status is then 3.");
  command->callback([args, &context] { classify(*args, context); });
}

}  // namespace firstlight::app
