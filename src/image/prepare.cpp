#include "firstlight/image/prepare.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "firstlight/base/metadata.h"
#include "firstlight/image/resize.h"
#include "firstlight/image/stretch.h"

namespace firstlight {
namespace {

using Record = std::map<std::string, std::string>;

std::string number(double value) { return to_text(MetadataValue(value)); }

/// area, max and sum combine measured values; the others interpolate a picture.
bool combines(ResizeFilter filter) {
  return filter == ResizeFilter::kArea || filter == ResizeFilter::kMax ||
         filter == ResizeFilter::kSum;
}

template <typename T>
T cropped(T input, double fraction, Record& record) {
  if (fraction >= 1.0) return input;
  const int shorter = std::min(input.width, input.height);
  const int side = std::max(1, static_cast<int>(std::lround(shorter * fraction)));
  const int x = (input.width - side) / 2, y = (input.height - side) / 2;
  record["crop"] = std::to_string(side) + "x" + std::to_string(side) + "+" + std::to_string(x) +
                   "+" + std::to_string(y);
  return crop(input, x, y, side, side);
}

template <typename T>
T resized(T input, const ViewSettings& settings, Record& record) {
  if (!settings.resize) return input;
  const double scale = static_cast<double>(*settings.resize) / std::max(input.width, input.height);
  const auto side = [scale](int n) {
    return std::max(1, static_cast<int>(std::lround(n * scale)));
  };
  const int width = side(input.width), height = side(input.height);
  record["resize"] =
      std::to_string(width) + "x" + std::to_string(height) + " " + settings.resize_filter;
  return resize(input, width, height, resize_filter(settings.resize_filter));
}

void record_stretch(const Raster& raster, const StretchSettings& settings,
                    const std::vector<StretchLimits>& limits, Record& record) {
  const bool lupton = settings.kind == "lupton";
  record["stretch"] = settings.kind;
  std::string low, high;
  for (const auto& band : limits) {
    low += (low.empty() ? "" : ",") + number(band.low);
    high += (high.empty() ? "" : ",") + number(band.high);
  }
  record["low"] = low;
  if (!lupton) record["high"] = high;
  if (settings.kind == "asinh") record["softening"] = number(settings.softening.value_or(0.1));
  if (settings.kind == "log") record["softening"] = number(settings.softening.value_or(1000.0));
  if (lupton) {
    record["softening"] = number(settings.softening.value_or(8.0));
    record["scale"] = number(settings.stretch);
  }
  const bool searched = !lupton && !(settings.low && settings.high);
  if (searched && settings.limits_from < 1.0) record["limits_from"] = number(settings.limits_from);
  const auto blank = std::count_if(raster.values.begin(), raster.values.end(),
                                   [](float v) { return !std::isfinite(v); });
  if (blank > 0) record["blank"] = std::to_string(blank);
}

Raster to_raster(const Image& image) {
  Raster raster{image.width, image.height, image.channels, {}};
  raster.values.resize(image.size());
  const std::size_t n = static_cast<std::size_t>(image.width) * image.height;
  for (int c = 0; c < image.channels; ++c) {
    float* band = raster.plane(image.channels - 1 - c);
    for (std::size_t i = 0; i < n; ++i) band[i] = image.pixels[i * image.channels + c];
  }
  return raster;
}

Image to_colour(Image image) {
  if (image.channels == 3) return image;
  Image result{image.width, image.height, 3, {}};
  result.pixels.reserve(image.size() * 3);
  for (std::uint8_t v : image.pixels) result.pixels.insert(result.pixels.end(), 3, v);
  return result;
}

Result<Image> prepare_raster(Raster raster, const ViewSettings& settings, Record& record) {
  if (raster.bands < 1 || raster.bands > 3) {
    return Error::input("", std::to_string(raster.bands) + " bands cannot be shown as one picture",
                        "choose one to three bands in the data source");
  }
  StretchSettings stretch = settings.stretch;
  if (stretch.kind == "none") stretch.kind = "percentile";
  const bool values_first = settings.resize && combines(resize_filter(settings.resize_filter));
  if (values_first) {
    raster = resized(cropped(std::move(raster), settings.crop, record), settings, record);
  }
  const auto limits = find_limits(raster, stretch);
  if (!limits) return limits.error();
  record_stretch(raster, stretch, limits.value(), record);
  if (!values_first) raster = cropped(std::move(raster), settings.crop, record);
  Image image = to_picture(apply_stretch(raster, stretch, limits.value()));
  return values_first ? image : resized(std::move(image), settings, record);
}

}  // namespace

Result<PreparedView> prepare_view(const Pixels& pixels, const ViewSettings& settings) {
  PreparedView view;
  const Image* picture = std::get_if<Image>(&pixels);
  if (picture != nullptr && settings.stretch.kind == "none") {
    view.image = resized(cropped(*picture, settings.crop, view.record), settings, view.record);
  } else {
    auto image = prepare_raster(picture != nullptr ? to_raster(*picture) : std::get<Raster>(pixels),
                                settings, view.record);
    if (!image) return image.error();
    view.image = std::move(image).value();
  }
  view.image = to_colour(std::move(view.image));
  if (settings.stretch.invert) {
    invert(view.image);
    view.record["invert"] = "true";
  }
  return view;
}

}  // namespace firstlight
