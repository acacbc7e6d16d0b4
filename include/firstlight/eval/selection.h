#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/eval/intervals.h"

/// What a physicist asks of a selection: a class is the signal, everything else the background.
/// Part of an Evaluation (evaluation.h); formulas: docs/evaluation.md.
namespace firstlight {

/// Samples of a class that is none of the task's, as a background that the model never had to name.
/// They are in no accuracy; they are tabulated apart and count as background in a significance.
struct BackgroundSamples {
  std::string key;
  std::vector<double> probabilities;  ///< samples x classes, row by row; each row sums to 1
  std::vector<double> weights;        ///< event weights, >= 0; empty = all 1
};

/// How the samples of a background class were labelled.
struct BackgroundMetrics {
  std::string key;
  double n = 0;                          ///< sum of weights
  std::vector<double> counts;            ///< by class: sum of weights of the samples with its label
  std::vector<Estimate> labelled;        ///< by class: the same over `n`, with `one_sigma`
  std::vector<double> mean_probability;  ///< by class; NaN without samples
};

/// The loosest cut on the probability of a class that accepts at most a given fraction of the rest.
struct WorkingPoint {
  double allowed_background = 0;  ///< the given fraction
  /// Samples with at least this probability are accepted; infinity where nothing may be.
  double threshold = std::numeric_limits<double>::infinity();
  Estimate efficiency;  ///< accepted fraction of the class, with `one_sigma`
  Estimate background;  ///< accepted fraction of the other classes, with `one_sigma`
  Estimate purity;      ///< fraction of the class among what is accepted, with `one_sigma`
};

/// Sums of weights times exposure behind a selection, and S / sqrt(S + B).
struct Significance {
  double threshold = 0;   ///< of the class's probability; 0 where the label selects
  double signal = 0;      ///< S
  double background = 0;  ///< B: other classes and background samples
  Estimate value;         ///< bootstrap interval, the threshold held fixed
};

/// One class as the signal.
struct SelectionMetrics {
  std::vector<WorkingPoint> working_points;  ///< in the order of the options
  Significance by_label;                     ///< samples with this label
  Significance best;  ///< the threshold with the largest value on these samples
};

/// A metadata column and the bins to look at.
struct Binning {
  std::string column;
  std::vector<double> edges;  ///< ascending; empty = `bins` of equal width from the least value
  int bins = 10;              ///< 1 to 1000
};
/// `COLUMN`, `COLUMN:N` or `COLUMN:E0,E1,...` (at least two ascending edges). What follows the last
/// colon is part of the name where it is no list of numbers. Throws Error::usage.
Binning parse_binning(std::string_view text);

/// Values of a metadata column, one a labelled sample: numbers (NaN where missing), or texts (empty
/// where missing), each distinct one a bin.
struct ColumnValues {
  Binning binning;
  std::string unit;
  std::vector<double> numbers;
  std::vector<std::string> texts;  ///< used where not empty
};

/// Samples whose value lies in [low, high), the last bin's upper edge included.
struct AgainstBin {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string value;                 ///< of a column of texts; low and high are then NaN
  double count = 0;                  ///< sum of weights
  Estimate accuracy;                 ///< with `one_sigma`, as the following
  std::vector<Estimate> efficiency;  ///< by class, among its samples in the bin
  std::vector<Estimate> purity;      ///< by class, among the samples in the bin with its label
};

/// Figures as a function of a metadata column.
struct Against {
  std::string column;
  std::string unit;
  bool texts = false;
  std::vector<AgainstBin> bins;
  std::size_t missing = 0;  ///< samples without a value
  std::size_t outside = 0;  ///< samples below the first edge or above the last
};

}  // namespace firstlight
