#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight {

/// A spec string `scheme:body?key=value&key=value`, for instance `csv:list.csv?path=file`.
/// Values and the body are percent-decoded. A string without a known scheme has an empty `scheme`
/// and the whole text before `?` as its body (a bare path).
struct Spec {
  std::string text;  ///< as given
  std::string scheme;
  std::string body;
  std::map<std::string, std::string> options;

  std::optional<std::string> option(const std::string& key) const;
  /// Throws Error::unknown_key for an option that is not in `known`.
  void require_known(const std::vector<std::string>& known) const;
};

/// Splits `text`; `schemes` are the words that count as a scheme. Throws Error::usage for a
/// malformed option. A bare path that exists as a file keeps a '?' in its name.
Spec parse_spec(std::string_view text, const std::vector<std::string>& schemes);

}  // namespace firstlight
