#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/image/image.h"

namespace firstlight::nn {

class JsonReader;

/// What a model gets of a picture: [3, height, width] in f32.
struct PixelValues {
  int width = 0;
  int height = 0;
  std::vector<float> values;
};

enum class ResizeFilter { kNearest, kBilinear, kBicubic, kLanczos };

/// The last steps of every image processor: grey levels to numbers.
struct PixelScaling {
  bool rescale = true;
  double factor = 1.0 / 255.0;
  bool normalise = true;
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> deviation = {0.26862954, 0.26130258, 0.27577711};

  /// Rescaling is folded into mean and deviation, each step in f32, as the reference does.
  PixelValues apply(const Image& image) const;
};

/// Turns pictures into pixel values as transformers' CLIPImageProcessor and LlavaImageProcessor do
/// with their torchvision back end, the default: pad to a square (LLaVA, on request), resize,
/// centre crop, rescale, normalise, in this order. Resizing follows torch's 8-bit antialiased
/// kernel, whose weights are rounded to 16 bits: it differs from Pillow's by a grey level here and
/// there. Immutable; safe from any thread.
class ImageProcessor {
 public:
  /// From a model folder: processor_config.json with its nested `image_processor`, else
  /// preprocessor_config.json. Throws Error::input naming file and key.
  static ImageProcessor from_folder(const std::string& folder);
  static ImageProcessor parse(std::string_view json, const std::string& origin);

  /// `image` has three channels. Throws Error::input where the result, or a step on the way to it,
  /// would have no or more than 100 million pixels.
  PixelValues process(const Image& image) const;

 private:
  struct Size {
    int height = 0;
    int width = 0;
  };

  bool pad_to_square_ = false;
  bool do_resize_ = true;
  std::optional<int> shortest_edge_ = 224;
  std::optional<int> longest_edge_;
  Size size_;            ///< where shortest_edge_ is empty
  bool within_ = false;  ///< size_ is a limit, and the picture keeps its form
  ResizeFilter filter_ = ResizeFilter::kBicubic;
  bool do_center_crop_ = true;
  Size crop_ = {224, 224};
  PixelScaling scaling_;

  static Size read_sides(const JsonReader& settings, const char* height, const char* width);
  static Size pair_of(const JsonReader& settings, const char* key);
  void read_size(const JsonReader& settings);
  Size resized(int width, int height) const;
};

/// What of a folder's processor decides how many positions an image takes in a prompt.
struct ProcessorConfig {
  std::string image_token = "<image>";
  std::optional<std::int64_t> patch_size;
  std::int64_t additional_image_tokens = 0;
  std::optional<bool> drop_class_token;  ///< vision_feature_select_strategy: default, not full

  /// From processor_config.json; all defaults where there is none. Throws Error::input.
  static ProcessorConfig from_folder(const std::string& folder);
};

}  // namespace firstlight::nn
