#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "selection.h"

namespace firstlight {
namespace {

constexpr int kMaxBins = 1000;
constexpr std::size_t kMaxTexts = 100;

std::optional<std::vector<double>> parse_numbers(std::string_view list) {
  std::vector<double> numbers;
  for (const std::string& item : text::split(list, ',')) {
    const auto number = text::parse_double(text::trim(item));
    if (!number || !std::isfinite(*number)) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

/// Sums of weights and of their squares.
struct Sums {
  double weight = 0;
  double squares = 0;
  double right = 0;

  void add(double w, bool is_right) {
    weight += w;
    squares += w * w;
    if (is_right) right += w;
  }
  Estimate efficiency_of(double level, const std::string& undefined) const {
    return efficiency(right, weight, squares, level, undefined);
  }
};

struct BinSums {
  explicit BinSums(std::size_t classes) : by_truth(classes), by_label(classes) {}
  Sums all;
  std::vector<Sums> by_truth;
  std::vector<Sums> by_label;
};

/// Edges as numpy.histogram makes them; empty where there is nothing to bin.
std::vector<double> equal_edges(const std::vector<double>& values, int bins) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low <= high)) return {};
  if (low == high) {
    low -= 0.5;
    high += 0.5;
  }
  std::vector<double> edges;
  for (int i = 0; i <= bins; ++i) edges.push_back(low + i * ((high - low) / bins));
  edges.back() = high;
  return edges;
}

/// The bin of `value`, or nullopt outside the edges.
std::optional<std::size_t> place_among(const std::vector<double>& edges, double value) {
  if (value < edges.front() || value > edges.back()) return std::nullopt;
  const auto above = std::upper_bound(edges.begin(), edges.end(), value);
  const auto bin = static_cast<std::size_t>(above - edges.begin()) - 1;
  return std::min(bin, edges.size() - 2);
}

/// The empty bins of a column, and the bin of each sample.
struct Layout {
  Against against;
  std::vector<std::optional<std::size_t>> bin;
};

Layout lay_out_texts(const ColumnValues& column) {
  Layout layout;
  layout.against.texts = true;
  std::set<std::string> distinct(column.texts.begin(), column.texts.end());
  distinct.erase("");
  if (distinct.size() > kMaxTexts) {
    throw Error::usage("--against " + column.binning.column,
                       "holds " + std::to_string(distinct.size()) + " different texts, more than " +
                           std::to_string(kMaxTexts),
                       "name a column of numbers, or one with few values");
  }
  std::vector<std::string> values(distinct.begin(), distinct.end());
  std::sort(values.begin(), values.end(), text::natural_less);
  for (const std::string& value : values) layout.against.bins.emplace_back().value = value;
  for (const std::string& value : column.texts) {
    const auto found = std::find(values.begin(), values.end(), value);
    if (found == values.end()) {
      ++layout.against.missing;
      layout.bin.emplace_back();
    } else {
      layout.bin.emplace_back(static_cast<std::size_t>(found - values.begin()));
    }
  }
  return layout;
}

Layout lay_out_numbers(const ColumnValues& column) {
  Layout layout;
  const std::vector<double> edges = column.binning.edges.empty()
                                        ? equal_edges(column.numbers, column.binning.bins)
                                        : column.binning.edges;
  for (std::size_t b = 0; b + 1 < edges.size(); ++b) {
    AgainstBin& bin = layout.against.bins.emplace_back();
    bin.low = edges[b];
    bin.high = edges[b + 1];
  }
  for (const double value : column.numbers) {
    if (!std::isfinite(value)) {
      ++layout.against.missing;
      layout.bin.emplace_back();
      continue;
    }
    layout.bin.push_back(place_among(edges, value));
    if (!layout.bin.back()) ++layout.against.outside;
  }
  return layout;
}

Against against_column(const EvaluationInput& input, const ColumnValues& column,
                       std::size_t classes, double level) {
  Layout layout = column.texts.empty() ? lay_out_numbers(column) : lay_out_texts(column);
  Against& result = layout.against;
  result.column = column.binning.column;
  result.unit = column.unit;
  if (result.bins.empty()) {
    throw Error::usage("--against " + result.column, "no labelled sample has a value to bin");
  }
  std::vector<BinSums> sums(result.bins.size(), BinSums(classes));
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    if (!layout.bin[i]) continue;
    BinSums& bin = sums[*layout.bin[i]];
    const double weight = input.weights.empty() ? 1.0 : input.weights[i];
    const bool right = input.truth[i] == input.predicted[i];
    bin.all.add(weight, right);
    bin.by_truth[input.truth[i].index()].add(weight, right);
    bin.by_label[input.predicted[i].index()].add(weight, right);
  }
  for (std::size_t b = 0; b < sums.size(); ++b) {
    AgainstBin& bin = result.bins[b];
    bin.count = sums[b].all.weight;
    bin.accuracy = sums[b].all.efficiency_of(level, "no samples in the bin");
    for (std::size_t k = 0; k < classes; ++k) {
      bin.efficiency.push_back(
          sums[b].by_truth[k].efficiency_of(level, "no samples of this class in the bin"));
      bin.purity.push_back(
          sums[b].by_label[k].efficiency_of(level, "no sample in the bin has this label"));
    }
  }
  return result;
}

}  // namespace

Binning parse_binning(std::string_view text) {
  Binning binning;
  const std::size_t colon = text.rfind(':');
  const auto numbers =
      colon == std::string_view::npos ? std::nullopt : parse_numbers(text.substr(colon + 1));
  binning.column = std::string(numbers ? text.substr(0, colon) : text);
  const std::string where = "--against " + std::string(text);
  if (binning.column.empty()) throw Error::usage(where, "names no column", "COLUMN:N");
  if (!numbers) return binning;
  if (numbers->size() == 1) {
    const double bins = numbers->front();
    if (bins != std::floor(bins) || bins < 1 || bins > kMaxBins) {
      throw Error::usage(where, "the number of bins must be 1 to " + std::to_string(kMaxBins));
    }
    binning.bins = static_cast<int>(bins);
    return binning;
  }
  if (std::adjacent_find(numbers->begin(), numbers->end(), std::greater_equal<>()) !=
      numbers->end()) {
    throw Error::usage(where, "the edges of bins must ascend");
  }
  if (numbers->size() > kMaxBins + 1) {
    throw Error::usage(where, "more than " + std::to_string(kMaxBins) + " bins");
  }
  binning.edges = *numbers;
  return binning;
}

std::vector<Against> against_columns(const EvaluationInput& input, std::size_t classes,
                                     const EvaluationOptions& options) {
  std::vector<Against> result;
  for (const ColumnValues& column : input.against) {
    result.push_back(against_column(input, column, classes, options.level));
  }
  return result;
}

}  // namespace firstlight
