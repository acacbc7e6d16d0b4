#include "stages.h"

#include <algorithm>
#include <optional>

#include "firstlight/base/error.h"
#include "prompt_pictures.h"

namespace firstlight::nn {

void embed_all(const VlmModel& model, std::span<const std::int32_t> ids,
               const std::vector<const ImageFeatures*>& features, float* x) {
  const std::size_t hidden = model.decoder().hidden();
  if (model.decoder().config().cross_attends()) {
    for (std::size_t i = 0; i < ids.size(); ++i) model.decoder().embed(ids[i], x + i * hidden);
    return;
  }
  const std::int32_t image_token = model.processor().image_token_id();
  std::size_t rows = 0;
  for (const ImageFeatures* f : features) rows += f->rows.size() / hidden;
  const auto places = static_cast<std::size_t>(std::count(ids.begin(), ids.end(), image_token));
  if (places != rows) {
    throw Error::input("prompt",
                       "has " + std::to_string(places) + " image positions, its images give " +
                           std::to_string(rows),
                       "each image place needs one image");
  }
  std::size_t image = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    float* out = x + i * hidden;
    if (ids[i] != image_token) {
      model.decoder().embed(ids[i], out);
      continue;
    }
    while (at == features[image]->rows.size()) {
      ++image;
      at = 0;
    }
    std::copy_n(features[image]->rows.data() + at, hidden, out);
    at += hidden;
  }
}

std::vector<Stage> run_stages(const VlmModel& model, const std::vector<std::int32_t>& ids,
                              std::span<const Image> images) {
  const auto n = static_cast<std::int64_t>(ids.size());
  const auto hidden = static_cast<std::int64_t>(model.decoder().hidden());
  if (ids.empty()) throw Error::input("prompt", "has no tokens");
  std::vector<Stage> stages;
  stages.push_back({"input_ids", {1, n}, {}, {ids.begin(), ids.end()}});
  std::vector<ImageFeatures> features;
  if (!images.empty()) features = model.image_stages(images, stages);
  std::vector<const ImageFeatures*> pointers;
  for (const ImageFeatures& f : features) pointers.push_back(&f);
  const Decoder& decoder = model.decoder();
  std::vector<float> x(ids.size() * decoder.hidden());
  embed_all(model, ids, pointers, x.data());
  std::vector<std::int64_t> positions;
  std::vector<kernels::Visible> visible;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    positions.push_back(static_cast<std::int64_t>(i));
    visible.push_back(decoder.causal(i));
  }
  std::optional<PromptPictures> pictures;
  CrossInput cross;
  if (decoder.config().cross_attends() && !images.empty()) {
    pictures.emplace(model, ids, pointers);
    cross = pictures->input(0);
  }
  DecoderState state = decoder.make_state(ids.size(), ids.size());
  decoder.forward(state, x.data(), ids.size(), positions.data(), visible.data(),
                  pictures ? &cross : nullptr, {}, [&](std::size_t layer, const float* values) {
                    stages.push_back({"hidden." + std::to_string(layer),
                                      {1, n, hidden},
                                      {values, values + ids.size() * decoder.hidden()},
                                      {}});
                  });
  // Of the last layer transformers shows the normalised state.
  Stage& last = stages.back();
  decoder.normalise(last.values.data(), ids.size(), last.values.data());
  Stage logits{"logits", {1, n, decoder.config().vocab_size}, {}, {}};
  logits.values.resize(ids.size() * static_cast<std::size_t>(decoder.config().vocab_size));
  decoder.logits(last.values.data(), ids.size(), logits.values.data());
  stages.push_back(std::move(logits));
  return stages;
}

}  // namespace firstlight::nn
