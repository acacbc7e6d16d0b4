#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "firstlight/base/error.h"

/// Called with every input by mutations_main.cpp, and by libFuzzer where one links it instead.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace firstlight::fuzz {

/// Ends the process, so that the input counts as a finding.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Runs `body`; an input may be refused by an Error of one line, and by nothing else.
template <typename Body>
int refused_or_used(Body&& body) {
  try {
    body();
  } catch (const Error& e) {
    require(std::string_view(e.what()).find('\n') == std::string_view::npos);
  }
  return 0;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace firstlight::fuzz
