#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/report/overview.h"
#include "firstlight/run/merge.h"
#include "progress.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::vector<std::string> shards;
  std::string output;
};

void merge(const Arguments& args, Context& context) {
  Progress progress(0, context.quiet);
  const RunStore run = merge_shards(args.shards, args.output,
                                    [&](const ProgressStep& step) { progress.show(step); });
  progress.end();
  std::fputs(to_text(overview(run, interpretation_of(run))).c_str(), stdout);
  std::printf("run: %s\n", args.output.c_str());
  if (run.failed() > 0) context.exit_code = 3;
}

}  // namespace

void add_merge(CLI::App& app, Context& context) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("merge", "Join the shards of a run (classify --shard I/N) into one run");
  command->add_option("RUN", args->shards, "run folders of all shards, in any order")
      ->required()
      ->type_name("");
  command->add_option("-o,--output", args->output, "folder of the joined run")
      ->type_name("RUN")
      ->required();
  add_quiet_flag(*command, context);
  command->callback([args, &context] { merge(*args, context); });
}

}  // namespace firstlight::app
