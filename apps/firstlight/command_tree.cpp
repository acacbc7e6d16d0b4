#include "command_tree.h"

namespace firstlight::app {
namespace {

FlagInfo describe_option(const CLI::Option& option) {
  FlagInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (info.names.empty()) info.names.push_back(option.get_name(true));
  if (option.get_items_expected_max() > 0) {
    info.value = option.get_type_name().empty() ? "VALUE" : option.get_type_name();
  }
  info.description = option.get_description();
  if (!option.get_default_str().empty()) {
    info.description += " (default " + option.get_default_str() + ")";
  }
  return info;
}

CommandInfo describe(const CLI::App& app, std::vector<std::string> words) {
  CommandInfo info;
  words.push_back(app.get_name());
  info.words = words;
  info.description = app.get_description();
  info.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    (option->nonpositional() ? info.flags : info.positionals).push_back(describe_option(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    info.commands.push_back(describe(*command, words));
  }
  return info;
}

}  // namespace

CommandInfo describe_commands(const CLI::App& app) { return describe(app, {}); }

}  // namespace firstlight::app
