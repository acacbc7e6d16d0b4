#include "firstlight/nn/image_processor.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "firstlight/base/text.h"
#include "json_reader.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

constexpr int kMaxSide = 65536;
constexpr std::int64_t kMaxPixels = 100'000'000;

double bilinear(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys' cubic with a = -1/2.
double bicubic(double x) {
  x = std::abs(x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

struct Taps {
  int first = 0;
  std::vector<std::int16_t> weights;
};

struct Plan {
  std::vector<Taps> taps;
  int precision = 0;
};

/// Weights of every output pixel along one axis: those of the antialiased filter, normalised and
/// rounded to as many bits as the largest one leaves in 16.
Plan plan_axis(int in, int out, double (*filter)(double), double support) {
  const double scale = static_cast<double>(in) / out;
  const double reach = scale >= 1.0 ? support * scale : support;
  const double inverse = scale >= 1.0 ? 1.0 / scale : 1.0;
  const int most = static_cast<int>(std::ceil(reach)) * 2 + 1;
  std::vector<std::vector<double>> weights(out);
  Plan plan;
  plan.taps.resize(out);
  double largest = 0.0;
  for (int i = 0; i < out; ++i) {
    const double centre = scale * (i + 0.5);
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int count =
        std::clamp(std::min(static_cast<int>(centre + reach + 0.5), in) - first, 0, most);
    double total = 0.0;
    for (int j = 0; j < count; ++j) {
      weights[i].push_back(filter((j + first - centre + 0.5) * inverse));
      total += weights[i].back();
    }
    for (double& w : weights[i]) {
      if (total != 0.0) w /= total;
      largest = std::max(largest, w);
    }
    plan.taps[i].first = first;
  }
  while (plan.precision < 22 &&
         static_cast<int>(0.5 + largest * (1 << (plan.precision + 1))) < (1 << 15)) {
    ++plan.precision;
  }
  for (int i = 0; i < out; ++i) {
    for (const double w : weights[i]) {
      const double scaled = w * (1 << plan.precision);
      plan.taps[i].weights.push_back(static_cast<std::int16_t>(scaled + (w < 0 ? -0.5 : 0.5)));
    }
  }
  return plan;
}

std::uint8_t rounded(std::int64_t sum, int precision) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> precision, 0, 255));
}

Image resize_width(const Image& image, const Plan& plan) {
  Image out{static_cast<int>(plan.taps.size()), image.height, 3, {}};
  out.pixels.resize(static_cast<std::size_t>(out.width) * out.height * 3);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const Taps& t = plan.taps[x];
      const std::uint8_t* in = image.at(t.first, y);
      std::int64_t sum[3] = {};
      for (std::size_t j = 0; j < t.weights.size(); ++j) {
        for (int c = 0; c < 3; ++c) sum[c] += t.weights[j] * in[3 * j + c];
      }
      for (int c = 0; c < 3; ++c) {
        out.at(x, y)[c] =
            rounded(sum[c] + (std::int64_t{1} << plan.precision >> 1), plan.precision);
      }
    }
  }
  return out;
}

Image resize_height(const Image& image, const Plan& plan) {
  Image out{image.width, static_cast<int>(plan.taps.size()), 3, {}};
  const std::size_t row = static_cast<std::size_t>(out.width) * 3;
  out.pixels.resize(row * out.height);
  std::vector<std::int64_t> sums(row);
  for (int y = 0; y < out.height; ++y) {
    const Taps& t = plan.taps[y];
    std::fill(sums.begin(), sums.end(), std::int64_t{1} << plan.precision >> 1);
    for (std::size_t j = 0; j < t.weights.size(); ++j) {
      const std::uint8_t* in = image.at(0, t.first + static_cast<int>(j));
      for (std::size_t i = 0; i < row; ++i) sums[i] += t.weights[j] * in[i];
    }
    for (std::size_t i = 0; i < row; ++i) out.at(0, y)[i] = rounded(sums[i], plan.precision);
  }
  return out;
}

/// A window of `size` around the centre; where it is larger than the picture, what lies outside
/// takes `colour`.
Image window(const Image& image, int width, int height, int left, int top,
             const std::array<std::uint8_t, 3>& colour) {
  Image out{width, height, 3, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int from_x = x + left;
      const int from_y = y + top;
      const bool inside =
          from_x >= 0 && from_x < image.width && from_y >= 0 && from_y < image.height;
      const std::uint8_t* in = inside ? image.at(from_x, from_y) : colour.data();
      std::copy(in, in + 3, out.at(x, y));
    }
  }
  return out;
}

