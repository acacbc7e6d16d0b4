#include "firstlight/aten/vision_language.h"

#include "firstlight/base/error.h"
#include "firstlight/nn/tile_geometry.h"
#include "layers.h"

namespace firstlight::aten {

using torch::Tensor;

namespace {

std::variant<nn::LlavaConfig, nn::MllamaConfig> read_config(const std::string& folder) {
  const std::string type = nn::read_model_type(folder);
  if (type == "mllama") return nn::read_mllama_config(folder);
  return nn::read_llava_config(folder);
}

Tensor embed(const TensorSet& w, const Tensor& ids) {
  const Tensor& table = w.at("language_model.embed_tokens.weight");
  return at::embedding(table, ids.view({-1}).to(table.device()));
}

/// The rows of all pictures of a prompt, one after the other.
Tensor picture_rows(const TensorSet& w, const nn::LlavaConfig& c, const PromptTensors& prompt) {
  const Tensor& pixels = prompt.pixel_values;
  if (c.grid.empty()) return clip_rows(w, c, pixels).flatten(0, 1);
  const Tensor sizes = prompt.image_sizes.to(torch::kCPU);
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < pixels.size(0); ++i) {
    const auto height = sizes[i][0].item<std::int64_t>(), width = sizes[i][1].item<std::int64_t>();
    const nn::GridPoint best =
        nn::best_resolution(static_cast<int>(width), static_cast<int>(height), c.grid);
    const std::int64_t side = c.vision.image_size;
    const std::int64_t tiles = (best.height / side) * (best.width / side);
    rows.push_back(
        unpadded_rows(w, c, clip_rows(w, c, pixels[i].narrow(0, 0, 1 + tiles)), height, width));
  }
  return at::cat(rows, 0);
}

Tensor with_pictures(const Tensor& x, const Tensor& ids, std::int64_t image_token,
                     const Tensor& rows) {
  const Tensor places = ids.to(torch::kCPU).view({-1}).eq(image_token).nonzero().view({-1});
  if (places.size(0) != rows.size(0)) {
    throw Error::input("prompt", "has " + std::to_string(places.size(0)) +
                                     " image positions for pictures of " +
                                     std::to_string(rows.size(0)) + " rows");
  }
  return x.index_copy(0, places.to(x.device()), rows);
}

/// Which picture's filled tiles every position sees: the last one at or before it, with those that
/// stand directly before that one. Positions before all pictures see all rows.
CrossRows cross_rows(const TensorSet& w, const nn::MllamaConfig& c, const PromptTensors& prompt) {
  CrossRows out;
  if (!prompt.pixel_values.defined()) return out;
  const Tensor ids = prompt.input_ids.to(torch::kCPU).view({-1});
  const Tensor filled = prompt.aspect_ratio_mask.to(torch::kCPU)[0].sum(-1);
  const Tensor layouts = prompt.aspect_ratio_ids.to(torch::kCPU)[0];
  const Tensor pixels = prompt.pixel_values[0];
  const std::int64_t images = pixels.size(0), tiles = pixels.size(1);
  std::vector<Tensor> states;
  Tensor holds = torch::zeros({images, tiles, c.vision.positions()}, torch::kBool);
  for (std::int64_t i = 0; i < images; ++i) {
    const auto n = filled[i].item<std::int64_t>();
    states.push_back(mllama_states(w, c.vision, pixels[i], n, layouts[i].item<std::int64_t>()));
    holds[i].narrow(0, 0, n).fill_(true);
  }
  holds = holds.view({images, -1});
  const Tensor places = ids.eq(c.image_token);
  if (places.sum().item<std::int64_t>() != images) {
    throw Error::input("prompt", "has " + std::to_string(places.sum().item<std::int64_t>()) +
                                     " image positions for " + std::to_string(images) +
                                     " pictures");
  }
  const std::int64_t length = ids.size(0);
  Tensor seen = torch::zeros({length, images, holds.size(1)}, torch::kBool);
  Tensor behind = torch::ones({length, 1});
  std::int64_t first = 0, next = 0;
  for (std::int64_t t = 0; t < length; ++t) {
    if (places[t].item<bool>()) {
      if (t == 0 || !places[t - 1].item<bool>()) first = next;
      ++next;
    }
    if (next == 0) {
      seen[t].fill_(true);
      behind[t].fill_(0);
    } else {
      seen[t].narrow(0, first, next - first).copy_(holds.narrow(0, first, next - first));
    }
  }
  out.states = at::cat(states, 0);
  out.seen = seen.view({length, -1});
  out.behind = behind;
  return out;
}

}  // namespace

VisionLanguage::VisionLanguage(const std::string& folder, torch::Device device,
                               torch::ScalarType type)
    : weights_(folder, device, type), config_(read_config(folder)) {}

Tensor VisionLanguage::logits(const PromptTensors& prompt) const {
  const Tensor x = embed(weights_, prompt.input_ids);
  if (const auto* mllama = std::get_if<nn::MllamaConfig>(&config_)) {
    return decode(weights_, mllama->text, x, cross_rows(weights_, *mllama, prompt)).unsqueeze(0);
  }
  const auto& llava = std::get<nn::LlavaConfig>(config_);
  const Tensor rows = prompt.pixel_values.defined()
                          ? with_pictures(x, prompt.input_ids, llava.image_token,
                                          picture_rows(weights_, llava, prompt))
                          : x;
  return decode(weights_, llava.text, rows, {}).unsqueeze(0);
}

}  // namespace firstlight::aten
