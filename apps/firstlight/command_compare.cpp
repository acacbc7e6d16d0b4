#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/report/run_comparison.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::vector<std::string> runs;
  bool json = false;
  std::string normalisation;
  EvaluationOptions options;
};

void compare(const Arguments& args) {
  std::vector<RunStore> stores;
  for (const std::string& folder : args.runs) stores.push_back(RunStore::open(folder));
  std::vector<ComparedRun> runs;
  for (const RunStore& store : stores) {
    runs.push_back({&store, interpretation_from(store, args.normalisation)});
  }
  const RunComparison comparison = compare_runs(runs, args.options);
  std::fputs(args.json ? (to_json(comparison) + "\n").c_str() : to_text(comparison).c_str(),
             stdout);
}

}  // namespace

void add_compare(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "Compare runs on the samples that they have in common: accuracy, AUC, memory, "
      "time, and paired tests");
  command->add_option("RUN", args->runs, "two or more run folders of tasks with the same classes")
      ->required()
      ->expected(2, 1000)
      ->type_name("");
  command->add_flag("--json", args->json, "one JSON object instead of tables");
  add_normalisation_flag(*command, args->normalisation);
  add_interval_flags(*command, args->options);
  command->footer(
      "Samples are matched by their id. McNemar's exact test asks whether the samples that only "
      "one\n"
      "of two runs labels right are split unevenly; intervals of differences are by a bootstrap "
      "that\n"
      "draws the same samples for both.");
  command->callback([args] { compare(*args); });
}

}  // namespace firstlight::app
