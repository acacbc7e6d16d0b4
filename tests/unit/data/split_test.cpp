#include "firstlight/data/split.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

// First 8 bytes of SHA-256, big-endian, mod 10, worked out with Python's hashlib.
TEST(Split, FollowsTheHashOfTheObject) {
  EXPECT_EQ(split_of_object("587722982271615079"), Split::kValidation);
  EXPECT_EQ(split_of_object("587722982836666767"), Split::kTest);
  EXPECT_EQ(split_of_object("106096"), Split::kTrain);
}

TEST(Split, PartsAreTwentyTenSeventyPercent) {
  std::array<int, 3> count{};
  for (int i = 0; i < 10000; ++i) {
    ++count[static_cast<std::size_t>(split_of_object(std::to_string(i)))];
  }
  EXPECT_NEAR(count[static_cast<std::size_t>(Split::kTest)], 2000, 200);
  EXPECT_NEAR(count[static_cast<std::size_t>(Split::kValidation)], 1000, 150);
  EXPECT_NEAR(count[static_cast<std::size_t>(Split::kTrain)], 7000, 250);
}

TEST(Split, NamesReadBack) {
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    EXPECT_EQ(parse_split(to_text(split)), split);
  }
  EXPECT_THROW(parse_split("Test"), Error);
}

}  // namespace
}  // namespace firstlight
