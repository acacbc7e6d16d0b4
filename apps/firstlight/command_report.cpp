#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "evaluation_flags.h"
#include "firstlight/base/text.h"
#include "firstlight/report/report.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string run;
  std::string output;
  std::string normalisation;
  EvaluationFlags selection;
};

void report_run(const Arguments& args) {
  const RunStore run = RunStore::open(args.run);
  EvaluationOptions options;
  args.selection.apply(options);
  const ReportData data = collect_report(run, interpretation_from(run, args.normalisation), options,
                                         args.selection.columns());
  const std::string path = args.output.empty() ? args.run + "/report.html" : args.output;
  text::write_file_atomically(path, render_report(data));
  std::printf("%s\n", path.c_str());
}

}  // namespace

void add_report(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "report", "Write a run as one self-contained HTML page and print where it lies");
  command->add_option("RUN", args->run, "run folder")->required()->type_name("");
  command->add_option("-o,--output", args->output, "file to write; RUN/report.html by default")
      ->type_name("FILE");
  args->selection.add(*command);
  add_normalisation_flag(*command, args->normalisation);
  command->callback([args] { report_run(*args); });
}

}  // namespace firstlight::app
