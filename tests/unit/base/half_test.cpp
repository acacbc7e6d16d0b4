#include "firstlight/base/half.h"

#include <gtest/gtest.h>

namespace firstlight {
namespace {

TEST(Half, ValuesOfBinary16) {
  EXPECT_EQ(half_to_float(0x3c00), 1.0f);
  EXPECT_EQ(half_to_float(0xc000), -2.0f);
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_EQ(half_to_float(0x3555), 0.333251953125f);
  EXPECT_EQ(half_to_float(0x0400), std::ldexp(1.0f, -14)) << "the smallest normal number";
  EXPECT_EQ(half_to_float(0x0001), std::ldexp(1.0f, -24)) << "the smallest of all";
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
  EXPECT_EQ(half_to_float(0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
}

}  // namespace
}  // namespace firstlight
