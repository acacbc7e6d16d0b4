#pragma once

#include <cstdint>
#include <vector>

namespace firstlight::nn {

/// How rotary frequencies are derived; kinds and names as in transformers.
struct RopeConfig {
  enum class Type { kDefault, kLinear, kDynamic, kYarn, kLongRope, kLlama3, kProportional };
  Type type = Type::kDefault;
  double theta = 10000.0;
  double factor = 1.0;
  double max_positions = 0.0;           ///< dynamic: longer sequences stretch the base
  double original_max_positions = 0.0;  ///< yarn, longrope, llama3: length of the pretraining
  double low_freq_factor = 1.0;         ///< llama3
  double high_freq_factor = 4.0;        ///< llama3
  double beta_fast = 32.0;              ///< yarn
  double beta_slow = 1.0;               ///< yarn
  bool truncate = true;                 ///< yarn: whole components bound the ramp
  double partial_rotary_factor = 1.0;   ///< proportional: part of the head that turns
  double attention_factor = 1.0;        ///< sines and cosines are multiplied by this
  std::vector<double> short_factor;     ///< longrope: one divisor a frequency, up to
  std::vector<double> long_factor;      ///< original_max_positions, and beyond

  /// Whether sequences of `length` positions have frequencies of their own, other than those of
  /// short sequences.
  bool stretches(std::int64_t length) const;
  /// head_size / 2 inverse frequencies for sequences of `length` positions, computed in f32 step by
  /// step as transformers does.
  std::vector<float> inverse_frequencies(std::int64_t head_size, std::int64_t length = 0) const;
};

}  // namespace firstlight::nn
