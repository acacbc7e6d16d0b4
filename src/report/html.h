#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Text into HTML, safely. Everything that comes from a run passes through here.
namespace firstlight::html {

/// For element content and double- or single-quoted attribute values: & < > " ' as references;
/// control characters and bytes that are not UTF-8 become U+FFFD.
std::string escape(std::string_view text);

/// JSON that may stand inside a script element: no '<', '>' or '&', nor the line separators
/// U+2028 and U+2029, occurs literally.
std::string script_json(const nlohmann::json& value);

std::string data_uri(std::string_view media_type, std::string_view bytes);

/// Source expression of a content security policy that allows exactly this inline script or style.
std::string csp_hash(std::string_view inline_content);

/// Replaces each {{name}} of `page` by its value in one pass: values are not looked at again, so
/// text from a run cannot name another place. Throws Error::internal for a place without a value.
std::string fill(std::string_view page,
                 const std::vector<std::pair<std::string_view, std::string_view>>& values);

}  // namespace firstlight::html
