#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace firstlight {

/// Expands a gzip or zlib stream of at most `limit` bytes into `content`, which may be null to only
/// check it. Returns what is wrong with it, empty where nothing is. Bytes after the stream are
/// ignored.
std::string inflate_stream(std::string_view packed, std::uint64_t limit, std::string* content);

}  // namespace firstlight
