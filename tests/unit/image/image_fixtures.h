#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "firstlight/base/hash.h"
#include "firstlight/base/text.h"
#include "firstlight/image/image.h"

namespace firstlight {

inline std::string fixture(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR "/unit/image/fixtures/") + name;
}

inline nlohmann::json read_json(const std::string& name) {
  return nlohmann::json::parse(text::read_file(fixture(name)));
}

/// The picture that make_fixtures.py calls `pattern`.
inline Image pattern(int width, int height, int channels) {
  Image image{width, height, channels, {}};
  std::uint32_t state = 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        state = state * 1664525u + 1013904223u;
        const int noise = static_cast<int>(state >> 24) & 63;
        const int edge = (x / 7 + y / 5 + c) % 2 ? 120 : 0;
        image.pixels.push_back(
            static_cast<std::uint8_t>(std::min(255, noise + edge + (x * 3 + y * (c + 1)) % 90)));
      }
    }
  }
  return image;
}

inline std::string pixel_hash(const Image& image) {
  return sha256_hex({reinterpret_cast<const char*>(image.pixels.data()), image.size()});
}

}  // namespace firstlight
