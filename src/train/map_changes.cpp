#include <algorithm>
#include <cmath>
#include <numeric>

#include "firstlight/train/map_pool.h"

namespace firstlight::train {
namespace {

using nn::ChargeMap;

/// Where a site goes: coordinates are swapped, then mirrored, then moved.
struct Move {
  bool transpose = false;
  bool flip_vertical = false;
  bool flip_horizontal = false;
  int down = 0;
  int right = 0;
};

/// Sites brought back into ascending order; `places` below 0 are left out.
void sort_sites(ChargeMap& map, int channels) {
  const auto width = static_cast<std::size_t>(channels);
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i < map.places.size(); ++i) {
    if (map.places[i] >= 0) order.push_back(static_cast<std::uint32_t>(i));
  }
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return map.places[a] < map.places[b];
  };
  std::sort(order.begin(), order.end(), before);
  ChargeMap sorted{map.height, map.width, {}, {}};
  sorted.places.reserve(order.size());
  sorted.charges.reserve(order.size() * width);
  for (const std::uint32_t i : order) {
    sorted.places.push_back(map.places[i]);
    const auto first = map.charges.begin() + static_cast<std::ptrdiff_t>(i * width);
    sorted.charges.insert(sorted.charges.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  map = std::move(sorted);
}

void move_sites(ChargeMap& map, const Move& move, int channels) {
  const int old_width = map.width;
  if (move.transpose) std::swap(map.height, map.width);
  for (std::int32_t& place : map.places) {
    int y = place / old_width;
    int x = place % old_width;
    if (move.transpose) std::swap(y, x);
    if (move.flip_vertical) y = map.height - 1 - y;
    if (move.flip_horizontal) x = map.width - 1 - x;
    y += move.down;
    x += move.right;
    const bool inside = y >= 0 && x >= 0 && y < map.height && x < map.width;
    place = inside ? y * map.width + x : -1;
  }
  sort_sites(map, channels);
}

void scale_charges(ChargeMap& map, double factor) {
  for (std::uint8_t& charge : map.charges) {
    if (charge == 0) continue;
    charge = static_cast<std::uint8_t>(std::clamp(std::lround(charge * factor), 1L, 255L));
  }
}

void lose_sites(ChargeMap& map, double fraction, int channels, Random& random) {
  for (std::int32_t& place : map.places) {
    if (random.chance(fraction)) place = -1;
  }
  sort_sites(map, channels);
}

}  // namespace

ChargeMap coarser(const ChargeMap& map, int side, int channels) {
  const auto width = static_cast<std::size_t>(channels);
  ChargeMap result;
  result.height = (map.height + side - 1) / side;
  result.width = (map.width + side - 1) / side;
  ChargeMap moved{result.height, result.width, map.places, map.charges};
  for (std::int32_t& place : moved.places) {
    place = place / map.width / side * result.width + place % map.width / side;
  }
  sort_sites(moved, channels);
  for (std::size_t i = 0; i < moved.places.size(); ++i) {
    const std::uint8_t* charge = moved.charges.data() + i * width;
    if (result.places.empty() || result.places.back() != moved.places[i]) {
      result.places.push_back(moved.places[i]);
      result.charges.insert(result.charges.end(), charge, charge + width);
      continue;
    }
    std::uint8_t* top = result.charges.data() + result.charges.size() - width;
    for (std::size_t c = 0; c < width; ++c) top[c] = std::max(top[c], charge[c]);
  }
  return result;
}

std::vector<ChargeMap> changed(const MapSample& sample, const MapChanges& changes, int channels,
                               Random& random) {
  using Flip = MapChanges::Flip;
  std::vector<ChargeMap> views = sample.views;
  Move together;
  if (changes.flip_vertical == Flip::kTogether) together.flip_vertical = random.chance(0.5);
  if (changes.flip_horizontal == Flip::kTogether) together.flip_horizontal = random.chance(0.5);
  if (changes.quarter_turns) {
    together.transpose = random.chance(0.5);
    together.flip_vertical = random.chance(0.5);
    together.flip_horizontal = random.chance(0.5);
  }
  const auto step = [&] {
    return static_cast<int>(random.below(2 * static_cast<std::uint64_t>(changes.shift) + 1)) -
           changes.shift;
  };
  const double coarse = random.uniform();
  const double factor = changes.charge > 0 ? std::exp(random.normal(0, changes.charge)) : 1.0;
  const double lost = changes.lost > 0 ? random.uniform(0, changes.lost) : 0.0;
  for (ChargeMap& view : views) {
    Move move = together;
    if (changes.flip_vertical == Flip::kEach) move.flip_vertical = random.chance(0.5);
    if (changes.flip_horizontal == Flip::kEach) move.flip_horizontal = random.chance(0.5);
    if (changes.shift > 0) {
      move.down = step();
      move.right = step();
    }
    move_sites(view, move, channels);
    if (lost > 0) lose_sites(view, lost, channels, random);
    if (coarse < changes.quarter) {
      view = coarser(view, 4, channels);
    } else if (coarse < changes.quarter + changes.half) {
      view = coarser(view, 2, channels);
    }
    if (factor != 1.0) scale_charges(view, factor);
  }
  return views;
}

}  // namespace firstlight::train
