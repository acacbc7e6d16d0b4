#include "segments.h"

#include <algorithm>
#include <map>

#include "fields.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

using Kind = Segment::Kind;

struct MarkerForm {
  Kind kind;
  const char* name;
  const char* shown;
  bool takes_argument;
  bool needs_argument;
};

constexpr MarkerForm kForms[] = {
    {Kind::kImage, "image", "{image}", true, false},
    {Kind::kClasses, "classes", "{classes}", false, false},
    {Kind::kIndex, "index", "{index:KEY}", true, true},
    {Kind::kField, "field", "{field:NAME}", true, true},
    {Kind::kPrompt, "prompt", "{prompt}", false, false},
    {Kind::kSystem, "system", "{system}", false, false},
};

}  // namespace

std::vector<TemplatePiece> split_or_throw(const yaml::Node& node, const std::string& text) {
  try {
    return split_template(text);
  } catch (const TemplateError& e) {
    throw node.error_at(node.line_of(e.source), "'" + node.path() + "' has a " + e.what,
                        "write a brace that is meant as such twice");
  }
}

Error unknown_marker(const yaml::Node& node, const TemplatePiece& piece,
                     const std::vector<std::string>& known) {
  return node.error_at(
      node.line_of(piece.source), "'" + node.path() + "' has an unknown marker " + piece.source,
      "it can hold " + text::join(known, ", ") + "; write a brace that is meant as such twice");
}

std::vector<Segment> parse_segments(const yaml::Node& node, const std::string& text,
                                    const std::vector<Kind>& allowed, const Task& task) {
  std::vector<std::string> known;
  for (const MarkerForm& form : kForms) {
    if (std::find(allowed.begin(), allowed.end(), form.kind) != allowed.end()) {
      known.emplace_back(form.shown);
    }
  }
  std::map<std::string, std::size_t> occurrences;
  std::vector<Segment> segments;
  for (TemplatePiece& piece : split_or_throw(node, text)) {
    if (!piece.is_marker) {
      segments.push_back({Kind::kText, std::move(piece.text), node.line()});
      continue;
    }
    const std::size_t colon = piece.text.find(':');
    const std::string word = piece.text.substr(0, colon);
    const bool has_argument = colon != std::string::npos;
    const std::string argument = has_argument ? text::trim(piece.text.substr(colon + 1)) : "";
    const int line = node.line_of(piece.source, occurrences[piece.source]++);
    const auto fail = [&](const std::string& what, const std::string& advice) {
      return node.error_at(line, what, advice);
    };

    const auto form = std::find_if(std::begin(kForms), std::end(kForms),
                                   [&](const MarkerForm& f) { return word == f.name; });
    if (form == std::end(kForms) ||
        std::find(allowed.begin(), allowed.end(), form->kind) == allowed.end()) {
      throw unknown_marker(node, piece, known);
    }
    if ((form->needs_argument && argument.empty()) || (has_argument && argument.empty()) ||
        (has_argument && !form->takes_argument)) {
      throw fail("'" + node.path() + "' has a malformed marker " + piece.source,
                 std::string("write ") + form->shown);
    }
    if (form->kind == Kind::kImage && has_argument) {
      const std::vector<std::string> names = task.pictures();
      if (std::find(names.begin(), names.end(), argument) == names.end()) {
        throw fail(piece.source + " names a view that 'views' does not have",
                   (task.layout == ViewLayout::kSeparate ? "the views are: "
                                                         : "the layout joins them as: ") +
                       text::join(names, ", "));
      }
    }
    if (form->kind == Kind::kIndex &&
        std::none_of(task.classes.begin(), task.classes.end(),
                     [&](const ClassDefinition& c) { return c.key == argument; })) {
      throw fail(piece.source + " names a class that 'classes' does not have", "name its key");
    }
    segments.push_back({form->kind, argument, line});
  }
  return segments;
}

std::string parse_line(const yaml::Node& node, std::size_t classes) {
  std::string line = without_final_break(node.text());
  if (line.empty()) throw node.error("'" + node.path() + "' is empty");
  for (const TemplatePiece& piece : split_or_throw(node, line)) {
    if (!piece.is_marker) continue;
    if (std::find(kLineMarkers.begin(), kLineMarkers.end(), piece.text) == kLineMarkers.end()) {
      throw unknown_marker(node, piece,
                           {"{index}", "{letter}", "{key}", "{name}", "{description}"});
    }
    if (piece.text == "letter" && classes > kMaxLetters) {
      throw node.error("{letter} numbers at most 26 classes", "use {index}");
    }
  }
  return line;
}

bool holds(const std::vector<Segment>& segments, Segment::Kind kind) {
  return std::any_of(segments.begin(), segments.end(),
                     [&](const Segment& segment) { return segment.kind == kind; });
}

}  // namespace firstlight
