#include "firstlight/base/spec.h"

#include <algorithm>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {

std::optional<std::string> Spec::option(const std::string& key) const {
  const auto found = options.find(key);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

void Spec::require_known(const std::vector<std::string>& known) const {
  for (const auto& [key, value] : options) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Error::unknown_key(text, key, known);
    }
  }
}

Spec parse_spec(std::string_view text, const std::vector<std::string>& schemes) {
  Spec spec;
  spec.text = std::string(text);
  std::string_view rest = text;
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos &&
      std::find(schemes.begin(), schemes.end(), rest.substr(0, colon)) != schemes.end()) {
    spec.scheme = std::string(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
  } else if (std::error_code status; std::filesystem::exists(std::string(rest), status)) {
    spec.body = std::string(rest);
    return spec;
  }
  const std::size_t question = rest.find('?');
  const auto decode = [&](std::string_view part) {
    auto decoded = text::percent_decode(part);
    if (!decoded) {
      throw Error::usage(spec.text, "malformed percent escape in '" + std::string(part) + "'",
                         "write a literal '%' as %25");
    }
    return *std::move(decoded);
  };
  spec.body = decode(rest.substr(0, question));
  if (question == std::string_view::npos) return spec;
  for (const std::string& pair : text::split(rest.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error::usage(spec.text, "option '" + pair + "' is not of the form key=value");
    }
    const std::string key = decode(std::string_view(pair).substr(0, equals));
    const std::string value = decode(std::string_view(pair).substr(equals + 1));
    if (!spec.options.emplace(key, value).second) {
      throw Error::usage(spec.text, "option '" + key + "' is given twice");
    }
  }
  return spec;
}

}  // namespace firstlight
