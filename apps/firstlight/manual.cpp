#include "command_tree.h"
#include "firstlight/base/text.h"

namespace firstlight::app {
namespace {

/// Text for roff: backslashes and hyphens escaped, a leading dot or quote made harmless.
std::string roff(const std::string& s) {
  std::string out = text::replace_all(text::replace_all(s, "\\", "\\e"), "-", "\\-");
  std::string lines;
  for (const std::string& line : text::split(out, '\n')) {
    if (!lines.empty()) lines += "\n";
    if (!line.empty() && (line.front() == '.' || line.front() == '\'')) lines += "\\&";
    lines += line;
  }
  return lines;
}

std::string flag_entry(const FlagInfo& flag) {
  std::string out = ".TP\n";
  for (std::size_t i = 0; i < flag.names.size(); ++i) {
    out += (i > 0 ? ", " : "") + ("\\fB" + roff(flag.names[i]) + "\\fR");
  }
  if (!flag.value.empty()) out += " \\fI" + roff(flag.value) + "\\fR";
  return out + "\n" + roff(flag.description) + "\n";
}

std::string command_section(const CommandInfo& command) {
  if (!command.commands.empty()) {
    std::string out;
    for (const CommandInfo& child : command.commands) out += command_section(child);
    return out;
  }
  std::string out = ".SS \"" + roff(text::join(command.words, " "));
  for (const FlagInfo& place : command.positionals) out += " " + roff(place.names.front());
  out += "\"\n" + roff(command.description) + ".\n";
  for (const FlagInfo& place : command.positionals) {
    out += ".TP\n\\fI" + roff(place.names.front()) + "\\fR\n" + roff(place.description) + "\n";
  }
  for (const FlagInfo& flag : command.flags) {
    if (flag.names.back() != "--help") out += flag_entry(flag);
  }
  if (!command.footer.empty()) out += ".PP\n" + roff(command.footer) + "\n";
  return out;
}

}  // namespace

std::string manual_page(const CommandInfo& program, const std::string& version) {
  std::string out = ".TH FIRSTLIGHT 1 \"\" \"firstlight " + version + "\" \"User Commands\"\n";
  out += ".SH NAME\nfirstlight \\- " +
         roff(text::lower(program.description.substr(0, 1)) + program.description.substr(1)) + "\n";
  out += ".SH SYNOPSIS\n.B firstlight\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n";
  out += ".SH OPTIONS\n";
  for (const FlagInfo& flag : program.flags) out += flag_entry(flag);
  out += ".SH COMMANDS\n";
  for (const CommandInfo& command : program.commands) out += command_section(command);
  if (!program.footer.empty()) {
    out += ".SH NOTES\n.nf\n" + roff(program.footer) + "\n.fi\n";
  }
  out +=
      ".SH ENVIRONMENT\n.TP\n.B FIRSTLIGHT_SHARE\n"
      "The folder with the built\\-in tasks and models, where it is not beside the program.\n";
  return out;
}

}  // namespace firstlight::app
