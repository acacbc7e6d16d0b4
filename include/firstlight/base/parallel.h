#pragma once

#include <cstddef>
#include <functional>

namespace firstlight {

/// Number of threads that `parallel_for` uses; by default the hardware's. At least 1.
/// Set it before work starts; not safe while another thread is inside `parallel_for`.
void set_num_threads(int n);
int num_threads();

/// Calls `body(begin, end)` on disjoint ranges that cover [0, n), in up to num_threads() threads of
/// one lasting pool, and returns when all are done. Ranges are cut at multiples of `grain`. Nested
/// or concurrent calls run serially in the calling thread. The first exception of a body is
/// rethrown. Results must not depend on how the range was cut.
void parallel_for(std::size_t n, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace firstlight
