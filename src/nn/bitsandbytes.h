#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/nn/safetensors.h"
#include "four_bit.h"

namespace firstlight::nn {

/// The 4-bit weight `name` in the form that bitsandbytes gives to safetensors: codes under the
/// name itself and, with endings, .absmax, .quant_map, .quant_state.bitsandbytes__TYPE (a JSON
/// object in bytes), .nested_absmax and .nested_quant_map. Lets go of the file's pages. Throws
/// Error::input naming file and tensor where a part is missing, has another size than [rows,
/// columns] asks for, or is of an unknown kind.
FourBitMatrix read_bitsandbytes(const Weights& weights, const std::string& name, std::int64_t rows,
                                std::int64_t columns);

/// The tensors of that form for one weight, in the order in which they are written. `quant_state`
/// and the tables are owned here, codes and maxima by `matrix` and `nested`.
struct BitsandbytesTensors {
  BitsandbytesTensors(const std::string& name, const FourBitMatrix& matrix,
                      const NestedAbsmax* nested, Dtype dtype);
  BitsandbytesTensors(const BitsandbytesTensors&) = delete;
  BitsandbytesTensors& operator=(const BitsandbytesTensors&) = delete;

  std::string quant_state;
  std::vector<TensorToWrite> tensors;
};
/// Their names, types and shapes, known before the numbers are. The offset in quant_state is
/// written with as many digits as the longest takes, so that its size does not depend on it.
std::vector<TensorToWrite> bitsandbytes_layout(const std::string& name, FourBitType type,
                                               std::int64_t rows, std::int64_t columns,
                                               std::size_t block, bool double_quant, Dtype dtype);

/// The quantization_config of config.json, as transformers writes it.
std::string bitsandbytes_config(const QuantizeOptions& options, Dtype compute);

}  // namespace firstlight::nn
