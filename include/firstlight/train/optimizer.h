#pragma once

#include <torch/types.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace firstlight::train {

/// Linear warm-up from 0 to `peak` over `warmup` steps, then a half cosine down to
/// `peak * final_fraction` at `steps` (Loshchilov & Hutter 2017, arXiv:1608.03983).
struct Schedule {
  double peak = 1e-3;
  std::int64_t warmup = 100;
  std::int64_t steps = 1000;
  double final_fraction = 0.05;

  double at(std::int64_t step) const;
};

/// AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) over one flat f32 buffer in a single pass.
/// One thread at a time (parallel inside).
class AdamW {
 public:
  struct Options {
    double beta1 = 0.9;
    double beta2 = 0.98;
    double epsilon = 1e-8;
    double weight_decay = 0.05;
    double clip = 1.0;  ///< largest global gradient norm
  };
  /// A stretch [first, last) of the buffer with its own factor on the learning rate (0 = frozen).
  struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0;
    double rate_factor = 1.0;
    bool decays = false;
  };

  AdamW(std::int64_t size, const Options& options);

  /// Clips, updates `parameters` in the given ranges and zeroes `gradients`. Returns the gradient
  /// norm before clipping; a norm that is not finite skips the update.
  double step(torch::Tensor& parameters, torch::Tensor& gradients, const std::vector<Range>& ranges,
              double rate);

  // For checkpoints.
  torch::Tensor& first_moment() { return m_; }
  torch::Tensor& second_moment() { return v_; }
  std::int64_t& count() { return count_; }
  const torch::Tensor& first_moment() const { return m_; }
  const torch::Tensor& second_moment() const { return v_; }
  std::int64_t count() const { return count_; }

 private:
  Options options_;
  torch::Tensor m_;
  torch::Tensor v_;
  std::int64_t count_ = 0;
};

}  // namespace firstlight::train
