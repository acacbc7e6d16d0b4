#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace firstlight::train {

/// Everything that a training run needs to go on, under names; written as one file.
struct Checkpoint {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, std::string> texts;
};

/// Replaces `path` in one step; throws Error::internal (a full disk among the causes).
void save_checkpoint(const Checkpoint& checkpoint, const std::string& path);
/// Throws Error::input.
Checkpoint load_checkpoint(const std::string& path);

}  // namespace firstlight::train
