#pragma once

#include <string_view>

namespace firstlight {

/// Whether a host name or address can only mean this machine: localhost, 127.0.0.0/8, ::1 (with or
/// without brackets). A name like 127.example.org is another machine's.
bool is_loopback_host(std::string_view host);

}  // namespace firstlight
