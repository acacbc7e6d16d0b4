#include "firstlight/base/text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace firstlight::text {
namespace {

TEST(Text, NaturalOrderCountsDigits) {
  EXPECT_TRUE(natural_less("a2", "a10"));
  EXPECT_FALSE(natural_less("a10", "a2"));
  EXPECT_TRUE(natural_less("a02", "a2"));
  EXPECT_FALSE(natural_less("a2", "a2"));
}

TEST(Text, NearestNamesATypoOnly) {
  EXPECT_EQ(nearest("clases", {"classes", "prompt"}), "classes");
  EXPECT_EQ(nearest("zebra", {"classes", "prompt"}), std::nullopt);
}

TEST(Text, PercentCodesRoundTrip) {
  const std::string all = "a b%&?=\xc3\xa9/x";
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
}

TEST(Text, NumbersMustBeWhole) {
  EXPECT_EQ(parse_int("12"), 12);
  EXPECT_EQ(parse_int("12a"), std::nullopt);
  EXPECT_EQ(parse_double("1e3"), 1000.0);
  EXPECT_EQ(parse_double(""), std::nullopt);
}

TEST(Text, AtomicWriteReplaces) {
  const std::string path = ::testing::TempDir() + "atomic.txt";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two");
  EXPECT_EQ(read_file(path), "two");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace firstlight::text
