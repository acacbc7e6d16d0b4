#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/nn/named_tensor.h"
#include "firstlight/nn/sites.h"

namespace firstlight::nn {

/// Configuration of a folder of the type `vit` (docs/networks.md): a vision transformer
/// (Dosovitskiy et al. 2021, arXiv:2010.11929) whose tokens are the patches that hold a site and a
/// class token. Every view goes through it by itself; the class tokens' mean gives the logits.
struct VitConfig {
  std::vector<std::string> classes;
  std::string task;
  SiteInput input;
  int patch_size = 16;
  int grid = 32;  ///< learnt positions in a row and in a column; a map has at most so many patches
  std::int64_t hidden_size = 192;
  std::int64_t layers = 6;
  std::int64_t heads = 3;
  std::int64_t mlp_size = 768;
  double dropout = 0;  ///< before the last layer, in training
  double norm_eps = 1e-5;
  std::string json;  ///< the text that it was read from

  std::int64_t patch_numbers() const {
    return static_cast<std::int64_t>(input.channels) * patch_size * patch_size;
  }
  std::vector<NamedTensor> tensors() const;
};

/// As parse_cnn_config and read_cnn_config.
VitConfig parse_vit_config(std::string_view json, const std::string& origin);
VitConfig read_vit_config(const std::string& folder);

/// The tokens of a map.
struct PatchTokens {
  std::vector<std::int32_t> positions;  ///< row of the position table: 1 + y * grid + x
  std::vector<float> values;            ///< [tokens, channels * patch * patch], charge / 255
};
/// Throws Error::input for a map of more patches than the grid has.
PatchTokens patch_tokens(const ChargeMap& map, const VitConfig& config);

}  // namespace firstlight::nn
