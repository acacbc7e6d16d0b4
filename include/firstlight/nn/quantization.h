#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace firstlight::nn {

/// Number types of 4 bits, of bitsandbytes.
enum class FourBitType {
  kNf4,  ///< sixteen quantiles of a normal distribution
  kFp4,  ///< a sign, two bits of exponent, one of fraction
};
std::string to_string(FourBitType type);  ///< "nf4", "fp4"
std::optional<FourBitType> four_bit_type(std::string_view name);

struct QuantizeOptions {
  FourBitType type = FourBitType::kNf4;
  bool double_quant = false;  ///< block maxima in 8 bits
  std::size_t block = 64;     ///< numbers that share a maximum: 32, 64, 128, ... 4096
};

/// Copies the model folder `in` to `out` with the weights of all linear layers but the output layer
/// in 4 bits, in the form that bitsandbytes gives to safetensors and transformers loads: codes
/// under the weight's own name, beside them absmax, quant_map, quant_state and, for double
/// quantisation, nested_absmax and nested_quant_map; config.json gets a quantization_config. Every
/// other file is copied. Holds one matrix at a time in memory. Throws Error::usage where `out`
/// holds a model already or `in` is quantised, Error::input for what is malformed.
void quantize_folder(const std::string& in, const std::string& out, const QuantizeOptions& options);

}  // namespace firstlight::nn
