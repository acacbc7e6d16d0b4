#include "stages.h"

#include <algorithm>

#include "firstlight/base/error.h"

namespace firstlight::nn {

void embed_all(const LlavaModel& model, const std::vector<std::int32_t>& ids,
               const std::vector<const std::vector<float>*>& features, float* x) {
  const std::size_t hidden = model.decoder().hidden();
  std::size_t rows = 0;
  for (const auto* f : features) rows += f->size() / hidden;
  const auto places =
      static_cast<std::size_t>(std::count(ids.begin(), ids.end(), model.config().image_token));
  if (places != rows) {
    throw Error::input("prompt",
                       "has " + std::to_string(places) + " image positions, its images give " +
                           std::to_string(rows),
                       "each image place needs one image");
  }
  std::size_t image = 0;
  std::size_t row = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    float* out = x + i * hidden;
    if (ids[i] != model.config().image_token) {
      model.decoder().embed(ids[i], out);
      continue;
    }
    if ((row + 1) * hidden > features[image]->size()) {
      ++image;
      row = 0;
    }
    std::copy_n(features[image]->data() + row++ * hidden, hidden, out);
  }
}

std::vector<Stage> run_stages(const LlavaModel& model, const std::vector<std::int32_t>& ids,
                              const std::vector<PixelValues>& images) {
  const auto n = static_cast<std::int64_t>(ids.size());
  const auto hidden = static_cast<std::int64_t>(model.decoder().hidden());
  const auto count = static_cast<std::int64_t>(images.size());
  if (ids.empty()) throw Error::input("prompt", "has no tokens");
  std::vector<Stage> stages;
  stages.push_back({"input_ids", {1, n}, {}, {ids.begin(), ids.end()}});

  std::vector<std::vector<float>> projected;
  if (count > 0) {
    const LlavaConfig& config = model.config();
    Stage pixels{"pixel_values", {count, 3, images[0].height, images[0].width}, {}, {}};
    Stage features{"vision_features",
                   {count, config.image_tokens(), static_cast<std::int64_t>(model.vision_width())},
                   {},
                   {}};
    Stage rows{"projected", {count, config.image_tokens(), hidden}, {}, {}};
    for (const PixelValues& image : images) {
      pixels.values.insert(pixels.values.end(), image.values.begin(), image.values.end());
      const std::vector<float> f = model.vision_features(image);
      features.values.insert(features.values.end(), f.begin(), f.end());
      projected.push_back(model.project(f));
      rows.values.insert(rows.values.end(), projected.back().begin(), projected.back().end());
    }
    stages.push_back(std::move(pixels));
    stages.push_back(std::move(features));
    stages.push_back(std::move(rows));
  }

  std::vector<const std::vector<float>*> pointers;
  for (const auto& p : projected) pointers.push_back(&p);
  const Decoder& decoder = model.decoder();
  std::vector<float> x(ids.size() * decoder.hidden());
  embed_all(model, ids, pointers, x.data());
  std::vector<std::int64_t> positions;
  std::vector<kernels::Visible> visible;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    positions.push_back(static_cast<std::int64_t>(i));
    visible.push_back(decoder.causal(i));
  }
  DecoderState state = decoder.make_state(ids.size(), ids.size());
  const auto layers = static_cast<std::size_t>(decoder.config().layers);
  decoder.forward(state, x.data(), ids.size(), positions.data(), visible.data(), {},
                  [&](std::size_t layer, const float* values) {
                    if (layer == layers) return;  // transformers shows the normalised state there
                    stages.push_back({"hidden." + std::to_string(layer),
                                      {1, n, hidden},
                                      {values, values + ids.size() * decoder.hidden()},
                                      {}});
                  });
  decoder.normalise(x.data(), ids.size(), x.data());
  Stage logits{"logits", {1, n, decoder.config().vocab_size}, {}, {}};
  logits.values.resize(ids.size() * static_cast<std::size_t>(decoder.config().vocab_size));
  decoder.logits(x.data(), ids.size(), logits.values.data());
  stages.push_back({"hidden." + std::to_string(layers), {1, n, hidden}, std::move(x), {}});
  stages.push_back(std::move(logits));
  return stages;
}

}  // namespace firstlight::nn
