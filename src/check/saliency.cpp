#include "firstlight/check/saliency.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "firstlight/image/degrade.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

/// Paints the square over; false where that changes nothing.
bool paint(Image& image, int row, int column, int patch, const std::vector<std::uint8_t>& colour) {
  bool changed = false;
  for (int y = row * patch; y < std::min(image.height, (row + 1) * patch); ++y) {
    for (int x = column * patch; x < std::min(image.width, (column + 1) * patch); ++x) {
      std::uint8_t* pixel = image.at(x, y);
      for (int c = 0; c < image.channels; ++c) {
        changed = changed || pixel[c] != colour[static_cast<std::size_t>(c)];
        pixel[c] = colour[static_cast<std::size_t>(c)];
      }
    }
  }
  return changed;
}

double log_probability(const LabelScores& scores, ClassId of) {
  const std::vector<double> log_scores = label_log_scores(scores, Normalisation::kSum);
  return log_scores.at(of.index()) - log_sum_exp(log_scores);
}

}  // namespace

Result<std::vector<SaliencyMap>> occlusion(const Classifier& classifier,
                                           const PreparedSample& sample, ClassId of, int patch,
                                           int batch) {
  if (patch < 1) throw Error::usage("--patch", "a patch has at least one pixel");
  const auto whole = classifier.classify(std::span(&sample, 1), Pass{});
  if (!whole.front()) return whole.front().error();
  const double before = log_probability(whole.front().value(), of);
  std::vector<SaliencyMap> maps;
  struct Place {
    std::size_t map;
    std::size_t index;
  };
  std::vector<PreparedSample> waiting;
  std::vector<Place> places;
  const auto score = [&]() -> std::optional<Error> {
    if (waiting.empty()) return std::nullopt;
    const auto results = classifier.classify(waiting, Pass{});
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) return results[i].error();
      maps[places[i].map].values[places[i].index] =
          before - log_probability(results[i].value(), of);
    }
    waiting.clear();
    places.clear();
    return std::nullopt;
  };
  for (std::size_t v = 0; v < sample.views.size(); ++v) {
    const Image& image = sample.views[v].image;
    SaliencyMap map;
    map.view = sample.views[v].name;
    map.rows = (image.height + patch - 1) / patch;
    map.columns = (image.width + patch - 1) / patch;
    map.values.assign(static_cast<std::size_t>(map.rows) * static_cast<std::size_t>(map.columns),
                      0.0);
    maps.push_back(map);
    const auto colour = median_colour(image);
    for (int row = 0; row < map.rows; ++row) {
      for (int column = 0; column < map.columns; ++column) {
        PreparedSample without = sample;
        if (!paint(without.views[v].image, row, column, patch, colour)) continue;
        waiting.push_back(std::move(without));
        places.push_back({v, static_cast<std::size_t>(row) * map.columns + column});
        if (waiting.size() < static_cast<std::size_t>(std::max(1, batch))) continue;
        if (const auto error = score()) return *error;
      }
    }
  }
  if (const auto error = score()) return *error;
  return maps;
}

Image saliency_picture(const Image& view, const SaliencyMap& map) {
  double top = 0;
  for (const double value : map.values) top = std::max(top, std::abs(value));
  Image picture;
  picture.width = view.width;
  picture.height = view.height;
  picture.channels = 3;
  picture.pixels.resize(static_cast<std::size_t>(view.width) * view.height * 3);
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      const std::uint8_t* pixel = view.at(x, y);
      double grey = 0;
      for (int c = 0; c < view.channels; ++c) grey += pixel[c] / static_cast<double>(view.channels);
      const auto row =
          static_cast<std::size_t>(static_cast<std::int64_t>(y) * map.rows / view.height);
      const auto column =
          static_cast<std::size_t>(static_cast<std::int64_t>(x) * map.columns / view.width);
      const double value =
          top > 0 ? map.values[row * static_cast<std::size_t>(map.columns) + column] / top : 0.0;
      const double strength = 0.65 * std::abs(value);
      const std::array<double, 3> tint =
          value >= 0 ? std::array<double, 3>{220, 40, 30} : std::array<double, 3>{40, 80, 220};
      for (std::size_t c = 0; c < 3; ++c) {
        picture.at(x, y)[c] =
            static_cast<std::uint8_t>(std::lround((1 - strength) * grey + strength * tint[c]));
      }
    }
  }
  return picture;
}

}  // namespace firstlight
