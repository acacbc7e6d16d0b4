#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/check/degrade_check.h"
#include "firstlight/check/prompt_check.h"
#include "firstlight/check/reading_check.h"
#include "firstlight/check/reason_check.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/task/variants.h"
#include "flags.h"
#include "progress.h"

namespace firstlight::app {
namespace {

/// What every check needs: labelled data and a model.
struct Arguments {
  std::string task;
  std::string data;
  std::string model = "embedded";
  std::string normalisation = "sum";
  int threads = 0;
  bool json = false;
  CheckOptions options;
  SelectionFlags selection;
  DegradeSettings degrade;
  PromptSettings prompt;
  std::string paraphrases;
  ReasonSettings reasons;
};

void add_common(CLI::App& command, Arguments& args) {
  add_task_and_data(command, args.task, args.data, "labelled samples, as for classify");
  add_model_flag(command, args.model);
  command.add_flag("--json", args.json, "one JSON object instead of tables");
  add_batch_flag(command, args.options.batch);
  add_threads_flag(command, args.threads);
  add_normalisation_flag(command, args.normalisation);
  command
      .add_option("--ignore-truth", args.options.ignore_truth,
                  "a truth value that means: not known")
      ->type_name("VALUE")
      ->allow_extra_args(false);
  add_level_flags(command, args.options.evaluation);
  args.selection.add(command);
}

/// Opens the data, runs `check(source, task)` and prints what it gives.
template <typename Check>
void run_check(const std::shared_ptr<Arguments>& args, Context& context, const Check& check) {
  use_threads(args->threads);
  args->options.normalisation = parse_normalisation(args->normalisation);
  const Task task = load_task(args->task);
  const auto source = select(open_source(args->data), args->selection.selection());
  if (source->size() == 0) throw Error::usage(args->data, "the selection holds no sample");
  Progress progress(0, context.quiet);
  args->options.progress = [&](const ProgressStep& step) { progress.show(step); };
  const auto outcome = check(*source, task);
  progress.end();
  std::fputs(args->json ? (to_json(outcome) + "\n").c_str() : to_text(outcome).c_str(), stdout);
  if (outcome.failed > 0) context.exit_code = 3;
}

/// Classifiers for variants of a task, all with one model, which is opened here.
std::function<std::unique_ptr<Classifier>(const Task&)> classifiers_of(const std::string& spec) {
  return
      [model = open_vlm(spec)](const Task& variant) { return make_vlm_classifier(model, variant); };
}

void add_values(CLI::App& command, const std::string& name, std::vector<double>& values,
                const std::string& description) {
  command.add_option(name, values, description + "; with commas")
      ->delimiter(',')
      ->type_name("LIST")
      ->allow_extra_args(false)
      ->capture_default_str();
}

void add_degrade(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand(
      "degrade", "Accuracy as pictures lose resolution, get noise, or lose readout channels");
  const auto args = std::make_shared<Arguments>();
  add_common(*command, *args);
  add_values(*command, "--resolution", args->degrade.resolution,
             "sides of the pictures over those of the originals, 0 to 1");
  add_values(*command, "--noise", args->degrade.noise,
             "standard deviations of Gaussian noise over the range of grey levels");
  add_values(*command, "--dead", args->degrade.dead, "fractions of dead readout channels, 0 to 1");
  command->add_flag("--dead-rows", args->degrade.dead_rows,
                    "a readout channel is a row of the picture, not a column");
  command
      ->add_option("--degrade-seed", args->degrade.seed,
                   "seed of noise and dead channels, drawn for each sample by its id")
      ->type_name("S")
      ->capture_default_str();
  command->footer(
      "Each value is applied by itself to the pictures as the model gets them. Changes are "
      "against\n"
      "the pictures as they are, on the same samples.");
  command->callback([args, &context] {
    run_check(args, context, [&](const SampleSource& source, const Task& task) {
      const auto classifier = open_classifier(args->model, task);
      return check_degrade(source, task, *classifier, args->degrade, args->options);
    });
  });
}

void add_prompt_check(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand(
      "prompt", "Accuracy and probabilities as the order of the classes and the answers change");
  const auto args = std::make_shared<Arguments>();
  add_common(*command, *args);
  command
      ->add_option("--orders", args->prompt.orders,
                   "rotations of the classes, the task's own among them; 0 for all")
      ->type_name("K")
      ->capture_default_str();
  command
      ->add_option("--answer", args->prompt.answers,
                   "an answer template to try beside the task's own, for instance '{name}'; those "
                   "that suit the task by default")
      ->type_name("TEMPLATE")
      ->allow_extra_args(false);
  command->footer(
      "The line 'average' is what classify --orders K gives: probabilities averaged over the "
      "orders.");
  command->callback([args, &context] {
    run_check(args, context, [&](const SampleSource& source, const Task& task) {
      return check_prompt(source, task, classifiers_of(args->model), args->prompt, args->options);
    });
  });
}

void add_reading_check(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand(
      "reading", "Accuracy with descriptions reworded, swapped, left out, and with fewer classes");
  const auto args = std::make_shared<Arguments>();
  add_common(*command, *args);
  command
      ->add_option("--paraphrases", args->paraphrases,
                   "file of descriptions in other words (docs/checks.md); that of the built-in "
                   "task where it is not given")
      ->type_name("FILE");
  command->footer(
      "Ratios are to the plain prompt on the same samples. A model that reads its prompt follows\n"
      "reworded and swapped descriptions, and is worse without any.");
  command->callback([args, &context] {
    run_check(args, context, [&](const SampleSource& source, const Task& task) {
      ReadingSettings settings;
      const std::string file =
          args->paraphrases.empty() ? builtin_paraphrases(task) : args->paraphrases;
      if (!file.empty()) settings.paraphrased = read_paraphrases(file, task);
      return check_reading(source, task, classifiers_of(args->model), settings, args->options);
    });
  });
}

void add_reasons(CLI::App& parent, Context& context) {
  CLI::App* command = parent.add_subcommand(
      "reasons", "Whether what the model's reasons say of simulated samples is true of them");
  const auto args = std::make_shared<Arguments>();
  add_common(*command, *args);
  command->add_flag("--exchange", args->reasons.exchange,
                    "also give every sample the pictures of another one");
  command->add_option("--exchange-seed", args->reasons.seed, "seed of the exchange")
      ->type_name("S")
      ->capture_default_str();
  command->footer(
      "The words that count as a statement, and the truth columns that decide it, are in\n"
      "share/tasks/vocabulary. Reasons are those of classify --reasons.");
  command->callback([args, &context] {
    run_check(args, context, [&](const SampleSource& source, const Task& task) {
      const auto classifier = open_classifier(args->model, task);
      ReasonSettings settings = args->reasons;
      settings.writer = reason_writer(args->model, open_domain_check(args->model, task), task);
      return check_reasons(source, task, *classifier, settings, args->options);
    });
  });
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("check", "How far a model's labels depend on what should not matter");
  command->require_subcommand(1);
  add_degrade(*command, context);
  add_prompt_check(*command, context);
  add_reading_check(*command, context);
  add_reasons(*command, context);
}

}  // namespace firstlight::app
