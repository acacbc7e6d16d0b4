#include "firstlight/base/metadata.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace firstlight {
namespace {

TEST(MetadataText, IsTheShortestFormThatReadsBack) {
  EXPECT_EQ(to_text(MetadataValue{}), "");
  EXPECT_EQ(to_text(MetadataValue{std::int64_t{587722982271615079}}), "587722982271615079");
  EXPECT_EQ(to_text(MetadataValue{0.1}), "0.1");
  EXPECT_EQ(to_text(MetadataValue{1e300}), "1e+300");
  EXPECT_EQ(to_text(MetadataValue{true}), "true");
  EXPECT_EQ(to_text(MetadataValue{std::string("a, b")}), "a, b");
}

TEST(Metadata, IntegersUpToTwoToThe53AreExactAsReals) {
  EXPECT_TRUE(is_exact_in_double(std::int64_t{1} << 53));
  EXPECT_TRUE(is_exact_in_double(-(std::int64_t{1} << 53)));
  EXPECT_FALSE(is_exact_in_double((std::int64_t{1} << 53) + 1));
  EXPECT_FALSE(is_exact_in_double(INT64_MIN));
}

}  // namespace
}  // namespace firstlight
