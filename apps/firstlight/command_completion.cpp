#include <cstdio>
#include <memory>
#include <string>

#include "command_tree.h"
#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"

namespace firstlight::app {

void add_completion(CLI::App& app, Context&) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "Print the completion script of a shell: bash, zsh or fish");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("");
  command->callback([shell, &app] {
    const CommandInfo program = describe_commands(app);
    std::string script;
    if (*shell == "bash") {
      script = bash_completion(program);
    } else if (*shell == "zsh") {
      script = zsh_completion(program);
    } else if (*shell == "fish") {
      script = fish_completion(program);
    } else {
      throw Error::usage("completion", "unknown shell '" + *shell + "'", "known: bash, zsh, fish");
    }
    std::fputs(script.c_str(), stdout);
  });
}

void add_man(CLI::App& app, Context&) {
  CLI::App* command =
      app.add_subcommand("man", "Print the manual page (firstlight man | man -l -)");
  command->callback(
      [&app] { std::fputs(manual_page(describe_commands(app), version()).c_str(), stdout); });
}

}  // namespace firstlight::app