/// First row or column of the crop; negative where the crop is larger and the picture is padded
/// (the smaller half of the padding comes first).
int crop_start(int have, int want) {
  if (want > have) return -((want - have) / 2);
  return (have - want) / 2;
}

std::array<double, 3> triple(const JsonReader& r, const char* key, std::array<double, 3> fallback) {
  const json* value = r.find(key);
  if (value == nullptr) return fallback;
  if (value->is_number()) return {value->get<double>(), value->get<double>(), value->get<double>()};
  if (!value->is_array() || value->size() != 3) throw r.error(key, "must have three numbers");
  for (int i = 0; i < 3; ++i) {
    if (!(*value)[i].is_number()) throw r.error(key, "must have three numbers");
    fallback[i] = (*value)[i].get<double>();
  }
  return fallback;
}

}  // namespace

ImageProcessor ImageProcessor::from_folder(const std::string& folder) {
  const std::string nested = folder + "/processor_config.json";
  if (std::filesystem::exists(nested)) {
    const json object = parse_object(text::read_file(nested), nested);
    const auto at = object.find("image_processor");
    if (at != object.end() && at->is_object()) return parse(at->dump(), nested);
  }
  const std::string path = folder + "/preprocessor_config.json";
  if (!std::filesystem::exists(path)) {
    throw Error::input(folder,
                       "holds neither preprocessor_config.json nor a processor_config.json "
                       "with an image_processor");
  }
  return parse(text::read_file(path), path);
}

ImageProcessor ImageProcessor::parse(std::string_view text, const std::string& origin) {
  const json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  std::string type = r.string("image_processor_type", r.string("feature_extractor_type", ""));
  for (const std::string ending : {"Fast", "Pil"}) {
    if (type.ends_with(ending)) type.resize(type.size() - ending.size());
  }
  const bool llava = type.empty() || type == "LlavaImageProcessor";
  if (!llava && type != "CLIPImageProcessor" && type != "CLIPFeatureExtractor") {
    throw r.error("image_processor_type",
                  "is '" + type + "'; CLIPImageProcessor and LlavaImageProcessor are supported");
  }
  ImageProcessor p;
  p.pad_to_square_ = r.boolean("do_pad", false);
  if (p.pad_to_square_ && !llava) throw r.error("do_pad", "is not supported for this processor");
  p.do_resize_ = r.boolean("do_resize", true);
  if (const json* size = r.find("size")) {
    if (size->is_object()) {
      const JsonReader s(*size, origin, "size.");
      p.shortest_edge_.reset();
      if (s.has("shortest_edge")) {
        p.shortest_edge_ = static_cast<int>(s.integer("shortest_edge", 0, 1, kMaxSide));
        if (s.has("longest_edge")) {
          p.longest_edge_ = static_cast<int>(s.integer("longest_edge", 0, 1, kMaxSide));
        }
      } else if (s.has("height") && s.has("width")) {
        p.size_ = {static_cast<int>(s.integer("height", 0, 1, kMaxSide)),
                   static_cast<int>(s.integer("width", 0, 1, kMaxSide))};
      } else {
        throw r.error("size", "needs shortest_edge, or height and width");
      }
    } else {
      p.shortest_edge_ = static_cast<int>(r.integer("size", 224, 1, kMaxSide));
    }
  }
  p.filter_ = filter_of(r.integer("resample", 3, 0, 5));
  p.do_center_crop_ = r.boolean("do_center_crop", true);
  if (const json* crop = r.find("crop_size")) {
    if (crop->is_object()) {
      const JsonReader s(*crop, origin, "crop_size.");
      if (!s.has("height") || !s.has("width")) throw r.error("crop_size", "needs height and width");
      p.crop_ = {static_cast<int>(s.integer("height", 0, 1, kMaxSide)),
                 static_cast<int>(s.integer("width", 0, 1, kMaxSide))};
    } else {
      const int side = static_cast<int>(r.integer("crop_size", 224, 1, kMaxSide));
      p.crop_ = {side, side};
    }
  }
  p.do_rescale_ = r.boolean("do_rescale", true);
  p.rescale_factor_ = r.number("rescale_factor", p.rescale_factor_);
  if (p.rescale_factor_ <= 0.0) throw r.error("rescale_factor", "must be positive");
  p.do_normalize_ = r.boolean("do_normalize", true);
  p.mean_ = triple(r, "image_mean", p.mean_);
  p.std_ = triple(r, "image_std", p.std_);
  for (const double s : p.std_) {
    if (s <= 0.0) throw r.error("image_std", "must be positive");
  }
  return p;
}

