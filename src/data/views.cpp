#include "views.h"

#include <algorithm>
#include <utility>

#include "firstlight/base/text.h"
#include "readers.h"

namespace firstlight {
namespace {

View channel(const Image& image, int c, const std::string& name) {
  Image out{image.width, image.height, 1, {}};
  const std::size_t area = image.size() / static_cast<std::size_t>(image.channels);
  out.pixels.resize(area);
  for (std::size_t i = 0; i < area; ++i) {
    out.pixels[i] =
        image.pixels[i * static_cast<std::size_t>(image.channels) + static_cast<std::size_t>(c)];
  }
  return {name, std::move(out)};
}

View channel(const Raster& raster, int c, const std::string& name) {
  const std::size_t area = raster.values.size() / static_cast<std::size_t>(raster.bands);
  const float* plane = raster.plane(c);
  return {name, Raster{raster.width, raster.height, 1, {plane, plane + area}}};
}

int channels_of(const Image& image) { return image.channels; }
int channels_of(const Raster& raster) { return raster.bands; }

}  // namespace

std::vector<std::string> name_list(const Spec& spec, const std::string& key) {
  const auto option = spec.option(key);
  if (!option) return {};
  std::vector<std::string> names;
  for (const std::string& name : text::split(*option, ',')) {
    if (text::trim(name).empty() || std::find(names.begin(), names.end(), name) != names.end()) {
      throw Error::usage(spec.text, key + "=" + *option + " names nothing, or a thing twice",
                         "write " + key + "=A,B,C");
    }
    names.push_back(name);
  }
  return names;
}

Result<std::vector<View>> views_of(Pixels pixels, const std::vector<std::string>& channels) {
  std::vector<View> views;
  if (channels.empty()) {
    views.push_back({"image", std::move(pixels)});
    return views;
  }
  return std::visit(
      [&](const auto& picture) -> Result<std::vector<View>> {
        const int count = channels_of(picture);
        if (static_cast<std::size_t>(count) != channels.size()) {
          return Error::input("", "the picture has " + std::to_string(count) +
                                      " channels, and channels= names " +
                                      std::to_string(channels.size()));
        }
        for (int c = 0; c < count; ++c) {
          views.push_back(channel(picture, c, channels[static_cast<std::size_t>(c)]));
        }
        return views;
      },
      pixels);
}

std::vector<std::size_t> event_columns(const std::vector<std::string>& names) {
  static const std::vector<std::vector<std::string>> kNumbers = {
      {"run", "run_number", "run_id"},
      {"subrun", "sub_run", "subrun_number", "subrun_id"},
      {"event", "event_number", "event_id", "evt"}};
  std::vector<std::size_t> columns;
  for (const auto& candidates : kNumbers) {
    const auto column = find_name(names, candidates);
    if (!column) return {};
    columns.push_back(*column);
  }
  return columns;
}

}  // namespace firstlight
