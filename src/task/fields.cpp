#include "fields.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {

using yaml::Node;

std::string without_final_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string text_at(const Node& map, std::string_view key, const std::string& absent) {
  const Node* node = map.find(key);
  return node == nullptr ? absent : without_final_break(node->text());
}

std::string nonempty(const Node& node) {
  if (text::trim(node.text()).empty()) throw node.error("'" + node.path() + "' is empty");
  return node.text();
}

bool is_word(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != extra.npos;
  });
}

void require_one_of(const Node& node, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), node.text()) == known.end()) {
    throw node.error("'" + node.path() + "' is '" + node.text() + "'",
                     "it must be one of " + text::join(known, ", "));
  }
}

}  // namespace firstlight
