#include "firstlight/nn/sites.h"

#include <algorithm>

#include "firstlight/image/resize.h"
#include "firstlight/image/stretch.h"

namespace firstlight::nn {
namespace {

/// Rows by place of one map at a time.
class Grid {
 public:
  void fill(const Sites& sites, const Sites::Map& map) {
    clear();
    const auto size = static_cast<std::size_t>(map.height) * static_cast<std::size_t>(map.width);
    if (rows_.size() < size) rows_.resize(size, -1);
    for (std::size_t row = map.first; row < map.first + map.count; ++row) {
      rows_[static_cast<std::size_t>(sites.places[row])] = static_cast<std::int32_t>(row);
    }
    sites_ = &sites;
    map_ = &map;
  }
  std::int32_t at(int y, int x) const {
    if (y < 0 || x < 0 || y >= map_->height || x >= map_->width) return -1;
    return rows_[static_cast<std::size_t>(y) * static_cast<std::size_t>(map_->width) +
                 static_cast<std::size_t>(x)];
  }

 private:
  void clear() {
    if (map_ == nullptr) return;
    for (std::size_t row = map_->first; row < map_->first + map_->count; ++row) {
      rows_[static_cast<std::size_t>(sites_->places[row])] = -1;
    }
  }

  std::vector<std::int32_t> rows_;
  const Sites* sites_ = nullptr;
  const Sites::Map* map_ = nullptr;
};

}  // namespace

ChargeMap charge_map(const Image& given, const SiteInput& input) {
  Image image = given;
  if (input.inverted) invert(image);
  const int longer = std::max(image.width, image.height);
  if (input.size && longer != *input.size && longer > 0) {
    image = resize_longer(image, *input.size,
                          input.sparse ? ResizeFilter::kMax : ResizeFilter::kBicubic);
  }
  ChargeMap map;
  map.height = image.height;
  map.width = image.width;
  const std::size_t places = static_cast<std::size_t>(image.height) * image.width;
  const auto have = static_cast<std::size_t>(image.channels);
  for (std::size_t place = 0; place < places; ++place) {
    const std::uint8_t* pixel = image.pixels.data() + place * have;
    if (input.sparse && std::all_of(pixel, pixel + have, [](std::uint8_t c) { return c == 0; })) {
      continue;
    }
    map.places.push_back(static_cast<std::int32_t>(place));
    if (input.channels == 1) {
      int sum = 0;
      for (std::size_t c = 0; c < have; ++c) sum += pixel[c];
      const int count = image.channels;
      map.charges.push_back(static_cast<std::uint8_t>((2 * sum + count) / (2 * count)));
    } else {
      for (std::size_t c = 0; c < 3; ++c) map.charges.push_back(pixel[have == 1 ? 0 : c]);
    }
  }
  return map;
}

Sites batch_of(std::span<const ChargeMap* const> maps, std::vector<float>* values) {
  Sites sites;
  values->clear();
  for (const ChargeMap* map : maps) {
    sites.maps.push_back({map->height, map->width, sites.rows(), map->places.size()});
    sites.places.insert(sites.places.end(), map->places.begin(), map->places.end());
    for (const std::uint8_t charge : map->charges) {
      values->push_back(static_cast<float>(charge) / 255.0F);
    }
  }
  return sites;
}

Sites outputs_of(const Sites& in, const Window& window) {
  if (window.keeps_places()) return in;
  Sites out;
  std::vector<std::uint8_t> seen;
  for (const Sites::Map& map : in.maps) {
    Sites::Map next{window.out(map.height), window.out(map.width), out.rows(), 0};
    seen.assign(static_cast<std::size_t>(next.height) * static_cast<std::size_t>(next.width), 0);
    // Output o sees input i where stride * o - pad <= i < stride * o - pad + kernel.
    const auto first = [&](int i) {
      return std::max(0, (i + window.pad - window.kernel + window.stride) / window.stride);
    };
    const auto last = [&](int i, int side) {
      return std::min(side - 1, (i + window.pad) / window.stride);
    };
    for (std::size_t row = map.first; row < map.first + map.count; ++row) {
      const int y = in.places[row] / map.width;
      const int x = in.places[row] % map.width;
      for (int oy = first(y); oy <= last(y, next.height); ++oy) {
        for (int ox = first(x); ox <= last(x, next.width); ++ox) {
          seen[static_cast<std::size_t>(oy) * static_cast<std::size_t>(next.width) +
               static_cast<std::size_t>(ox)] = 1;
        }
      }
    }
    for (std::size_t place = 0; place < seen.size(); ++place) {
      if (seen[place] != 0) out.places.push_back(static_cast<std::int32_t>(place));
    }
    next.count = out.rows() - next.first;
    out.maps.push_back(next);
  }
  return out;
}

std::vector<std::int32_t> neighbours(const Sites& in, const Sites& out, const Window& window) {
  std::vector<std::int32_t> table(out.rows() * static_cast<std::size_t>(window.taps()));
  Grid grid;
  std::int32_t* entry = table.data();
  for (std::size_t m = 0; m < out.maps.size(); ++m) {
    const Sites::Map& map = out.maps[m];
    grid.fill(in, in.maps[m]);
    for (std::size_t row = map.first; row < map.first + map.count; ++row) {
      const int top = out.places[row] / map.width * window.stride - window.pad;
      const int left = out.places[row] % map.width * window.stride - window.pad;
      for (int y = 0; y < window.kernel; ++y) {
        for (int x = 0; x < window.kernel; ++x) *entry++ = grid.at(top + y, left + x);
      }
    }
  }
  return table;
}

Sites unite(const Sites& in, std::span<const std::size_t> sizes, std::vector<std::int32_t>* table) {
  const std::size_t widest = sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end());
  Sites out;
  table->clear();
  std::vector<Grid> grids(widest);
  std::size_t first = 0;
  for (const std::size_t size : sizes) {
    Sites::Map map{0, 0, out.rows(), 0};
    for (std::size_t v = 0; v < size; ++v) {
      map.height = std::max(map.height, in.maps[first + v].height);
      map.width = std::max(map.width, in.maps[first + v].width);
      grids[v].fill(in, in.maps[first + v]);
    }
    std::vector<std::int32_t> places;
    for (std::size_t v = 0; v < size; ++v) {
      const Sites::Map& one = in.maps[first + v];
      for (std::size_t row = one.first; row < one.first + one.count; ++row) {
        places.push_back(in.places[row] / one.width * map.width + in.places[row] % one.width);
      }
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const std::int32_t place : places) {
      for (std::size_t v = 0; v < widest; ++v) {
        table->push_back(v < size ? grids[v].at(place / map.width, place % map.width) : -1);
      }
    }
    map.count = places.size();
    out.places.insert(out.places.end(), places.begin(), places.end());
    out.maps.push_back(map);
    first += size;
  }
  return out;
}

const std::vector<std::int32_t>& SitePath::through(const Window& window) {
  for (const Taken& step : taken_) {
    if (step.from != sites_ || !(step.window == window)) continue;
    sites_ = step.to;
    return *step.table;
  }
  std::shared_ptr<const Sites> to =
      window.keeps_places() ? sites_ : std::make_shared<const Sites>(outputs_of(*sites_, window));
  taken_.push_back(
      {sites_, window, to,
       std::make_unique<const std::vector<std::int32_t>>(neighbours(*sites_, *to, window))});
  sites_ = std::move(to);
  return *taken_.back().table;
}

}  // namespace firstlight::nn
