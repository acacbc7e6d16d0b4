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

}  // namespace
}  // namespace firstlight
