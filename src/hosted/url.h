#pragma once

#include <string>
#include <string_view>

namespace firstlight::hosted {

/// An http or https address in parts.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; IPv6 with its brackets
  int port = 0;        ///< 80 or 443 where the address names none
  std::string path;    ///< without a slash at its end

  std::string text() const;
  bool same_origin(const Url& other) const;
  /// Whether the host is this machine: localhost, 127.0.0.0/8 or [::1].
  bool is_loopback() const;
};

/// Throws Error::usage naming `where` for anything else than an absolute http or https address, and
/// for one with a user name, a password, a query or a fragment.
Url parse_url(std::string_view text, std::string_view where);

}  // namespace firstlight::hosted
