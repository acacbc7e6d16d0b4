#pragma once

#include <functional>
#include <string>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// A prompt ready for a model: only text and image parts are left.
struct PromptPart {
  enum class Kind { kText, kImage };
  Kind kind = Kind::kText;
  std::string text;  ///< the text, or the view's name
  friend bool operator==(const PromptPart&, const PromptPart&) = default;
};

/// Either a conversation for the model's own chat template (`system` and `user`), or, where
/// `literal` is not empty, the whole text as the task writes it (BOS is still the tokeniser's).
struct RenderedPrompt {
  std::string system;
  std::vector<PromptPart> user;
  std::vector<PromptPart> literal;

  /// Names of the image parts in order of appearance.
  std::vector<std::string> image_views() const;
  friend bool operator==(const RenderedPrompt&, const RenderedPrompt&) = default;
};

/// Which prompt of a task.
struct PromptVariant {
  bool descriptions = true;         ///< false: pass `no_descriptions`
  std::vector<ClassId> order = {};  ///< order of the classes in the prompt; empty = the task's
  bool reason = false;              ///< ends with the request for the label's reason
};

/// Text of a measured column for the sample at hand. Must throw Error for a column that is absent
/// or holds truth.
using FieldText = std::function<std::string(const std::string& field)>;

/// The prompt with classes, fields and views put in; neighbouring texts are joined. A class without
/// description, and every class without `variant.descriptions`, takes the line
/// `class_line_without_descriptions`; where the task has none, it is `class_line` without
/// `{description}` and the separator before it, or with the name in its place where the line would
/// name no class otherwise. Throws Error::usage where `variant.order` is no order of all classes or
/// the task cannot be reordered, and where the task has no prompt without descriptions; what
/// `field_text` throws; Error::input for a field that holds an image marker.
RenderedPrompt render_prompt(const Task& task, const PromptVariant& variant,
                             const FieldText& field_text);

/// Whether the prompt or the system message lists the classes, each by its class line.
bool lists_classes(const Task& task);

/// How an answer with a reason begins: the class's answer, then a line of its own for the reason.
std::string answer_before_reason(const std::string& answer);

/// The answers of all classes, by ClassId (not by place in the prompt). `{index}` and `{letter}`
/// count places in `variant.order`.
std::vector<std::string> render_answers(const Task& task, const PromptVariant& variant);

/// The task with another answer template, which may give two classes the same answer. Throws
/// Error::usage for a malformed template or a marker that an answer cannot have.
Task with_answer(const Task& task, const std::string& answer);

/// Whether an order of the classes changes the prompt as a whole: it lists them by `{classes}`, or
/// gives the number of each by `{index:KEY}`.
bool can_reorder(const Task& task);

/// Metadata columns that the prompts name, each once, in order of appearance.
std::vector<std::string> prompt_fields(const Task& task);
/// For the moment when task and data meet: throws Error::usage with the task's file and line for a
/// field that is not among `measured`, and says so where it is among `truth`.
void check_fields(const Task& task, const std::vector<std::string>& measured,
                  const std::vector<std::string>& truth);

}  // namespace firstlight
