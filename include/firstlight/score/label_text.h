#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/class_id.h"

namespace firstlight {

/// Labels as written text is compared with them: upper and lower case count only where two labels
/// differ in nothing else.
class LabelTexts {
 public:
  explicit LabelTexts(std::vector<std::string> labels);

  std::size_t size() const { return texts_.size(); }
  const std::string& text(std::size_t i) const { return texts_[i]; }
  /// `s` in the form of text().
  std::string folded(std::string_view s) const;
  /// The label that `answer` is, white space around it apart.
  std::optional<std::size_t> exact(std::string_view answer) const;

 private:
  std::vector<std::string> texts_;
  bool fold_ = false;
};

/// The label that an answer is, white space, quotation marks around it and a full stop at its end
/// apart; nullopt where it is none.
std::optional<ClassId> match_label(std::string_view answer, const std::vector<std::string>& labels);

/// The label that free text gives: the one that the text is (match_label), or the longest that it
/// begins with, behind white space and a quotation mark, where a line break follows the label, or
/// marks (. : ; ) and quotation marks) and then white space or the end. So "2. It has a disk" gives
/// the label 2; "2 galaxies are seen", "2.5" and "2, or 3" give none.
std::optional<ClassId> match_free_text(std::string_view written,
                                       const std::vector<std::string>& labels);

}  // namespace firstlight
