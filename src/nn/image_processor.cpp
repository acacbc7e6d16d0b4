#include "firstlight/nn/image_processor.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "firstlight/base/text.h"
#include "processor_settings.h"
#include "torch_resize.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxPixels = 100'000'000;

void check_size(const Image& source, const char* step, int width, int height) {
  if (width >= 1 && height >= 1 && static_cast<std::int64_t>(width) * height <= kMaxPixels) return;
  throw Error::input("image processor",
                     "a picture of " + std::to_string(source.width) + " x " +
                         std::to_string(source.height) + " pixels would be " + step + " to " +
                         std::to_string(width) + " x " + std::to_string(height),
                     "crop it to a more square form, or is the model's processor configuration "
                     "damaged?");
}

/// First row or column of the crop; negative where the crop is larger and the picture is padded
/// (the smaller half of the padding comes first).
int crop_start(int have, int want) {
  if (want > have) return -((want - have) / 2);
  return (have - want) / 2;
}

}  // namespace

ImageProcessor::Size ImageProcessor::read_sides(const JsonReader& r, const char* height,
                                                const char* width) {
  if (!r.has(height) || !r.has(width)) {
    throw r.error(height, std::string("and '") + width + "' are both needed");
  }
  return {static_cast<int>(r.integer(height, 0, 1, kMaxImageSide)),
          static_cast<int>(r.integer(width, 0, 1, kMaxImageSide))};
}

ImageProcessor::Size ImageProcessor::pair_of(const JsonReader& r, const char* key) {
  const json& list = *r.find(key);
  if (list.size() != 2) throw r.error(key, "must be two numbers, height and width");
  const json object = {{"height", list[0]}, {"width", list[1]}};
  return read_sides(JsonReader(object, r.origin(), std::string(key) + "."), "height", "width");
}

void ImageProcessor::read_size(const JsonReader& r) {
  const json* size = r.find("size");
  if (size == nullptr) return;
  if (size->is_number()) {
    shortest_edge_ = static_cast<int>(r.integer("size", 224, 1, kMaxImageSide));
    return;
  }
  shortest_edge_.reset();
  if (size->is_array()) {
    size_ = pair_of(r, "size");
    return;
  }
  if (!size->is_object()) throw r.error("size", "must be an object, a number or a list of two");
  const JsonReader s(*size, r.origin(), "size.");
  if (s.has("shortest_edge")) {
    shortest_edge_ = static_cast<int>(s.integer("shortest_edge", 0, 1, kMaxImageSide));
    if (s.has("longest_edge")) {
      longest_edge_ = static_cast<int>(s.integer("longest_edge", 0, 1, kMaxImageSide));
    }
  } else if (s.has("max_height") || s.has("max_width")) {
    size_ = read_sides(s, "max_height", "max_width");
    within_ = true;
  } else if (s.has("height") || s.has("width")) {
    size_ = read_sides(s, "height", "width");
  } else {
    throw r.error("size", "needs shortest_edge, height and width, or max_height and max_width");
  }
}

ImageProcessor ImageProcessor::from_folder(const std::string& folder) {
  const ProcessorSettings settings = ProcessorSettings::from_folder(folder);
  return parse(settings.object.dump(), settings.origin);
}

