#include "firstlight/image/degrade.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/image/stretch.h"

namespace firstlight {
namespace {

constexpr double kWhite = 255.0;

void check(const Degradation& d) {
  const auto refuse = [](const std::string& what) { throw Error::usage("degrade", what); };
  if (!(d.resolution > 0 && d.resolution <= 1)) refuse("the resolution must lie in (0, 1]");
  if (!(d.noise >= 0 && std::isfinite(d.noise))) refuse("the noise must be 0 or more");
  if (!(d.dead >= 0 && d.dead <= 1)) refuse("the fraction of dead channels must lie in [0, 1]");
}

void add_noise(Image& image, double noise, Random& random) {
  for (std::uint8_t& value : image.pixels) {
    const double level = value + kWhite * noise * random.normal();
    value = static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.0, kWhite)));
  }
}

/// The median grey level of one channel, the lower of two.
std::uint8_t median(const Image& image, int channel) {
  std::vector<std::uint8_t> values;
  values.reserve(image.size() / static_cast<std::size_t>(image.channels));
  for (std::size_t i = static_cast<std::size_t>(channel); i < image.size();
       i += static_cast<std::size_t>(image.channels)) {
    values.push_back(image.pixels[i]);
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void kill_channels(Image& image, const Degradation& d, Random& random) {
  std::vector<int> lines(static_cast<std::size_t>(d.dead_rows ? image.height : image.width));
  std::iota(lines.begin(), lines.end(), 0);
  random.shuffle(lines);
  lines.resize(static_cast<std::size_t>(std::lround(d.dead * static_cast<double>(lines.size()))));
  const std::vector<std::uint8_t> background = median_colour(image);
  const int along = d.dead_rows ? image.width : image.height;
  for (const int line : lines) {
    for (int j = 0; j < along; ++j) {
      std::copy(background.begin(), background.end(),
                d.dead_rows ? image.at(j, line) : image.at(line, j));
    }
  }
}

}  // namespace

std::vector<std::uint8_t> median_colour(const Image& image) {
  std::vector<std::uint8_t> colour;
  for (int c = 0; c < image.channels; ++c) colour.push_back(median(image, c));
  return colour;
}

Image degrade(const Image& image, const Degradation& degradation, std::uint64_t seed) {
  check(degradation);
  Image result = image;
  if (image.size() == 0) return result;
  if (degradation.inverted) invert(result);
  if (degradation.resolution < 1) {
    const auto side = [&](int n) {
      return std::max(1, static_cast<int>(std::lround(n * degradation.resolution)));
    };
    result = resize(result, side(image.width), side(image.height), degradation.filter);
  }
  Random random(seed);
  if (degradation.noise > 0) add_noise(result, degradation.noise, random);
  if (degradation.dead > 0) kill_channels(result, degradation, random);
  if (degradation.inverted) invert(result);
  return result;
}

}  // namespace firstlight