ImageProcessor::Filter ImageProcessor::filter_of(std::int64_t resample) {
  switch (resample) {  // Pillow's numbers
    case 1:
      return Filter::kLanczos;
    case 2:
      return Filter::kBilinear;
    case 3:
      return Filter::kBicubic;
    default:
      throw Error::input("image processor",
                         "resample " + std::to_string(resample) +
                             " is not supported (1 Lanczos, 2 bilinear, 3 bicubic are)");
  }
}

ImageProcessor::Size ImageProcessor::resized(int width, int height) const {
  if (!shortest_edge_) return size_;
  // Products and quotients in double precision and cut off, as Python has them.
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

Image ImageProcessor::resize(const Image& image, Size size, Filter filter) {
  double (*kernel)(double) = filter == Filter::kBilinear  ? bilinear
                             : filter == Filter::kBicubic ? bicubic
                                                          : lanczos;
  const double support = filter == Filter::kBilinear ? 1.0 : filter == Filter::kBicubic ? 2.0 : 3.0;
  Image out = image;
  if (size.width != image.width) {
    out = resize_width(out, plan_axis(image.width, size.width, kernel, support));
  }
  if (size.height != image.height) {
    out = resize_height(out, plan_axis(image.height, size.height, kernel, support));
  }
  return out;
}

PixelValues ImageProcessor::process(const Image& source) const {
  if (source.channels != 3 || source.width < 1 || source.height < 1) {
    throw Error::input("image processor", "the picture has no pixels or not three channels");
  }
  Image image = source;
  if (pad_to_square_ && image.width != image.height) {
    std::array<std::uint8_t, 3> colour{};
    for (int c = 0; c < 3; ++c) colour[c] = static_cast<std::uint8_t>(mean_[c] * 255);
    const int side = std::max(image.width, image.height);
    image = window(image, side, side, -((side - image.width) / 2), -((side - image.height) / 2),
                   colour);
  }
  if (do_resize_) {
    const Size size = resized(image.width, image.height);
    if (size.width < 1 || size.height < 1 ||
        static_cast<std::int64_t>(size.width) * size.height > kMaxPixels) {
      throw Error::input("image processor",
                         "a picture of " + std::to_string(image.width) + " x " +
                             std::to_string(image.height) + " pixels would be resized to " +
                             std::to_string(size.width) + " x " + std::to_string(size.height),
                         "crop it to a more square form");
    }
    image = resize(image, size, filter_);
  }
  if (do_center_crop_) {
    image = window(image, crop_.width, crop_.height, crop_start(image.width, crop_.width),
                   crop_start(image.height, crop_.height), {0, 0, 0});
  }

  // Rescaling is folded into mean and deviation, each step in f32, as the reference does.
  PixelValues out{image.width, image.height, {}};
  const std::size_t plane = static_cast<std::size_t>(image.width) * image.height;
  out.values.resize(3 * plane);
  for (int c = 0; c < 3; ++c) {
    auto mean = static_cast<float>(mean_[c]);
    auto deviation = static_cast<float>(std_[c]);
    if (do_rescale_) {
      mean *= static_cast<float>(1.0 / rescale_factor_);
      deviation *= static_cast<float>(1.0 / rescale_factor_);
    }
    float table[256];
    for (int v = 0; v < 256; ++v) {
      const auto value = static_cast<float>(v);
      table[v] = do_normalize_ ? (value - mean) / deviation
                 : do_rescale_ ? value * static_cast<float>(rescale_factor_)
                               : value;
    }
    for (std::size_t i = 0; i < plane; ++i) {
      out.values[c * plane + i] = table[image.pixels[3 * i + c]];
    }
  }
  return out;
}

ProcessorConfig ProcessorConfig::from_folder(const std::string& folder) {
  ProcessorConfig config;
  const std::string path = folder + "/processor_config.json";
  if (!std::filesystem::exists(path)) return config;
  const json object = parse_object(text::read_file(path), path);
  const JsonReader r(object, path);
  config.image_token = r.string("image_token", config.image_token);
  if (r.has("patch_size")) config.patch_size = r.integer("patch_size", 0, 1, kMaxSide);
  config.additional_image_tokens = r.integer("num_additional_image_tokens", 0, 0, 1024);
  if (r.has("vision_feature_select_strategy")) {
    config.drop_class_token = r.string("vision_feature_select_strategy", "") == "default";
  }
  return config;
}

}  // namespace firstlight::nn
