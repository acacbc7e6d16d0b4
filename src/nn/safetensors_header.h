#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight::nn {

/// What the header of a safetensors file says of one tensor.
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Reads a header as it comes: anything that does not belong into one, and a name that is there
/// twice, ends the reading, so that memory is taken for what the header holds and for nothing else.
/// Throws Error::input with `origin`.
std::vector<HeaderEntry> parse_safetensors_header(std::string_view text, const std::string& origin);

}  // namespace firstlight::nn
