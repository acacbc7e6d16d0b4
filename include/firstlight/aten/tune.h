#pragma once

namespace firstlight::aten {

/// Sets the process up for libtorch on a CPU: threads, memory allocator and the BLAS kernel,
/// without which Debian's libtorch is 10 to 15 times too slow. Call once, before the first tensor;
/// the allocator settings hold for the whole process (about 10 % more memory). Not called by
/// linking. `threads` 0 = the hardware's.
void tune(int threads = 0);

}  // namespace firstlight::aten
