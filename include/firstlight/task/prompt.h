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
  bool descriptions = true;            ///< false: pass `no_descriptions`
  std::vector<ClassId> order;          ///< order of the classes in the prompt; empty = the task's
};

/// Text of a measured column for the sample at hand. Must throw Error for a column that is absent
/// or holds truth.
using FieldText = std::function<std::string(const std::string& field)>;

RenderedPrompt render_prompt(const Task& task, const PromptVariant& variant,
                             const FieldText& field_text);

/// The answers of all classes, by ClassId (not by place in the prompt). `{index}` counts places in
/// `variant.order`.
std::vector<std::string> render_answers(const Task& task, const PromptVariant& variant);

}  // namespace firstlight
