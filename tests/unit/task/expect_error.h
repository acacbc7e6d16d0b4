#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight {

/// The message of the usage error that `action` throws; fails the test where it throws none.
inline std::string usage_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace firstlight
