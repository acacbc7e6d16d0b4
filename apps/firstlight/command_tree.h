#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

/// What shell completion and the manual page need to know of the commands, read from the CLI11 tree
/// so that neither can differ from what the program takes.
namespace firstlight::app {

struct FlagInfo {
  std::vector<std::string> names;  ///< with dashes: "-o", "--output"
  std::string value;               ///< placeholder of its value; empty for a switch
  std::string description;
};

struct CommandInfo {
  std::vector<std::string> words;  ///< {"firstlight", "task", "show"}
  std::string description;
  std::vector<FlagInfo> positionals;  ///< names hold the placeholder
  std::vector<FlagInfo> flags;
  std::string footer;
  std::vector<CommandInfo> commands;
};

CommandInfo describe_commands(const CLI::App& app);

std::string bash_completion(const CommandInfo& program);
std::string zsh_completion(const CommandInfo& program);
std::string fish_completion(const CommandInfo& program);

/// A page of section 1 in the man macros.
std::string manual_page(const CommandInfo& program, const std::string& version);

}  // namespace firstlight::app
