#include "processor_settings.h"

#include <array>
#include <filesystem>

#include "firstlight/base/text.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

/// Far beyond any model: a canvas of three bytes a pixel takes 200 MB at most.
constexpr std::int64_t kMaxGridSide = 8192;

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

ProcessorSettings ProcessorSettings::from_folder(const std::string& folder) {
  const std::string nested = folder + "/processor_config.json";
  if (std::filesystem::exists(nested)) {
    const json object = parse_object(text::read_file(nested), nested);
    const auto at = object.find("image_processor");
    if (at != object.end() && at->is_object()) return {*at, nested};
  }
  const std::string path = folder + "/preprocessor_config.json";
  if (!std::filesystem::exists(path)) {
    throw Error::input(folder,
                       "holds neither preprocessor_config.json nor a processor_config.json "
                       "with an image_processor");
  }
  return {parse_object(text::read_file(path), path), path};
}

std::vector<GridPoint> read_grid(const json& list, const std::string& origin) {
  const Error malformed = Error::input(
      origin, "'image_grid_pinpoints' must be a list of one to 256 pairs [height, width]");
  if (!list.is_array() || list.empty() || list.size() > 256) throw malformed;
  std::vector<GridPoint> grid;
  for (const json& pair : list) {
    if (!pair.is_array() || pair.size() != 2) throw malformed;
    for (const json& side : pair) {
      if (!side.is_number_integer() || side.get<std::int64_t>() < 1 ||
          side.get<std::int64_t>() > kMaxGridSide) {
        throw malformed;
      }
    }
    grid.push_back({pair[0].get<int>(), pair[1].get<int>()});
  }
  return grid;
}

std::string image_processor_type(const JsonReader& r) {
  std::string type = r.string("image_processor_type", r.string("feature_extractor_type", ""));
  for (const std::string ending : {"Fast", "Pil"}) {
    if (type.ends_with(ending)) type.resize(type.size() - ending.size());
  }
  return type;
}

ResizeFilter read_filter(const JsonReader& r, std::int64_t fallback) {
  switch (r.integer("resample", fallback, 0, 5)) {
    case 0:
      return ResizeFilter::kNearest;
    case 1:
      return ResizeFilter::kLanczos;
    case 2:
      return ResizeFilter::kBilinear;
    case 3:
      return ResizeFilter::kBicubic;
    default:
      throw r.error("resample", "must be 0 (nearest), 1 (Lanczos), 2 (bilinear) or 3 (bicubic)");
  }
}

PixelScaling read_scaling(const JsonReader& r, PixelScaling p) {
  p.rescale = r.boolean("do_rescale", p.rescale);
  p.factor = r.number("rescale_factor", p.factor);
  if (p.factor <= 0.0) throw r.error("rescale_factor", "must be positive");
  p.normalise = r.boolean("do_normalize", p.normalise);
  p.mean = triple(r, "image_mean", p.mean);
  p.deviation = triple(r, "image_std", p.deviation);
  for (const double s : p.deviation) {
    if (s <= 0.0) throw r.error("image_std", "must be positive");
  }
  return p;
}

PixelValues PixelScaling::apply(const Image& image) const {
  PixelValues out{image.width, image.height, {}};
  const std::size_t plane = static_cast<std::size_t>(image.width) * image.height;
  out.values.resize(3 * plane);
  for (int c = 0; c < 3; ++c) {
    auto centre = static_cast<float>(mean[c]);
    auto scale = static_cast<float>(deviation[c]);
    if (rescale) {
      centre *= static_cast<float>(1.0 / factor);
      scale *= static_cast<float>(1.0 / factor);
    }
    float table[256];
    for (int v = 0; v < 256; ++v) {
      const auto value = static_cast<float>(v);
      table[v] = normalise ? (value - centre) / scale
                 : rescale ? value * static_cast<float>(factor)
                           : value;
    }
    for (std::size_t i = 0; i < plane; ++i) {
      out.values[c * plane + i] = table[image.pixels[3 * i + c]];
    }
  }
  return out;
}

}  // namespace firstlight::nn
