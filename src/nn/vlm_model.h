#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decoder.h"
#include "firstlight/image/image.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/nn/vlm.h"
#include "vlm_processor.h"

namespace firstlight::nn {

/// What the decoder gets of one picture.
struct ImageFeatures {
  /// [n, hidden]: what stands at the picture's positions, or, where the decoder attends to
  /// pictures, its cross-attention states.
  std::vector<float> rows;
  std::size_t filled = 0;  ///< of cross-attention states: those of filled tiles, which come first
};

/// One named array of the forward pass.
struct Stage {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  std::vector<std::int64_t> ids;  ///< in place of values, for whole numbers
};

/// Weights and processors of a vision-language model, whatever its type. Immutable; safe from any
/// thread.
class VlmModel {
 public:
  virtual ~VlmModel() = default;
  VlmModel(const VlmModel&) = delete;
  VlmModel& operator=(const VlmModel&) = delete;

  const std::string& folder() const { return weights_.folder(); }
  const kernels::Kernels& kernels() const { return kernels_; }
  kernels::Precision precision() const { return precision_; }
  /// Bytes of the weight files; decides how work is shared between threads.
  std::size_t weight_bytes() const { return weight_bytes_; }
  /// "f32", "bf16", or the type of the decoder's 4-bit weights.
  std::string dtype() const;
  const Decoder& decoder() const { return *decoder_; }
  const VlmProcessor& processor() const { return *processor_; }

  /// Side of the square that every picture becomes; 0 where it depends on the picture.
  virtual int image_side() const { return 0; }
  /// Positions of the prompt that a picture of this size takes; 1 x 1 takes the fewest.
  virtual std::size_t positions(int width, int height) const = 0;
  /// Throws Error::input for a picture that the model cannot take.
  virtual ImageFeatures features(const Image& image) const = 0;
  /// The features of all pictures of a prompt, with every array on the way to them appended to
  /// `stages`.
  virtual std::vector<ImageFeatures> image_stages(std::span<const Image> images,
                                                  std::vector<Stage>& stages) const = 0;

 protected:
  /// Opens the weights of `folder`.
  VlmModel(const std::string& folder, const kernels::Kernels& kernels, kernels::Precision precision,
           const VlmOptions& options);

  /// A part of the model by the names that it has in the generations of folders; the first prefix
  /// under which `probe` exists counts.
  struct Part {
    const char* name;
    const char* probe;
    std::vector<const char*> prefixes;
  };
  /// Throws Error::input where the part is missing.
  WeightReader part(const Part& part) const;
  /// The tensor that tells where the part is; null where it is missing.
  const TensorView* probe(const Part& part) const;
  /// The decoder, its output layer being the embedding where `tied`, unless the weights hold
  /// another.
  void load_decoder(const DecoderConfig& config, bool tied);
  /// Throws Error::input where an id of the tokeniser has no embedding.
  void load_processor(const VlmProcessor::Settings& settings);

 private:
  const kernels::Kernels& kernels_;
  kernels::Precision precision_;
  std::optional<QuantizeOptions> quant_;
  Weights weights_;  ///< stays mapped for the embedding
  std::size_t weight_bytes_ = 0;
  std::optional<Decoder> decoder_;
  std::optional<VlmProcessor> processor_;
};

/// Opens the model in `folder` by the "model_type" of its config.json. Throws Error::input where
/// folder, configuration and weights do not make a model, or the type is unknown.
std::unique_ptr<const VlmModel> open_vlm_model(const std::string& folder,
                                               const kernels::Kernels& kernels,
                                               const VlmOptions& options);

}  // namespace firstlight::nn
