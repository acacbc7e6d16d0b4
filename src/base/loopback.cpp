#include "firstlight/base/loopback.h"

#include "firstlight/base/text.h"

namespace firstlight {

bool is_loopback_host(std::string_view host) {
  if (host == "[::1]" || host == "::1" || text::lower(host) == "localhost") return true;
  const auto parts = text::split(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const std::string& part : parts) {
    const auto number = text::parse_int(part);
    if (!number || *number < 0 || *number > 255) return false;
  }
  return true;
}

}  // namespace firstlight
