#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/class_id.h"

namespace firstlight {

struct ClassDefinition {
  std::string key;          ///< machine name, unique: [a-z0-9_]+
  std::string name;         ///< as written in prompts and answers
  std::string description;  ///< what it looks like; may be empty
  std::vector<std::string> synonyms;
};

/// A part of a prompt or of a literal chat form.
struct Segment {
  enum class Kind {
    kText,     ///< `text` verbatim
    kImage,    ///< a view; `text` is its name, empty for the task's views in order
    kField,    ///< a measured metadata column; `text` is its name
    kClasses,  ///< the list of classes, each by the task's class line
    kIndex,    ///< the number that a class has in this prompt; `text` is its key
    kPrompt,   ///< literal chat forms only: where the user prompt goes
    kSystem,   ///< literal chat forms only: where the system message goes
  };
  Kind kind = Kind::kText;
  std::string text;
  int line = 0;  ///< of the task file, for messages; 0 = unknown
  friend bool operator==(const Segment& a, const Segment& b) {
    return a.kind == b.kind && a.text == b.text;
  }
};

/// How raw values become an 8-bit picture; fields are explained with the stretches
/// (image/stretch.h).
struct StretchSettings {
  std::string kind = "none";  ///< none | linear | asinh | log | percentile | zscale | lupton
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> softening;  ///< asinh, log: `a` (0.1, 1000); lupton: Q (8)
  double percentile = 99.5;         ///< percentile, asinh, log: kept interval in percent
  double stretch = 5.0;             ///< lupton: linear scale
  double contrast = 0.25;           ///< zscale
  double limits_from = 1.0;  ///< central fraction of the frame that the limits are taken from
  bool invert = false;
  friend bool operator==(const StretchSettings&, const StretchSettings&) = default;
};

struct ViewSettings {
  std::string name;  ///< as the data source names it; the first view's name may be "image"
  std::string description;
  /// Left out, with its place in the prompt, for samples that do not have it; one view must be
  /// there.
  bool optional = false;
  StretchSettings stretch;
  double crop = 1.0;          ///< central fraction of the shorter side that is kept, (0, 1]
  std::optional<int> resize;  ///< side in pixels before the model's own processor
  std::string resize_filter = "bicubic";  ///< bicubic | bilinear | lanczos | area | max | sum
  /// area | max: a picture larger than the model takes is first brought to the model's side by this
  /// filter (on charge where `invert` made it dark on white); empty = the model's processor
  /// interpolates.
  std::string shrink;
  friend bool operator==(const ViewSettings&, const ViewSettings&) = default;
};

/// How the views of a sample become the pictures of a prompt (image/layout.h).
enum class ViewLayout { kSeparate, kSideBySide, kStacked, kChannels };

/// Classes counted as one in a second evaluation, as paper 1 does with cigar and edge-on.
struct ClassMerge {
  std::string name;
  std::vector<ClassId> classes;
};

/// A classification task: one YAML file. Immutable after loading; safe from any thread.
struct Task {
  std::string name;
  std::string version;
  std::string description;
  std::string source;  ///< what to cite
  std::vector<ClassDefinition> classes;
  std::vector<Segment> system;  ///< may be empty; without images
  std::vector<Segment> prompt;
  /// The prompt of the pass `no_descriptions`; empty where it follows from `prompt` by leaving the
  /// descriptions out.
  std::vector<Segment> prompt_without_descriptions;
  std::string class_line = "{index}. {name}: {description}";
  /// The line of a class without description, and of all in the pass `no_descriptions`; empty =
  /// derived from `class_line` (prompt.h).
  std::string class_line_without_descriptions;
  std::string class_separator = "\n";
  int first_index = 0;  ///< the number of the first class in `{index}`
  std::string answer = "{name}";
  std::vector<Segment> chat;  ///< literal chat form; empty = the model's own
  std::vector<ViewSettings> views;
  ViewLayout layout = ViewLayout::kSeparate;
  std::vector<ClassMerge> merges;
  /// What the data hold beside the classes: such samples are scored and tabulated apart, and count
  /// for no accuracy. No answer and no prompt names them.
  std::vector<ClassDefinition> backgrounds;
  std::optional<ClassId> positive;  ///< binary tasks
  std::string origin;               ///< where it was loaded from, for messages
  std::string yaml;  ///< the text it was loaded from (or an equivalent), stored with every run

  std::size_t size() const { return classes.size(); }
  /// The class that truth text means, matched without regard to case against key, name, synonym
  /// and then index (`{index}` numbering); nullopt otherwise.
  std::optional<ClassId> match(std::string_view truth) const;
  /// The place among `backgrounds` that truth text means, by key, name and synonym.
  std::optional<std::size_t> match_background(std::string_view truth) const;
  /// Names of the pictures that a prompt can place: those of the views, or, where a layout joins
  /// them, "views".
  std::vector<std::string> pictures() const;
};

/// `name_or_file` is a built-in task's name or a path to a YAML file (docs/task-files.md); a
/// built-in name wins over a file of that name without folder or ending. Throws Error::usage with
/// file and line.
Task load_task(const std::string& name_or_file);
/// `origin` names the text in messages.
Task parse_task(std::string_view yaml, const std::string& origin);
/// The task of `classify --classes`: keys made from the names, a general prompt, no descriptions.
/// Throws Error::usage for fewer than two names, or two alike.
Task task_from_class_names(const std::vector<std::string>& names);
/// Names of the tasks in share/tasks, sorted.
std::vector<std::string> builtin_tasks();
/// A commented task file to start from (`firstlight task new`), valid as it stands. Throws
/// Error::usage for a name that a task cannot have.
std::string new_task_yaml(const std::string& name);

}  // namespace firstlight
