#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "evaluation_flags.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/report/overview.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::vector<std::string> places;  ///< RUN, and further CLASS=P after --prior
  bool json = false;
  std::vector<std::string> prior;
  std::string normalisation;
  EvaluationFlags selection;
  std::string pass = "main";
  EvaluationOptions options;
};

/// CLASS=P with the class by key, name or synonym.
std::pair<ClassId, double> parse_prior(const std::string& text, const Task& task) {
  const std::size_t equals = text.rfind('=');
  if (equals != std::string::npos) {
    const auto found = task.match(text.substr(0, equals));
    const auto p = text::parse_double(text.substr(equals + 1));
    if (found && p && *p >= 0 && *p <= 1) return {*found, *p};
  }
  std::vector<std::string> keys;
  for (const ClassDefinition& c : task.classes) keys.push_back(c.key);
  throw Error::usage("--prior", "'" + text + "' is not CLASS=P with 0 <= P <= 1",
                     "classes: " + text::join(keys, ", "));
}

bool has_truth(const RunStore& run) {
  bool found = false;
  run.for_each(
      [&](const SampleRecord& record) { found = found || record.truth_class.has_value(); });
  return found;
}

void evaluate_run(const Arguments& args) {
  // --prior takes one CLASS=P, so that RUN may follow it; more of them stand beside RUN.
  std::vector<std::string> prior = args.prior;
  std::vector<std::string> runs;
  for (const std::string& place : args.places) {
    const bool is_prior = !args.prior.empty() && place.find('=') != std::string::npos &&
                          !std::filesystem::exists(place);
    (is_prior ? prior : runs).push_back(place);
  }
  if (runs.size() != 1) {
    throw Error::usage("evaluate", "needs one RUN, got " + std::to_string(runs.size()));
  }
  const RunStore run = RunStore::open(runs.front());
  EvaluationOptions options = args.options;
  for (const std::string& item : prior) options.prior.push_back(parse_prior(item, run.task()));
  args.selection.apply(options);
  Interpretation interpretation = interpretation_from(run, args.normalisation);
  interpretation.pass = args.pass;
  const EvaluationInput input = evaluation_input(run, interpretation, args.selection.columns());
  if (input.truth.empty() && !has_truth(run)) {
    throw Error::input(runs.front(), "no classified sample has a truth to compare with",
                       "name the truth in DATA, for instance folder:DIR?truth=subfolder");
  }
  const Evaluation evaluation = evaluate(run.task(), input, options);
  std::fputs(args.json ? (to_json(evaluation) + "\n").c_str() : to_text(evaluation).c_str(),
             stdout);
}

}  // namespace

void add_evaluate(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("evaluate", "Compare a run with the truth: metrics with their intervals");
  command->add_option("RUN", args->places, "run folder")->required()->type_name("");
  command->add_flag("--json", args->json, "one JSON object instead of tables");
  command
      ->add_option("--prior", args->prior,
                   "prevalence of a class in the survey that the model is meant for; classes that "
                   "are not named share the rest; --prior A=0.1 B=0.2 or once for each")
      ->type_name("CLASS=P")
      ->allow_extra_args(false);
  args->selection.add(*command);
  add_normalisation_flag(*command, args->normalisation);
  add_pass_flag(*command, args->pass);
  add_interval_flags(*command, args->options);
  command->callback([args] { evaluate_run(*args); });
}

}  // namespace firstlight::app
