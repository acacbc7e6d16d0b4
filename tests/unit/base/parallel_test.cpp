#include "firstlight/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace firstlight {
namespace {

TEST(Parallel, CoversTheRangeOnceForAnyThreadCount) {
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<std::atomic<int>> visits(1003);
    parallel_for(visits.size(), 7, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    for (const auto& count : visits) EXPECT_EQ(count, 1);
  }
}

TEST(Parallel, NestedCallsRun) {
  set_num_threads(2);
  std::atomic<int> total = 0;
  parallel_for(8, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](std::size_t b, std::size_t e) { total += static_cast<int>(e - b); });
    }
  });
  EXPECT_EQ(total, 80);
}

TEST(Parallel, RethrowsAndStaysUsable) {
  set_num_threads(2);
  EXPECT_THROW(
      parallel_for(100, 1, [](std::size_t, std::size_t) { throw std::runtime_error("x"); }),
      std::runtime_error);
  std::atomic<int> total = 0;
  parallel_for(100, 1, [&](std::size_t b, std::size_t e) { total += static_cast<int>(e - b); });
  EXPECT_EQ(total, 100);
}

}  // namespace
}  // namespace firstlight
