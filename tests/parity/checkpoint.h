#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/kernels/kernels.h"
#include "firstlight/nn/safetensors.h"
#include "temporary_folder.h"

namespace firstlight::nn {

/// Where the checkpoints of a model type lie.
inline std::string fixture_dir(const std::string& type = "llava") {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/parity/" + type;
}

/// A checkpoint of the fixtures in memory, to be changed and written to a folder of its own.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& name, const std::string& type = "llava")
      : source_(fixture_dir(type) + "/" + name) {
    config = nlohmann::json::parse(text::read_file(source_ + "/config.json"));
    const SafetensorsFile file = SafetensorsFile::open(source_ + "/model.safetensors");
    for (const auto& [tensor, view] : file.tensors()) {
      tensors[tensor] = {
          view.dtype, view.shape, {reinterpret_cast<const char*>(view.data), view.bytes}};
    }
  }

  struct Tensor {
    Dtype dtype;
    std::vector<std::int64_t> shape;
    std::string bytes;
  };
  std::map<std::string, Tensor> tensors;
  nlohmann::json config;

  void rename(const std::function<std::string(const std::string&)>& new_name) {
    std::map<std::string, Tensor> renamed;
    for (auto& [name, tensor] : tensors) renamed[new_name(name)] = std::move(tensor);
    tensors = std::move(renamed);
  }
  /// Every number of the tensor becomes `value`.
  void fill(const std::string& name, float value) {
    Tensor& t = tensors.at(name);
    for (std::size_t i = 0; i < t.bytes.size() / size_of(t.dtype); ++i) {
      if (t.dtype == Dtype::kF32) {
        std::memcpy(t.bytes.data() + 4 * i, &value, 4);
      } else {
        const std::uint16_t half = kernels::bf16_from_f32(value);
        std::memcpy(t.bytes.data() + 2 * i, &half, 2);
      }
    }
  }

  /// Writes a folder that holds everything of the source but the weights, which are as changed.
  void write(const std::string& folder) const {
    namespace fs = std::filesystem;
    fs::remove_all(folder);
    fs::create_directories(folder);
    for (const auto& entry : fs::directory_iterator(source_)) {
      if (entry.is_regular_file()) fs::copy(entry.path(), folder);
    }
    write_weights(folder + "/model.safetensors", [](const std::string&) { return true; });
    text::write_file_atomically(folder + "/config.json", config.dump(1));
  }
  void write_weights(const std::string& path,
                     const std::function<bool(const std::string&)>& chosen) const {
    std::vector<TensorToWrite> list;
    for (const auto& [name, t] : tensors) {
      if (chosen(name)) list.push_back({name, t.dtype, t.shape, t.bytes.data()});
    }
    write_safetensors(path, list);
  }

 private:
  std::string source_;
};

}  // namespace firstlight::nn
