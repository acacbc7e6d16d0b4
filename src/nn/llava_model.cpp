#include "llava_model.h"

#include "firstlight/base/error.h"

namespace firstlight::nn {

LlavaBase::LlavaBase(const std::string& folder, const kernels::Kernels& kernels,
                     kernels::Precision precision, const VlmOptions& options)
    : VlmModel(folder, kernels, precision, options), config_(read_llava_config(folder)) {
  if (config_.image_token >= config_.text.vocab_size) {
    throw Error::input(folder + "/config.json", "the image token " +
                                                    std::to_string(config_.image_token) +
                                                    " lies outside the vocabulary of " +
                                                    std::to_string(config_.text.vocab_size));
  }
  const Part vision = {"vision tower",
                       "embeddings.class_embedding",
                       {"vision_tower.vision_model.", "vision_tower.", "model.vision_tower.",
                        "model.vision_tower.vision_model."}};
  tower_.emplace(config_.vision, config_.feature_layers, part(vision));
  const WeightReader projector = part(
      {"projector", "linear_1.weight", {"multi_modal_projector.", "model.multi_modal_projector."}});
  const std::int64_t hidden = config_.text.hidden_size;
  projector1_ = projector.linear("linear_1", hidden, static_cast<std::int64_t>(tower_->features()),
                                 config_.projector_bias);
  projector2_ = projector.linear("linear_2", hidden, hidden, config_.projector_bias);
  load_decoder(config_.text, config_.tie_word_embeddings);
  load_processor({ProcessorConfig::from_folder(folder).image_token, config_.image_token, false});
}

void LlavaBase::check_positions() const {
  // The processor's own sum, where it names the patch size.
  const ProcessorConfig processor = ProcessorConfig::from_folder(folder());
  if (!processor.patch_size) return;
  const std::int64_t side = config_.vision.image_size / *processor.patch_size;
  const std::int64_t expected = side * side + processor.additional_image_tokens -
                                (processor.drop_class_token.value_or(false) ? 1 : 0);
  if (expected == config_.image_tokens()) return;
  throw Error::input(folder() + "/processor_config.json",
                     "gives an image " + std::to_string(expected) + " positions, config.json " +
                         std::to_string(config_.image_tokens()),
                     "check patch_size, num_additional_image_tokens and "
                     "vision_feature_select_strategy");
}

std::vector<float> LlavaBase::vision_features(const PixelValues& image) const {
  const kernels::Buffer<float> features = tower_->forward(image);
  const std::size_t skip = config_.drop_class_token ? tower_->features() : 0;
  return {features.data() + skip, features.data() + features.size()};
}

std::vector<float> LlavaBase::project(const std::vector<float>& features) const {
  const std::size_t inputs = tower_->features();
  const std::size_t n = features.size() / inputs;
  const std::size_t hidden = config_.text.hidden_size;
  std::vector<float> inner(n * hidden), out(n * hidden);
  projector1_.apply(features.data(), n, inputs, inner.data(), hidden);
  kernels().activate(config_.projector_activation, inner.data(), n, hidden, hidden);
  projector2_.apply(inner.data(), n, hidden, out.data(), hidden);
  return out;
}

std::vector<std::vector<float>> LlavaBase::tower_stages(const std::vector<PixelValues>& pixels,
                                                        std::vector<Stage>& stages) const {
  const auto count = static_cast<std::int64_t>(pixels.size());
  const auto hidden = static_cast<std::int64_t>(config_.text.hidden_size);
  Stage features{"vision_features",
                 {count, config_.image_tokens(), static_cast<std::int64_t>(vision_width())},
                 {},
                 {}};
  Stage rows{"projected", {count, config_.image_tokens(), hidden}, {}, {}};
  std::vector<std::vector<float>> projected;
  for (const PixelValues& image : pixels) {
    const std::vector<float> f = vision_features(image);
    features.values.insert(features.values.end(), f.begin(), f.end());
    projected.push_back(project(f));
    rows.values.insert(rows.values.end(), projected.back().begin(), projected.back().end());
  }
  stages.push_back(std::move(features));
  stages.push_back(std::move(rows));
  return projected;
}

LlavaModel::LlavaModel(const std::string& folder, const kernels::Kernels& kernels,
                       kernels::Precision precision, const VlmOptions& options)
    : LlavaBase(folder, kernels, precision, options),
      image_processor_(ImageProcessor::from_folder(folder)) {
  check_positions();
}

std::size_t LlavaModel::positions(int /*width*/, int /*height*/) const {
  return static_cast<std::size_t>(config().image_tokens());
}

ImageFeatures LlavaModel::features(const Image& image) const {
  return {project(vision_features(image_processor_.process(image)))};
}

std::vector<ImageFeatures> LlavaModel::image_stages(std::span<const Image> images,
                                                    std::vector<Stage>& stages) const {
  std::vector<PixelValues> pixels;
  for (const Image& image : images) pixels.push_back(image_processor_.process(image));
  Stage stage{"pixel_values",
              {static_cast<std::int64_t>(images.size()), 3, pixels[0].height, pixels[0].width},
              {},
              {}};
  for (const PixelValues& p : pixels) {
    stage.values.insert(stage.values.end(), p.values.begin(), p.values.end());
  }
  stages.push_back(std::move(stage));
  std::vector<ImageFeatures> features;
  for (auto& rows : tower_stages(pixels, stages)) features.push_back({std::move(rows)});
  return features;
}

std::unique_ptr<const VlmModel> open_llava(const std::string& folder,
                                           const kernels::Kernels& kernels,
                                           kernels::Precision precision,
                                           const VlmOptions& options) {
  if (options.tiles) {
    throw Error::usage(folder, "a llava model has no tiles", "leave the option 'tiles' out");
  }
  return std::make_unique<const LlavaModel>(folder, kernels, precision, options);
}

}  // namespace firstlight::nn
