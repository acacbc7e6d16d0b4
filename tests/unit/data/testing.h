#pragma once

#include <gtest/gtest.h>

#include <string>

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

}  // namespace firstlight::testing

/// `text` contains `part`; the failure shows both.
#define EXPECT_HAS(text, part) EXPECT_PRED_FORMAT2(::testing::IsSubstring, part, text)
