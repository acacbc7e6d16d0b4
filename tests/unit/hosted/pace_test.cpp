#include "pace.h"

#include <gtest/gtest.h>

namespace firstlight::hosted {
namespace {

using std::chrono::seconds;

TEST(Bucket, KeepsToTheAverage) {
  Bucket bucket(120);  // two a second
  Clock::time_point now{seconds(1000)};
  int taken = 0;
  for (int ms = 0; ms < 60'000; ms += 10) {
    const auto t = now + std::chrono::milliseconds(ms);
    if (bucket.wait_seconds(t) > 0) continue;
    bucket.take(1, t);
    ++taken;
  }
  EXPECT_GE(taken, 119);
  EXPECT_LE(taken, 123);
}

TEST(Bucket, ALargeAmountIsPaidOffAfterwards) {
  Bucket bucket(600);  // ten a second
  const Clock::time_point now{seconds(1000)};
  EXPECT_EQ(bucket.wait_seconds(now), 0.0);
  bucket.take(110, now);
  EXPECT_NEAR(bucket.wait_seconds(now), 10.0, 1e-9);
  EXPECT_NEAR(bucket.wait_seconds(now + seconds(4)), 6.0, 1e-9);
  bucket.take(-50, now);  // it was less than guessed
  EXPECT_NEAR(bucket.wait_seconds(now), 5.0, 1e-9);
}

TEST(Bucket, NoRateIsNoLimit) {
  Bucket bucket;
  bucket.take(1e9, Clock::now());
  EXPECT_EQ(bucket.wait_seconds(Clock::now()), 0.0);
}

TEST(BackOff, DoublesWithJitterUpToAMinute) {
  EXPECT_DOUBLE_EQ(back_off_seconds(0.5, 2, 0.0), 0.25);
  EXPECT_DOUBLE_EQ(back_off_seconds(0.5, 2, 1.0), 0.5);
  EXPECT_DOUBLE_EQ(back_off_seconds(0.5, 5, 1.0), 4.0);
  EXPECT_DOUBLE_EQ(back_off_seconds(0.5, 500, 1.0), 60.0);
}

}  // namespace
}  // namespace firstlight::hosted
