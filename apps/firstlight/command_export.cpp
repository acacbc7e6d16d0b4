#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/report/export.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string run;
  std::string format;
  std::string output;
  std::string normalisation;
};

void write_to_file(const std::string& path, const Exporter& exporter, const RunStore& run,
                   const Interpretation& interpretation) {
  // Written beside and renamed, so that a full disk leaves no half table under the name.
  const std::string part = path + ".part";
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (!out) throw Error::internal(path, "cannot write");
    exporter.write(run, interpretation, out);
    out.close();
    if (!out) throw Error::internal(path, "cannot write", "is the disk full?");
  }
  std::error_code status;
  std::filesystem::rename(part, path, status);
  if (status) throw Error::internal(path, "cannot write: " + status.message());
}

void export_run(const Arguments& args) {
  const Exporter& exporter = find_exporter(args.format);
  const RunStore run = RunStore::open(args.run);
  const Interpretation interpretation = interpretation_from(run, args.normalisation);
  if (!args.output.empty()) {
    write_to_file(args.output, exporter, run, interpretation);
    return;
  }
  if (exporter.binary && isatty(STDOUT_FILENO) != 0) {
    throw Error::usage("--to " + args.format, "is binary and standard output is a terminal",
                       "name a file with -o FILE");
  }
  exporter.write(run, interpretation, std::cout);
}

}  // namespace

void add_export(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("export", "Write a run as a table");
  command->add_option("RUN", args->run, "run folder")->required()->type_name("");
  std::string formats;
  for (const Exporter& exporter : exporters()) {
    formats += (formats.empty() ? "" : "; ") + exporter.name + ": " + exporter.description;
  }
  command->add_option("--to", args->format, formats)->required()->type_name("FORMAT");
  command->add_option("-o,--output", args->output, "file to write; standard output by default")
      ->type_name("FILE");
  add_normalisation_flag(*command, args->normalisation);
  command->callback([args] { export_run(*args); });
}

}  // namespace firstlight::app
