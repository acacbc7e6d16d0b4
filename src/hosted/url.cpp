#include "url.h"

#include <algorithm>
#include <cctype>

#include "firstlight/base/error.h"
#include "firstlight/base/loopback.h"
#include "firstlight/base/text.h"

namespace firstlight::hosted {
namespace {

int standard_port(const std::string& scheme) { return scheme == "https" ? 443 : 80; }

bool is_host(std::string_view host) {
  if (host.empty()) return false;
  const bool brackets = host.front() == '[' && host.back() == ']';
  return std::all_of(host.begin(), host.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_' ||
           (brackets && (c == ':' || c == '[' || c == ']'));
  });
}

}  // namespace

std::string Url::text() const {
  std::string out = scheme + "://" + host;
  if (port != standard_port(scheme)) out += ":" + std::to_string(port);
  return out + path;
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

bool Url::is_loopback() const { return is_loopback_host(host); }

Url parse_url(std::string_view text, std::string_view where) {
  const auto refuse = [&](const std::string& why) {
    return Error::usage(where, why, "write it as http://HOST:PORT/v1 or https://HOST/v1");
  };
  const std::size_t scheme_end = text.find("://");
  Url url;
  url.scheme = text::lower(text.substr(0, std::min(scheme_end, text.size())));
  if (scheme_end == std::string_view::npos || (url.scheme != "http" && url.scheme != "https")) {
    throw refuse("no http or https address");
  }
  std::string_view rest = text.substr(scheme_end + 3);
  // Also keeps white space and line breaks, which would end up in a header, out of an address.
  if (std::any_of(rest.begin(), rest.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; })) {
    throw refuse("the address holds white space or control characters");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    throw refuse("the address has a query or a fragment");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  // The message must not repeat what may be a password.
  if (authority.find('@') != std::string_view::npos) {
    throw Error::usage(where.substr(0, 0), "a model's address holds a user name or password",
                       "keys come from the environment or a file (--key-file)");
  }
  url.path = std::string(rest.substr(slash));
  while (!url.path.empty() && url.path.back() == '/') url.path.pop_back();
  const std::size_t colon = authority.rfind(':');
  url.port = standard_port(url.scheme);
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    const auto port = text::parse_int(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) throw refuse("the port is no number up to 65535");
    url.port = static_cast<int>(*port);
    authority = authority.substr(0, colon);
  }
  url.host = text::lower(authority);
  if (!is_host(url.host)) throw refuse("the address has no host");
  return url;
}

}  // namespace firstlight::hosted
