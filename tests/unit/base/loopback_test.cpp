#include "firstlight/base/loopback.h"

#include <gtest/gtest.h>

namespace firstlight {
namespace {

TEST(Loopback, OnlyWhatCanBeNothingElse) {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "127.evil.org", "127.0.0.1.evil.org", "127.0.0", "127.0.0.256",
                           "128.0.0.1", "localhost.evil.org", "0.0.0.0", "[::2]", "127.0.0.-1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace firstlight
