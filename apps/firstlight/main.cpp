#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/paths.h"

namespace firstlight::app {

int exit_code_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kUsage: return 2;
    case ErrorKind::kConflict: return 4;
    case ErrorKind::kInput:
    case ErrorKind::kInternal: return 1;
  }
  return 1;
}

int run(int argc, char** argv) {
  set_log_sink([](LogLevel level, std::string_view message) {
    std::fprintf(stderr, "firstlight: %s%.*s\n", level == LogLevel::kWarning ? "warning: " : "",
                 static_cast<int>(message.size()), message.data());
  });
  CLI::App app{"Classify scientific images from written class descriptions, with probabilities",
               "firstlight"};
  app.set_version_flag("--version", "firstlight " + version());
  app.require_subcommand(0, 1);
  Context context;
  add_task(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "firstlight: %s; try --help\n", e.what());
    return 2;
  }
  if (app.get_subcommands().empty()) std::fputs(app.help().c_str(), stdout);
  return context.exit_code;
}

}  // namespace firstlight::app

int main(int argc, char** argv) {
  try {
    return firstlight::app::run(argc, argv);
  } catch (const firstlight::Error& e) {
    std::fprintf(stderr, "firstlight: %s\n", e.what());
    return firstlight::app::exit_code_of(e);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "firstlight: %s\n", e.what());
    return 1;
  }
}
