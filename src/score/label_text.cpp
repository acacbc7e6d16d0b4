#include "firstlight/score/label_text.h"

#include <algorithm>

#include "firstlight/base/text.h"

namespace firstlight {
namespace {

constexpr std::string_view kQuotes = "\"'`";

/// Whether a statement ends at the beginning of `rest`: a line break, or marks and then a blank or
/// nothing. "1. It" ends behind the 1, "1.5" does not.
bool ends_here(std::string_view rest) {
  if (!rest.empty() && (rest.front() == '\n' || rest.front() == '\r')) return true;
  const std::size_t marks = std::min(rest.find_first_not_of(".:;)\"'`"), rest.size());
  return marks > 0 && (marks == rest.size() ||
                       std::string_view(" \t\n\r").find(rest[marks]) != std::string_view::npos);
}

ClassId class_of(std::size_t label) { return ClassId{static_cast<std::int32_t>(label)}; }

}  // namespace

LabelTexts::LabelTexts(std::vector<std::string> labels) : texts_(std::move(labels)) {
  std::vector<std::string> lowered;
  for (const std::string& label : texts_) lowered.push_back(text::lower(label));
  std::sort(lowered.begin(), lowered.end());
  fold_ = std::adjacent_find(lowered.begin(), lowered.end()) == lowered.end();
  for (std::string& label : texts_) label = folded(label);
}

std::string LabelTexts::folded(std::string_view s) const {
  return fold_ ? text::lower(s) : std::string(s);
}

std::optional<std::size_t> LabelTexts::exact(std::string_view answer) const {
  const std::string whole = folded(text::trim(answer));
  const auto found = std::find(texts_.begin(), texts_.end(), whole);
  if (found == texts_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - texts_.begin());
}

std::optional<ClassId> match_label(std::string_view answer,
                                   const std::vector<std::string>& label_texts) {
  const LabelTexts labels(label_texts);
  std::string bare = text::trim(answer);
  const auto found = [&]() -> std::optional<ClassId> {
    const auto label = labels.exact(bare);
    if (!label) return std::nullopt;
    return class_of(*label);
  };
  // As it stands first: a label may itself end with a full stop or be a quotation.
  if (const auto label = found()) return label;
  if (!bare.empty() && bare.back() == '.') bare.pop_back();
  if (const auto label = found()) return label;
  if (bare.size() >= 2 && bare.front() == bare.back() &&
      kQuotes.find(bare.front()) != std::string_view::npos) {
    bare = bare.substr(1, bare.size() - 2);
    if (!bare.empty() && bare.back() == '.') bare.pop_back();
  }
  return found();
}

std::optional<ClassId> match_free_text(std::string_view written,
                                       const std::vector<std::string>& label_texts) {
  if (const auto whole = match_label(written, label_texts)) return whole;
  const LabelTexts labels(label_texts);
  std::string begin = labels.folded(text::trim(written));
  if (!begin.empty() && kQuotes.find(begin.front()) != std::string_view::npos) begin.erase(0, 1);
  std::optional<std::size_t> longest;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels.text(i);
    const bool stands = !label.empty() && begin.compare(0, label.size(), label) == 0 &&
                        ends_here(std::string_view(begin).substr(label.size()));
    if (stands && (!longest || label.size() > labels.text(*longest).size())) longest = i;
  }
  if (!longest) return std::nullopt;
  return class_of(*longest);
}

}  // namespace firstlight
