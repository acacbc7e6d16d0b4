#pragma once

#include <CLI/CLI.hpp>
#include <string>

/// One function a subcommand, each in its own file. A command registers its flags and a callback;
/// the callback throws firstlight::Error or sets `context.exit_code`.
namespace firstlight::app {

struct Context {
  /// 0 done; 1 failed; 2 usage or configuration; 3 done, but some samples failed; 4 the run folder
  /// holds another configuration; 130 interrupted.
  int exit_code = 0;
  bool quiet = false;  ///< --quiet: no progress on standard error
};

/// --quiet, for the program and for the commands that show progress.
inline void add_quiet_flag(CLI::App& command, Context& context) {
  command.add_flag("-q,--quiet", context.quiet, "no progress on standard error");
}

// In the order of `firstlight --help`; main.cpp calls each.
void add_classify(CLI::App& app, Context& context);
void add_merge(CLI::App& app, Context& context);
void add_evaluate(CLI::App& app, Context& context);
void add_calibrate(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_saliency(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_figure(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_prompt(CLI::App& app, Context& context);
void add_generate(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_task(CLI::App& app, Context& context);
void add_model(CLI::App& app, Context& context);
#ifdef FIRSTLIGHT_SERVE
void add_serve(CLI::App& app, Context& context);
#endif
void add_train(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);
void add_man(CLI::App& app, Context& context);

}  // namespace firstlight::app
