#include "bitsandbytes.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "firstlight/base/error.h"
#include "json_reader.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kState = ".quant_state.bitsandbytes__";
/// Characters that the number of nested_offset always takes; JSON allows spaces behind it.
constexpr int kOffsetWidth = 24;

Error wrong(const TensorView& view, const std::string& what) {
  return Error::input(view.file, "tensor '" + view.name + "' " + what);
}

const TensorView& part_of(const Weights& weights, const std::string& name, const std::string& part,
                          Dtype dtype, std::size_t numbers) {
  const TensorView* view = weights.find(name + part);
  if (view == nullptr) {
    throw Error::input(weights.folder(), "has no tensor '" + name + part + "'",
                       "a weight in 4 bits needs it");
  }
  if (view->dtype != dtype || view->numel() != numbers) {
    throw wrong(*view, "is " + to_string(view->dtype) + " " + view->shape_text() +
                           ", its weight asks for " + std::to_string(numbers) + " of " +
                           to_string(dtype));
  }
  return *view;
}

std::vector<std::uint8_t> bytes_of(const TensorView& view) {
  std::vector<std::uint8_t> bytes(view.bytes);
  std::memcpy(bytes.data(), view.data, view.bytes);
  return bytes;
}

/// The state's JSON object in one line, with the offset padded to its width.
std::string state_text(FourBitType type, std::size_t block, Dtype dtype, std::int64_t rows,
                       std::int64_t columns, const float* offset) {
  ordered_json state;
  state["quant_type"] = to_string(type);
  state["blocksize"] = block;
  state["dtype"] = dtype == Dtype::kF32 ? "float32" : dtype == Dtype::kF16 ? "float16" : "bfloat16";
  state["shape"] = {rows, columns};
  if (offset != nullptr) {
    state["nested_blocksize"] = NestedAbsmax::kBlock;
    state["nested_dtype"] = "float32";
  }
  std::string text = state.dump();
  if (offset != nullptr) {
    char number[64];
    std::snprintf(number, sizeof number, "%-*.17g", kOffsetWidth, static_cast<double>(*offset));
    text.insert(text.size() - 1, ",\"nested_offset\":" + std::string(number));
  }
  return text;
}

/// Rows of a table as bitsandbytes stores it.
template <std::size_t N>
TensorToWrite table_tensor(const std::string& name, const std::array<float, N>& table) {
  return {name, Dtype::kF32, {static_cast<std::int64_t>(N)}, table.data()};
}

}  // namespace

FourBitMatrix read_bitsandbytes(const Weights& weights, const std::string& name, std::int64_t rows,
                                std::int64_t columns) {
  FourBitType type = FourBitType::kNf4;
  const TensorView* state_view = weights.find(name + kState + "nf4");
  if (state_view == nullptr) {
    type = FourBitType::kFp4;
    state_view = weights.find(name + kState + "fp4");
  }
  if (state_view == nullptr) {
    throw Error::input(weights.folder(), "has no tensor '" + name + kState + "nf4'",
                       "only bitsandbytes' NF4 and FP4 weights with a packed state are read");
  }
  if (state_view->dtype != Dtype::kU8) throw wrong(*state_view, "does not hold bytes");
  const std::string origin = state_view->file + ": " + state_view->name;
  const json object =
      parse_object({reinterpret_cast<const char*>(state_view->data), state_view->bytes}, origin);
  const JsonReader state(object, origin);
  const std::int64_t block = state.integer("blocksize", 64, 1, 4096);
  if ((block & (block - 1)) != 0 || block < 32) {
    throw state.error("blocksize", "must be a power of two from 32 to 4096");
  }
  if (state.string("quant_type", to_string(type)) != to_string(type)) {
    throw state.error("quant_type", "is not that of the tensor's name");
  }
  const json* shape = state.find("shape");
  if (shape == nullptr || *shape != json({rows, columns})) {
    throw state.error("shape", "is not [" + std::to_string(rows) + ", " + std::to_string(columns) +
                                   "], which config.json asks for");
  }

  const auto numbers = static_cast<std::size_t>(rows * columns);
  const TensorView& codes = part_of(weights, name, "", Dtype::kU8, (numbers + 1) / 2);
  const TensorView& map = part_of(weights, name, ".quant_map", Dtype::kF32, 16);
  const std::vector<float> table = map.to_f32();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!(std::abs(table[i] - four_bit_table(type)[i]) <= 1e-4f)) {
      throw wrong(map, "is not the table of " + to_string(type));
    }
  }
  const std::size_t block_size = static_cast<std::size_t>(block);
  const std::size_t blocks = (numbers + block_size - 1) / block_size;
  FourBitMatrix matrix;
  matrix.type = type;
  matrix.rows = static_cast<std::size_t>(rows);
  matrix.columns = static_cast<std::size_t>(columns);
  matrix.block = block_size;
  if (weights.find(name + ".nested_absmax") != nullptr) {
    if (state.integer("nested_blocksize", 256, 1, 1 << 20) != NestedAbsmax::kBlock) {
      throw state.error("nested_blocksize", "must be 256");
    }
    if (!state.has("nested_offset")) throw state.error("nested_offset", "is missing");
    NestedAbsmax nested;
    nested.offset = static_cast<float>(state.number("nested_offset", 0.0));
    const TensorView& nested_codes = part_of(weights, name, ".absmax", Dtype::kU8, blocks);
    nested.codes = bytes_of(nested_codes);
    nested.absmax = part_of(weights, name, ".nested_absmax", Dtype::kF32,
                            (blocks + NestedAbsmax::kBlock - 1) / NestedAbsmax::kBlock)
                        .to_f32();
    const std::vector<float> nested_table =
        part_of(weights, name, ".nested_quant_map", Dtype::kF32, 256).to_f32();
    matrix.absmax = unnest_absmax(nested, nested_table.data());
    weights.release(nested_codes);
  } else {
    const TensorView& absmax = part_of(weights, name, ".absmax", Dtype::kF32, blocks);
    matrix.absmax = absmax.to_f32();
    weights.release(absmax);
  }
  matrix.codes.resize(codes.bytes);
  std::memcpy(matrix.codes.data(), codes.data, codes.bytes);
  weights.release(codes);
  return matrix;
}

