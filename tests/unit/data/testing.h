#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/data/source.h"
#include "temporary_folder.h"

namespace firstlight::testing {

inline std::string fixture(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/unit/data/fixtures/" + name;
}

/// Real images, absent from a fresh checkout.
inline std::string shared_data(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/../../shared/data/" + name;
}

/// The message of the Error that `work` throws; "no error" where it throws none.
template <typename Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline std::string error_of_opening(const std::string& spec) {
  return error_of([&] { open_data_source(spec); });
}

inline std::vector<std::string> ids(const SampleSource& source) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < source.size(); ++i) out.push_back(source.id(i));
  return out;
}
using Ids = std::vector<std::string>;

inline const Image& picture(const Sample& sample) {
  return std::get<Image>(sample.views.at(0).pixels);
}
inline const Raster& raster(const Sample& sample) {
  return std::get<Raster>(sample.views.at(0).pixels);
}

}  // namespace firstlight::testing

/// `text` contains `part`; the failure shows both.
#define EXPECT_HAS(text, part) EXPECT_PRED_FORMAT2(::testing::IsSubstring, part, text)