ImageProcessor ImageProcessor::parse(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = image_processor_type(r);
  const bool llava = type.empty() || type == "LlavaImageProcessor";
  if (!llava && type != "CLIPImageProcessor" && type != "CLIPFeatureExtractor") {
    throw r.error("image_processor_type",
                  "is '" + type + "'; CLIPImageProcessor and LlavaImageProcessor are supported");
  }
  ImageProcessor p;
  p.do_resize_ = r.boolean("do_resize", true);
  p.read_size(r);
  p.filter_ = read_filter(r, 3);
  p.do_center_crop_ = r.boolean("do_center_crop", true);
  if (const json* crop = r.find("crop_size")) {
    if (crop->is_object()) {
      p.crop_ = read_sides(JsonReader(*crop, origin, "crop_size."), "height", "width");
    } else if (crop->is_array()) {
      p.crop_ = pair_of(r, "crop_size");
    } else {
      const int side = static_cast<int>(r.integer("crop_size", 224, 1, kMaxImageSide));
      p.crop_ = {side, side};
    }
  }
  const bool pad = r.boolean("do_pad", false);
  p.pad_to_square_ = pad && llava;
  // CLIP's padding makes pictures of a batch equally large, which cropped ones are already.
  if (pad && !llava && (!p.do_center_crop_ || r.has("pad_size"))) {
    throw r.error("do_pad", "is not supported for this processor");
  }
  p.scaling_ = read_scaling(r, p.scaling_);
  return p;
}

ImageProcessor::Size ImageProcessor::resized(int width, int height) const {
  // Products and quotients in double precision and cut off, as Python has them.
  if (within_) {
    const double scale = std::min(static_cast<double>(size_.height) / height,
                                  static_cast<double>(size_.width) / width);
    return {static_cast<int>(height * scale), static_cast<int>(width * scale)};
  }
  if (!shortest_edge_) return size_;
  const int small = std::min(width, height);
  const int large = std::max(width, height);
  double edge = *shortest_edge_;
  int new_small = *shortest_edge_;
  int new_large = 0;
  if (longest_edge_) {
    double raw = edge;
    bool limited = false;
    if (static_cast<double>(large) / small * edge > *longest_edge_) {
      raw = static_cast<double>(*longest_edge_) * small / large;
      edge = std::nearbyint(raw);
      limited = true;
    }
    if (small == edge) return {height, width};
    new_small = static_cast<int>(edge);
    new_large = static_cast<int>((limited ? raw : edge) * large / small);
  } else {
    new_large = static_cast<int>(std::min(edge * large / small, static_cast<double>(1 << 30)));
  }
  return width <= height ? Size{new_large, new_small} : Size{new_small, new_large};
}

PixelValues ImageProcessor::process(const Image& source) const {
  if (source.channels != 3 || source.width < 1 || source.height < 1) {
    throw Error::input("image processor", "the picture has no pixels or not three channels");
  }
  Image image = source;
  if (pad_to_square_ && image.width != image.height) {
    std::array<std::uint8_t, 3> colour{};
    for (int c = 0; c < 3; ++c) {
      colour[c] = static_cast<std::uint8_t>(std::clamp(scaling_.mean[c] * 255.0, 0.0, 255.0));
    }
    const int side = std::max(image.width, image.height);
    check_size(source, "padded", side, side);
    image = window(image, side, side, -((side - image.width) / 2), -((side - image.height) / 2),
                   colour);
  }
  if (do_resize_) {
    const Size size = resized(image.width, image.height);
    check_size(source, "resized", size.width, size.height);
    image = torch_resize(image, size.width, size.height, filter_);
  }
  if (do_center_crop_) {
    check_size(source, "cropped", crop_.width, crop_.height);
    image = window(image, crop_.width, crop_.height, crop_start(image.width, crop_.width),
                   crop_start(image.height, crop_.height), {0, 0, 0});
  }
  return scaling_.apply(image);
}

ProcessorConfig ProcessorConfig::from_folder(const std::string& folder) {
  ProcessorConfig config;
  const std::string path = folder + "/processor_config.json";
  if (!std::filesystem::exists(path)) return config;
  const json object = parse_object(text::read_file(path), path);
  const JsonReader r(object, path);
  config.image_token = r.string("image_token", config.image_token);
  if (r.has("patch_size")) config.patch_size = r.integer("patch_size", 0, 1, kMaxImageSide);
  config.additional_image_tokens = r.integer("num_additional_image_tokens", 0, 0, 1024);
  if (r.has("vision_feature_select_strategy")) {
    config.drop_class_token = r.string("vision_feature_select_strategy", "") == "default";
  }
  return config;
}

}  // namespace firstlight::nn
