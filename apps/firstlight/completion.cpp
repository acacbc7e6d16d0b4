#include <functional>

#include "command_tree.h"
#include "firstlight/base/text.h"

namespace firstlight::app {
namespace {

/// The words after the program's name: "task show".
std::string path_of(const CommandInfo& command) {
  return text::join({command.words.begin() + 1, command.words.end()}, " ");
}

void for_each_command(const CommandInfo& command,
                      const std::function<void(const CommandInfo&)>& visit) {
  visit(command);
  for (const CommandInfo& child : command.commands) for_each_command(child, visit);
}

std::vector<std::string> command_names(const CommandInfo& command) {
  std::vector<std::string> names;
  for (const CommandInfo& child : command.commands) names.push_back(child.words.back());
  return names;
}

std::vector<std::string> flag_names(const CommandInfo& command) {
  std::vector<std::string> names;
  for (const FlagInfo& flag : command.flags) {
    names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  return names;
}

std::string single_quoted(const std::string& s) {
  return "'" + text::replace_all(s, "'", "'\\''") + "'";
}

/// Fish knows \' inside single quotes, not the shell's '\''.
std::string fish_quoted(const std::string& s) {
  return "'" + text::replace_all(text::replace_all(s, "\\", "\\\\"), "'", "\\'") + "'";
}

/// Inside a zsh _arguments spec, brackets and colons of a description need a backslash.
std::string zsh_text(std::string s) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    s = text::replace_all(s, special, std::string("\\") + special);
  }
  return s;
}

}  // namespace

std::string bash_completion(const CommandInfo& program) {
  std::string out =
      "# bash completion for firstlight; load with: source <(firstlight completion bash)\n"
      "_firstlight() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" path='' i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n";
  for_each_command(program, [&](const CommandInfo& command) {
    if (command.words.size() < 2) return;
    const std::string parent =
        text::join({command.words.begin() + 1, command.words.end() - 1}, " ");
    out += "      " + single_quoted(parent + " " + command.words.back()) +
           ") path=" + single_quoted(path_of(command)) + " ;;\n";
  });
  out += "    esac\n  done\n  local words=''\n  case \"$path\" in\n";
  for_each_command(program, [&](const CommandInfo& command) {
    out += "    " + single_quoted(path_of(command)) + ")\n      if [[ $word == -* ]]; then words=" +
           single_quoted(text::join(flag_names(command), " ")) +
           "; else words=" + single_quoted(text::join(command_names(command), " ")) + "; fi ;;\n";
  });
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _firstlight firstlight\n";
  return out;
}

std::string zsh_completion(const CommandInfo& program) {
  std::string out =
      "#compdef firstlight\n"
      "# zsh completion for firstlight; load with: source <(firstlight completion zsh)\n";
  for_each_command(program, [&](const CommandInfo& command) {
    out += "_" + text::join(command.words, "_") + "() {\n  local state line\n  _arguments -C";
    for (const FlagInfo& flag : command.flags) {
      for (const std::string& name : flag.names) {
        std::string spec = name + "[" + zsh_text(flag.description) + "]";
        if (!flag.value.empty()) spec += ":" + zsh_text(flag.value) + ":_files";
        out += " \\\n    " + single_quoted(spec);
      }
    }
    if (command.commands.empty()) {
      out += " \\\n    '*:file:_files'\n}\n";
      return;
    }
    out += " \\\n    '1:command:->command' '*::argument:->argument'\n  case $state in\n";
    out += "    command)\n      local -a commands=(";
    for (const CommandInfo& child : command.commands) {
      out += "\n        " + single_quoted(child.words.back() + ":" + child.description);
    }
    out += ")\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
    for (const CommandInfo& child : command.commands) {
      out += "        " + child.words.back() + ") _" + text::join(child.words, "_") + " ;;\n";
    }
    out += "      esac ;;\n  esac\n}\n";
  });
  out += "compdef _firstlight firstlight\n";
  return out;
}

std::string fish_completion(const CommandInfo& program) {
  std::string out =
      "# fish completion for firstlight; load with: firstlight completion fish | source\n";
  for_each_command(program, [&](const CommandInfo& command) {
    std::string condition;
    for (std::size_t w = 1; w < command.words.size(); ++w) {
      condition +=
          (w > 1 ? "; and " : "") + std::string("__fish_seen_subcommand_from ") + command.words[w];
    }
    const std::vector<std::string> names = command_names(command);
    std::string unseen = condition;
    if (!names.empty()) {
      unseen += (unseen.empty() ? "" : "; and ") + std::string("not __fish_seen_subcommand_from ") +
                text::join(names, " ");
    }
    const auto line = [&](const std::string& when) {
      return "complete -c firstlight" + (when.empty() ? "" : " -n " + fish_quoted(when));
    };
    for (const CommandInfo& child : command.commands) {
      out += line(unseen) + " -f -a " + child.words.back() + " -d " +
             fish_quoted(child.description) + "\n";
    }
    for (const FlagInfo& flag : command.flags) {
      out += line(unseen);
      for (const std::string& name : flag.names) {
        out += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      out += (flag.value.empty() ? "" : " -r") + std::string(" -d ") +
             fish_quoted(flag.description) + "\n";
    }
  });
  return out;
}

}  // namespace firstlight::app
