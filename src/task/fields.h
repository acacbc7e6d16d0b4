#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstlight/task/yaml.h"

namespace firstlight {

/// A block text ends with a line break that its writer did not mean.
std::string without_final_break(std::string text);

/// The text of `key`, or `absent` where the key is not given.
std::string text_at(const yaml::Node& map, std::string_view key, const std::string& absent);

/// The node's text; throws Error::usage where it is blank.
std::string nonempty(const yaml::Node& node);

/// Whether `text` is made of a-z, 0-9 and the characters of `extra`, and not empty.
bool is_word(std::string_view text, std::string_view extra);

/// Throws Error::usage where the node's text is none of `known`.
void require_one_of(const yaml::Node& node, const std::vector<std::string>& known);

}  // namespace firstlight
