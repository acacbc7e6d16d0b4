#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clip_tower.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "vlm_model.h"

namespace firstlight::nn {

/// What llava and llava_next share: CLIP tower, projector, decoder.
class LlavaBase : public VlmModel {
 public:
  const LlavaConfig& config() const { return config_; }

 protected:
  LlavaBase(const std::string& folder, const kernels::Kernels& kernels,
            kernels::Precision precision, const VlmOptions& options);

  /// The chosen hidden states, class token dropped where the configuration says so:
  /// [image_tokens, vision_width].
  std::vector<float> vision_features(const PixelValues& image) const;
  std::size_t vision_width() const { return tower_->features(); }
  /// Projected into the decoder's space: [image_tokens, hidden].
  std::vector<float> project(const std::vector<float>& features) const;
  /// Runs every picture of `pixels` and appends the stages vision_features and projected, whose
  /// rows are returned.
  std::vector<std::vector<float>> tower_stages(const std::vector<PixelValues>& pixels,
                                               std::vector<Stage>& stages) const;
  /// Throws Error::input where processor_config.json gives an image another number of positions
  /// than config.json.
  void check_positions() const;

 private:
  LlavaConfig config_;
  std::optional<ClipTower> tower_;
  LinearLayer projector1_, projector2_;
};

/// The `llava` type: one picture, one tower pass.
class LlavaModel final : public LlavaBase {
 public:
  LlavaModel(const std::string& folder, const kernels::Kernels& kernels,
             kernels::Precision precision, const VlmOptions& options);

  int image_side() const override { return static_cast<int>(config().vision.image_size); }
  std::size_t positions(int width, int height) const override;
  ImageFeatures features(const Image& image) const override;
  std::vector<ImageFeatures> image_stages(std::span<const Image> images,
                                          std::vector<Stage>& stages) const override;

 private:
  ImageProcessor image_processor_;
};

std::unique_ptr<const VlmModel> open_llava(const std::string& folder,
                                           const kernels::Kernels& kernels,
                                           kernels::Precision precision, const VlmOptions& options);
std::unique_ptr<const VlmModel> open_llava_next(const std::string& folder,
                                                const kernels::Kernels& kernels,
                                                kernels::Precision precision,
                                                const VlmOptions& options);

}  // namespace firstlight::nn
