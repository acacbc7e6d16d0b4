#include "checkpoint.h"

#include <torch/serialize.h>

#include <sstream>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::train {

void save_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  torch::Dict<std::string, torch::Tensor> tensors;
  torch::Dict<std::string, std::int64_t> numbers;
  torch::Dict<std::string, std::string> texts;
  for (const auto& [name, value] : checkpoint.tensors) tensors.insert(name, value);
  for (const auto& [name, value] : checkpoint.numbers) numbers.insert(name, value);
  for (const auto& [name, value] : checkpoint.texts) texts.insert(name, value);
  const auto bytes = torch::pickle_save(c10::ivalue::Tuple::create(tensors, numbers, texts));
  text::write_file_atomically(path, std::string_view(bytes.data(), bytes.size()));
}

Checkpoint load_checkpoint(const std::string& path) {
  const std::string content = text::read_file(path);
  Checkpoint checkpoint;
  try {
    const auto parts = torch::pickle_load(std::vector<char>(content.begin(), content.end()))
                           .toTupleRef()
                           .elements();
    for (const auto& item : parts.at(0).toGenericDict()) {
      checkpoint.tensors.emplace(item.key().toStringRef(), item.value().toTensor());
    }
    for (const auto& item : parts.at(1).toGenericDict()) {
      checkpoint.numbers.emplace(item.key().toStringRef(), item.value().toInt());
    }
    for (const auto& item : parts.at(2).toGenericDict()) {
      checkpoint.texts.emplace(item.key().toStringRef(), item.value().toStringRef());
    }
  } catch (const c10::Error&) {
    throw Error::input(path, "is no checkpoint of this program, or is damaged");
  }
  return checkpoint;
}

}  // namespace firstlight::train
