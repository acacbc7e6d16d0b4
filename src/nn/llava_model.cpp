#include "llava_model.h"

#include <filesystem>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

/// Where the parts of the model lie in the three generations of files: published folders, those
/// that transformers 5 writes, and those in between with everything under `model.`. A part's
/// prefix is the first whose probe exists.
struct Part {
  const char* name;
  const char* probe;
  std::vector<const char*> prefixes;
};

const Part kVision = {"vision tower",
                      "embeddings.class_embedding",
                      {"vision_tower.vision_model.", "vision_tower.", "model.vision_tower.",
                       "model.vision_tower.vision_model."}};
const Part kProjector = {
    "projector", "linear_1.weight", {"multi_modal_projector.", "model.multi_modal_projector."}};
const Part kText = {"decoder",
                    "embed_tokens.weight",
                    {"language_model.model.", "model.language_model.", "language_model.",
                     "model.language_model.model."}};
const Part kHead = {
    "output layer",
    "weight",
    {"language_model.lm_head.", "lm_head.", "model.language_model.lm_head.", "model.lm_head."}};

std::string prefix_of(const Part& part, const Weights& weights) {
  for (const char* prefix : part.prefixes) {
    if (weights.find(std::string(prefix) + part.probe)) return prefix;
  }
  throw Error::input(weights.folder(), std::string("has no weights of the ") + part.name +
                                           ": no tensor '" + part.prefixes.front() + part.probe +
                                           "', by any of its known names");
}

}  // namespace

LlavaModel::LlavaModel(const std::string& folder, const kernels::Kernels& kernels,
                       kernels::Precision precision)
    : kernels_(kernels),
      precision_(precision),
      config_(read_llava_config(folder)),
      weights_(Weights::open(folder)) {
  for (const std::string& file : weights_.files()) {
    weight_bytes_ += std::filesystem::file_size(file);
  }
  if (config_.image_token >= config_.text.vocab_size) {
    throw Error::input(folder + "/config.json", "the image token " +
                                                    std::to_string(config_.image_token) +
                                                    " lies outside the vocabulary of " +
                                                    std::to_string(config_.text.vocab_size));
  }
  const WeightReader all(weights_, kernels, precision);
  tower_.emplace(config_.vision, config_.feature_layers, all.under(prefix_of(kVision, weights_)));
  const WeightReader projector = all.under(prefix_of(kProjector, weights_));
  const std::int64_t hidden = config_.text.hidden_size;
  projector1_ = projector.linear("linear_1", hidden, static_cast<std::int64_t>(tower_->features()),
                                 config_.projector_bias);
  projector2_ = projector.linear("linear_2", hidden, hidden, config_.projector_bias);
  const WeightReader text = all.under(prefix_of(kText, weights_));
  if (config_.tie_word_embeddings) {
    decoder_.emplace(config_.text, text, nullptr);
  } else {
    const WeightReader head = all.under(prefix_of(kHead, weights_));
    decoder_.emplace(config_.text, text, &head);
  }
}

std::vector<float> LlavaModel::vision_features(const PixelValues& image) const {
  const kernels::Buffer<float> features = tower_->forward(image);
  const std::size_t skip = config_.drop_class_token ? tower_->features() : 0;
  return {features.data() + skip, features.data() + features.size()};
}

std::vector<float> LlavaModel::project(const std::vector<float>& features) const {
  const std::size_t inputs = tower_->features();
  const std::size_t n = features.size() / inputs;
  const std::size_t hidden = config_.text.hidden_size;
  std::vector<float> inner(n * hidden), out(n * hidden);
  kernels_.linear(projector1_.weight, projector1_.bias_or_null(), features.data(), n, inputs,
                  inner.data(), hidden);
  kernels_.activate(config_.projector_activation, inner.data(), n, hidden, hidden);
  kernels_.linear(projector2_.weight, projector2_.bias_or_null(), inner.data(), n, hidden,
                  out.data(), hidden);
  return out;
}

}  // namespace firstlight::nn
