#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight {

/// A piece of a text with markers: literal text, or the inside of `{...}`. `<image>` is the marker
/// "image"; `{{` and `}}` are braces.
struct TemplatePiece {
  bool is_marker = false;
  std::string text;
  std::string source;  ///< a marker as written, for messages
};

/// What is wrong with a template and the place that it is about, as written.
struct TemplateError {
  std::string what;
  std::string source;
};

/// Splits `text`. Throws TemplateError for a brace without its partner.
std::vector<TemplatePiece> split_template(std::string_view text);

/// Replaces every marker by `value(marker)`; `text` has been checked when the task was loaded.
std::string expand_template(std::string_view text,
                            const std::function<std::string(const std::string&)>& value);

/// `class_line` for a class without description: `{description}` goes, with the blanks and marks
/// that set it off (blanks, `: ; , -`, dashes and brackets); where neither name nor key is left,
/// the name takes the place of the description.
std::string line_without_description(std::string_view class_line);
/// `class_line` without name, key and description and what sets them off.
std::string line_without_words(std::string_view class_line);

/// The marker of an image place in the text form of a prompt.
inline constexpr std::string_view kImageMarker = "<image>";

/// Classes that `{letter}` can number.
inline constexpr std::size_t kMaxLetters = 26;

}  // namespace firstlight
