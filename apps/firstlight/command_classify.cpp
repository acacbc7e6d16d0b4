#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/report/overview.h"
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
  std::string normalisation = "sum";
  std::vector<std::string> ignore_truth;
  SelectionFlags selection;
};

/// A task, the data and what a run folder calls the data.
struct Job {
  Task task;
  std::unique_ptr<SampleSource> source;
  std::string data_spec;
};

Job open_job(const Arguments& args) {
  const Selection selection = args.selection.selection();
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
  job.source = select(std::move(job.source), selection);
  // Of few samples a shard may get none; it is a run all the same, so that merge finds it.
  if (job.source->size() == 0 && !selection.shard) {
    throw Error::usage(job.data_spec, "the selection holds no sample");
  }
  return job;
}

/// Decoding is light beside a model, so that half the cores keep ahead of it.
int loader_threads() { return std::max(1, num_threads() / 2); }

void classify(const Arguments& args, Context& context) {
  use_threads(args.threads);
  const Job job = open_job(args);
  RunOptions options;
  options.passes = parse_passes(args.passes, job.task);
  if (args.orders > 0) {
    for (const Pass& pass : spread_orders(args.orders, job.task)) {
      if (std::find(options.passes.begin(), options.passes.end(), pass) == options.passes.end()) {
        options.passes.push_back(pass);
      }
    }
  }
  options.normalisation = parse_normalisation(args.normalisation);
  options.ignore_truth = args.ignore_truth;
  options.batch = args.batch;
  options.loaders = loader_threads();
  check_data(*job.source, job.task);
  const SourceSurvey found = survey(*job.source, job.task, args.ignore_truth);
  const auto classifier = open_classifier(args.model, job.task);

  RunConfig config =
      make_run_config(job.task, *classifier, args.model, job.data_spec, found, options);
  for (const auto& [key, value] : args.selection.settings()) config.settings[key] = value;
  const std::string folder = args.output.empty() ? default_run_folder("runs", config) : args.output;
  options.stop = &stop_on_interrupt();
  RunStore store = RunStore::create(folder, config, job.task, job.source->columns());

  Progress progress(store.size(), context.quiet);
  options.progress = [&](const ProgressStep& step) { progress.show(step); };
  const RunSummary summary = run_classifier(*job.source, *classifier, store, options);
  progress.end();
  if (summary.interrupted) {
    std::fprintf(stderr,
                 "firstlight: interrupted after %llu of %zu samples; the same command continues\n",
                 static_cast<unsigned long long>(store.size()), job.source->size());
    context.exit_code = 130;
    return;
  }
  std::fputs(to_text(overview(store, interpretation_of(store))).c_str(), stdout);
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
  command->add_option("--batch", args->batch, "samples that the model gets at once")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  add_threads_flag(*command, args->threads);
  command
      ->add_option("--passes", args->passes,
                   "looks at each sample: main, blank, no_descriptions, order (every rotation of "
                   "the classes) or order_K, with commas")
      ->type_name("LIST")
      ->capture_default_str();
  command
      ->add_option("--orders", args->orders,
                   "average the probabilities over K rotations of the classes in the prompt, the "
                   "task's own among them")
      ->type_name("K")
      ->check(CLI::PositiveNumber);
  add_normalisation_flag(*command, args->normalisation);
  command->add_option("--ignore-truth", args->ignore_truth, "a truth value that means: not known")
      ->type_name("VALUE")
      ->allow_extra_args(false);
  add_quiet_flag(*command, context);
  args->selection.add(*command);
  command->footer(
      "A run that was interrupted or killed continues where it stopped when the same command is\n"
      "given again. A sample that cannot be read or scored is recorded with its cause, and the\n"
      "exit status is then 3.");
  command->callback([args, &context] { classify(*args, context); });
}

}  // namespace firstlight::app
