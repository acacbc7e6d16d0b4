#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "interrupt.h"

namespace firstlight::app {

constexpr const char* kExitCodes =
    "Exit status: 0 done; 1 failed; 2 usage or configuration; 3 done, but some samples failed;\n"
    "4 the run folder holds another configuration; 130 interrupted.\n"
    "Results go to standard output, everything else to standard error.";

int exit_code_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kConflict:
      return 4;
    case ErrorKind::kInput:
    case ErrorKind::kInternal:
      return 1;
    case ErrorKind::kStopped:
      return 130;
  }
  return 1;
}

/// One line, with the nearest command where the first word is none.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> rest = app.remaining();
  if (app.get_subcommands().empty() && !rest.empty() && rest.front().rfind('-', 0) != 0) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(command->get_name());
    }
    const auto nearest = text::nearest(rest.front(), names);
    return "unknown command '" + rest.front() + "'; " +
           (nearest ? "did you mean '" + *nearest + "'?" : "try --help");
  }
  return text::replace_all(error.what(), "\n", " ") + "; try --help";
}

/// Results that never arrived must not look like success.
void finish_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw Error::internal("standard output", "cannot be written", "is the disk full?");
  }
}

int run(int argc, char** argv) {
  // A file that reaches a size limit is then a failed write with a cause, not a sudden end.
  std::signal(SIGXFSZ, SIG_IGN);
  end_on_interrupt();
  set_log_sink([](LogLevel level, std::string_view message) {
    std::fprintf(stderr, "firstlight: %s%.*s\n", level == LogLevel::kWarning ? "warning: " : "",
                 static_cast<int>(message.size()), message.data());
  });
  CLI::App app{"Classify scientific images from written class descriptions, with probabilities",
               "firstlight"};
  app.set_version_flag("--version", "firstlight " + version());
  app.require_subcommand(0, 1);
  Context context;
  add_quiet_flag(app, context);
  add_classify(app, context);
  add_merge(app, context);
  add_evaluate(app, context);
  add_calibrate(app, context);
  add_compare(app, context);
  add_check(app, context);
  add_saliency(app, context);
  add_report(app, context);
  add_figure(app, context);
  add_export(app, context);
  add_prompt(app, context);
  add_generate(app, context);
  add_data(app, context);
  add_simulate(app, context);
  add_task(app, context);
  add_model(app, context);
#ifdef FIRSTLIGHT_SERVE
  add_serve(app, context);
#endif
  add_train(app, context);
  add_completion(app, context);
  add_man(app, context);
  app.footer(kExitCodes);  // after the commands, which would inherit it

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "firstlight: %s\n", usage_message(app, e).c_str());
    return 2;
  }
  if (app.get_subcommands().empty()) std::fputs(app.help().c_str(), stdout);
  return context.exit_code;
}

}  // namespace firstlight::app

int main(int argc, char** argv) {
  try {
    const int code = firstlight::app::run(argc, argv);
    firstlight::app::finish_output();
    return code;
  } catch (const firstlight::Error& e) {
    std::fprintf(stderr, "firstlight: %s\n", e.what());
    return firstlight::app::exit_code_of(e);
  } catch (const std::bad_alloc&) {
    std::fputs("firstlight: out of memory\n", stderr);
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "firstlight: %s\n", e.what());
    return 1;
  }
}
