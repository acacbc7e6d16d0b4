#include "map_cache.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::train {

void write_maps(const std::string& path, const std::vector<MapSample>& samples) {
  std::vector<std::int32_t> heads;
  std::vector<std::int32_t> maps;
  std::vector<std::int32_t> places;
  std::vector<std::uint8_t> charges;
  for (const MapSample& sample : samples) {
    heads.push_back(sample.truth);
    heads.push_back(static_cast<std::int32_t>(sample.views.size()));
    for (const nn::ChargeMap& map : sample.views) {
      maps.push_back(map.height);
      maps.push_back(map.width);
      maps.push_back(static_cast<std::int32_t>(map.places.size()));
      places.insert(places.end(), map.places.begin(), map.places.end());
      charges.insert(charges.end(), map.charges.begin(), map.charges.end());
    }
  }
  const auto n = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
  nn::write_safetensors(path, {{"samples", nn::Dtype::kI32, {n(heads)}, heads.data()},
                               {"maps", nn::Dtype::kI32, {n(maps)}, maps.data()},
                               {"places", nn::Dtype::kI32, {n(places)}, places.data()},
                               {"charges", nn::Dtype::kU8, {n(charges)}, charges.data()}});
}

std::vector<MapSample> read_maps(const std::string& path, std::size_t channels) {
  const auto file = nn::SafetensorsFile::open(path);
  const auto numbers = [&](const char* name) {
    const nn::TensorView& tensor = file.at(name);
    std::vector<std::int32_t> values(tensor.bytes / sizeof(std::int32_t));
    std::copy_n(tensor.data, values.size() * sizeof(std::int32_t),
                reinterpret_cast<std::byte*>(values.data()));
    return values;
  };
  const auto heads = numbers("samples");
  const auto maps = numbers("maps");
  const auto places = numbers("places");
  const nn::TensorView& charges = file.at("charges");
  const auto* charge = reinterpret_cast<const std::uint8_t*>(charges.data);
  std::vector<MapSample> samples;
  std::size_t map_at = 0;
  std::size_t place_at = 0;
  for (std::size_t i = 0; i + 1 < heads.size(); i += 2) {
    MapSample sample;
    sample.truth = heads[i];
    for (std::int32_t v = 0; v < heads[i + 1]; ++v, map_at += 3) {
      const auto sites = static_cast<std::size_t>(maps.at(map_at + 2));
      if (place_at + sites > places.size() || (place_at + sites) * channels > charges.bytes) {
        throw Error::input(path, "the cached maps are cut short", "delete it");
      }
      nn::ChargeMap map{maps[map_at], maps[map_at + 1], {}, {}};
      map.places.assign(places.begin() + static_cast<std::ptrdiff_t>(place_at),
                        places.begin() + static_cast<std::ptrdiff_t>(place_at + sites));
      map.charges.assign(charge + place_at * channels, charge + (place_at + sites) * channels);
      place_at += sites;
      sample.views.push_back(std::move(map));
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace firstlight::train
