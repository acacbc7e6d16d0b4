#include "vlm_model.h"

#include <cstring>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "llava_model.h"
#include "mllama_model.h"

namespace firstlight::nn {
namespace {

using Maker = std::unique_ptr<const VlmModel> (*)(const std::string& folder,
                                                  const kernels::Kernels& kernels,
                                                  kernels::Precision precision,
                                                  const VlmOptions& options);

/// The visible list of model types: config.json's "model_type" and what opens it.
struct ModelType {
  const char* name;
  Maker open;
};
constexpr ModelType kTypes[] = {
    {"llava", open_llava}, {"llava_next", open_llava_next}, {"mllama", open_mllama}};

}  // namespace

VlmModel::VlmModel(const std::string& folder, const kernels::Kernels& kernels,
                   kernels::Precision precision, const VlmOptions& options)
    : kernels_(kernels),
      precision_(precision),
      quant_(options.quant),
      weights_(Weights::open(folder)) {
  for (const std::string& file : weights_.files()) {
    weight_bytes_ += std::filesystem::file_size(file);
  }
}

std::string VlmModel::dtype() const {
  if (const auto type = decoder_->four_bit_type()) return to_string(*type);
  return precision_ == kernels::Precision::kBf16 ? "bf16" : "f32";
}

namespace {

bool same_bytes(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::memcmp(a.data, b.data, a.bytes) == 0;
}

}  // namespace

WeightReader VlmModel::part(const Part& part) const {
  for (const char* prefix : part.prefixes) {
    if (weights_.find(std::string(prefix) + part.probe)) {
      return WeightReader(weights_, kernels_, precision_, quant_, prefix);
    }
  }
  throw Error::input(folder(), std::string("has no weights of the ") + part.name + ": no tensor '" +
                                   part.prefixes.front() + part.probe +
                                   "', by any of its known names");
}

const TensorView* VlmModel::probe(const Part& part) const {
  for (const char* prefix : part.prefixes) {
    if (const TensorView* tensor = weights_.find(std::string(prefix) + part.probe)) return tensor;
  }
  return nullptr;
}

void VlmModel::load_decoder(const DecoderConfig& config, bool tied) {
  const Part text = {"decoder",
                     "embed_tokens.weight",
                     {"language_model.model.", "model.language_model.", "language_model.",
                      "model.language_model.model."}};
  const Part head = {
      "output layer",
      "weight",
      {"language_model.lm_head.", "lm_head.", "model.language_model.lm_head.", "model.lm_head."}};
  const TensorView* embedding = probe(text);
  const TensorView* output = probe(head);
  if (tied && embedding && output && !same_bytes(*embedding, *output)) {
    // As in transformers: the file is right, and the configuration is not.
    log_warning(folder() + "/config.json: ties the output layer to the embedding, but '" +
                output->name + "' has numbers of its own, which are taken");
    tied = false;
  }
  if (tied) {
    decoder_.emplace(config, part(text), nullptr);
    return;
  }
  const WeightReader reader = part(head);
  decoder_.emplace(config, part(text), &reader);
}

void VlmModel::load_processor(const VlmProcessor::Settings& settings) {
  processor_.emplace(folder(), settings);
  const std::int64_t rows = decoder_->embeddings();
  if (processor_->tokenizer().max_id() >= rows) {
    throw Error::input(folder() + "/tokenizer.json",
                       "has the id " + std::to_string(processor_->tokenizer().max_id()) +
                           ", the model's embedding " + std::to_string(rows) + " rows");
  }
}

std::unique_ptr<const VlmModel> open_vlm_model(const std::string& folder,
                                               const kernels::Kernels& kernels,
                                               const VlmOptions& options) {
  const kernels::Precision precision = options.precision.value_or(
      kernels.fast_bf16() ? kernels::Precision::kBf16 : kernels::Precision::kF32);
  const std::string type = read_model_type(folder);
  std::string known;
  for (const ModelType& candidate : kTypes) {
    if (type == candidate.name) return candidate.open(folder, kernels, precision, options);
    known += (known.empty() ? "" : ", ") + std::string(candidate.name);
  }
  throw Error::input(folder + "/config.json",
                     "'model_type' is '" + type + "', which is not supported",
                     "supported: " + known);
}

}  // namespace firstlight::nn