std::vector<TensorToWrite> bitsandbytes_layout(const std::string& name, FourBitType type,
                                               std::int64_t rows, std::int64_t columns,
                                               std::size_t block, bool double_quant, Dtype dtype) {
  const auto size = static_cast<std::int64_t>(block);
  const std::int64_t blocks = (rows * columns + size - 1) / size;
  const float zero = 0.0f;
  const auto state_bytes = static_cast<std::int64_t>(
      state_text(type, block, dtype, rows, columns, double_quant ? &zero : nullptr).size());
  const std::string state = name + kState + to_string(type);
  const TensorToWrite codes{name, Dtype::kU8, {(rows * columns + 1) / 2, 1}, nullptr};
  const TensorToWrite map = table_tensor(name + ".quant_map", four_bit_table(type));
  if (!double_quant) {
    return {codes,
            {name + ".absmax", Dtype::kF32, {blocks}, nullptr},
            map,
            {state, Dtype::kU8, {state_bytes}, nullptr}};
  }
  const auto nested = static_cast<std::int64_t>(NestedAbsmax::kBlock);
  return {codes,
          {name + ".absmax", Dtype::kU8, {blocks}, nullptr},
          {name + ".nested_absmax", Dtype::kF32, {(blocks + nested - 1) / nested}, nullptr},
          table_tensor(name + ".nested_quant_map", dynamic_table()),
          map,
          {state, Dtype::kU8, {state_bytes}, nullptr}};
}

BitsandbytesTensors::BitsandbytesTensors(const std::string& name, const FourBitMatrix& matrix,
                                         const NestedAbsmax* nested, Dtype dtype)
    : quant_state(state_text(
          matrix.type, matrix.block, dtype, static_cast<std::int64_t>(matrix.rows),
          static_cast<std::int64_t>(matrix.columns), nested ? &nested->offset : nullptr)),
      tensors(bitsandbytes_layout(name, matrix.type, static_cast<std::int64_t>(matrix.rows),
                                  static_cast<std::int64_t>(matrix.columns), matrix.block,
                                  nested != nullptr, dtype)) {
  tensors.front().data = matrix.codes.data();
  tensors.back().data = quant_state.data();
  tensors[1].data = nested ? static_cast<const void*>(nested->codes.data()) : matrix.absmax.data();
  if (nested) tensors[2].data = nested->absmax.data();
}

std::string bitsandbytes_config(const QuantizeOptions& options, Dtype compute) {
  ordered_json config;
  config["_load_in_4bit"] = true;
  config["_load_in_8bit"] = false;
  config["bnb_4bit_compute_dtype"] = compute == Dtype::kF32   ? "float32"
                                     : compute == Dtype::kF16 ? "float16"
                                                              : "bfloat16";
  config["bnb_4bit_quant_storage"] = "uint8";
  config["bnb_4bit_quant_type"] = to_string(options.type);
  config["bnb_4bit_use_double_quant"] = options.double_quant;
  config["llm_int8_enable_fp32_cpu_offload"] = false;
  config["llm_int8_has_fp16_weight"] = false;
  config["llm_int8_skip_modules"] = nullptr;
  config["llm_int8_threshold"] = 6.0;
  config["load_in_4bit"] = true;
  config["load_in_8bit"] = false;
  config["quant_method"] = "bitsandbytes";
  return config.dump();
}

}  // namespace firstlight::nn
