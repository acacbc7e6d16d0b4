#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string_view>

#include "bitsandbytes.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "json_reader.h"
#include "weight_reader.h"

namespace firstlight::nn {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// The linear layers of all model types, by the last words of their names. The output layer is not
/// among them: like transformers, we leave it as it is.
constexpr std::array<std::string_view, 14> kLinear = {
    ".q_proj",    ".k_proj",           ".v_proj", ".o_proj", ".out_proj", ".gate_proj",
    ".up_proj",   ".down_proj",        ".fc1",    ".fc2",    ".linear_1", ".linear_2",
    "_projector", ".visual_projection"};

bool quantizable(const TensorView& view) {
  constexpr std::string_view kEnding = ".weight";
  std::string_view name = view.name;
  if (view.shape.size() != 2 || !source_of(view.dtype) || !name.ends_with(kEnding)) return false;
  name.remove_suffix(kEnding.size());
  return std::any_of(kLinear.begin(), kLinear.end(),
                     [&](std::string_view layer) { return name.ends_with(layer); });
}

void check(const std::string& out, const std::string& config_path, const ordered_json& config,
           const QuantizeOptions& options) {
  if (options.block < 32 || options.block > 4096 || (options.block & (options.block - 1)) != 0) {
    throw Error::usage("block " + std::to_string(options.block),
                       "is no power of two from 32 to 4096");
  }
  if (fs::exists(out + "/config.json")) {
    throw Error::usage(out, "holds a model already", "name a folder that is new");
  }
  if (config.contains("quantization_config") && !config["quantization_config"].is_null()) {
    throw Error::usage(config_path, "the model is quantised already");
  }
}

/// One file of weights, its matrices brought to 4 bits one after the other.
void quantize_file(const std::string& from, const std::string& to, const QuantizeOptions& options,
                   ordered_json& weight_map, std::uint64_t& total) {
  const SafetensorsFile file = SafetensorsFile::open(from);
  std::vector<TensorToWrite> layout;
  for (const auto& [name, view] : file.tensors()) {
    if (!quantizable(view)) {
      layout.push_back({name, view.dtype, view.shape, nullptr});
      continue;
    }
    const std::vector<TensorToWrite> parts =
        bitsandbytes_layout(name, options.type, view.shape[0], view.shape[1], options.block,
                            options.double_quant, view.dtype);
    layout.insert(layout.end(), parts.begin(), parts.end());
  }
  for (const TensorToWrite& t : layout) weight_map[t.name] = fs::path(to).filename().string();
  SafetensorsWriter writer(to, layout, {{"format", "pt"}});
  for (const auto& [name, view] : file.tensors()) {
    if (quantizable(view)) {
      const FourBitMatrix matrix =
          FourBitMatrix::quantize(options.type, static_cast<std::size_t>(view.shape[0]),
                                  static_cast<std::size_t>(view.shape[1]), options.block,
                                  *source_of(view.dtype), view.data);
      NestedAbsmax nested;
      if (options.double_quant) nested = nest_absmax(matrix.absmax);
      const BitsandbytesTensors parts(name, matrix, options.double_quant ? &nested : nullptr,
                                      view.dtype);
      for (const TensorToWrite& part : parts.tensors) writer.write(part);
    } else {
      writer.write({name, view.dtype, view.shape, view.data});
    }
    file.release(view);
  }
  total += writer.finish();
}

}  // namespace

void quantize_folder(const std::string& in, const std::string& out,
                     const QuantizeOptions& options) {
  const std::string config_path = in + "/config.json";
  ordered_json config = ordered_json::parse(text::read_file(config_path), nullptr, false);
  if (!config.is_object()) throw Error::input(config_path, "is not a JSON object");
  check(out, config_path, config, options);
  const Weights weights = Weights::open(in);
  fs::create_directories(out);
  for (const auto& entry : fs::directory_iterator(in)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "config.json" || name.ends_with(".safetensors") ||
        name.ends_with(".safetensors.index.json") || name.ends_with(".bin")) {
      continue;
    }
    fs::copy_file(entry.path(), out + "/" + name, fs::copy_options::overwrite_existing);
  }
  ordered_json map = ordered_json::object();
  std::uint64_t total = 0;
  Dtype compute = Dtype::kF32;
  for (const std::string& name : weights.names()) {
    const TensorView& view = *weights.find(name);
    if (quantizable(view)) compute = view.dtype;
  }
  for (const std::string& file : weights.files()) {
    quantize_file(file, out + "/" + fs::path(file).filename().string(), options, map, total);
  }
  if (weights.files().size() > 1 || !fs::exists(out + "/model.safetensors")) {
    const ordered_json index = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
    text::write_file_atomically(out + "/model.safetensors.index.json", index.dump(2) + "\n");
  }
  config["quantization_config"] = ordered_json::parse(bitsandbytes_config(options, compute));
  text::write_file_atomically(out + "/config.json", config.dump(2) + "\n");
}

}  // namespace firstlight::nn
