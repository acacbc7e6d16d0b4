#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/class_id.h"

namespace firstlight {

/// How confidence is brought in line with the fraction right. Both are fitted on samples that are
/// in no figure afterwards. Formulas: docs/evaluation.md.
enum class CalibrationMethod {
  kTemperature,  ///< p_k to the power 1/T, renormalised (Guo et al. 2017, arXiv:1706.04599)
  kPlatt,        ///< p_k^a exp(b_k), renormalised: for two classes Platt's (1999) sigmoid
};
std::string to_string(CalibrationMethod method);
std::optional<CalibrationMethod> calibration_method(std::string_view name);

struct Calibration {
  CalibrationMethod method = CalibrationMethod::kTemperature;
  double slope = 1;             ///< a, or 1/T; > 0 for temperature
  std::vector<double> offsets;  ///< b by class, sum 0; empty for temperature
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// The calibrated probabilities of one sample; probabilities below 1e-308 count as that.
std::vector<double> calibrate(const Calibration& calibration,
                              std::span<const double> probabilities);

/// The calibration that gives `truth` the greatest likelihood. `probabilities` holds a row of
/// `classes` a sample. Temperature lies in [1e-3, 1e3]: where every label is right the likelihood
/// grows without end. Platt's targets are smoothed as in his paper, (n_k + 1) / (n_k + classes) for
/// the true class and 1 / (n_k + classes) for each other, so that its parameters are finite. Throws
/// Error::usage without samples or where sizes do not fit.
Calibration fit_calibration(CalibrationMethod method, std::span<const double> probabilities,
                            std::size_t classes, std::span<const ClassId> truth);

/// Split conformal prediction (Vovk et al. 2005; Sadinle, Lei & Wasserman 2019): the sets of
/// classes with at least this probability hold the truth of a new sample of the same kind with a
/// probability of at least `coverage`, whatever the model. 0 (every class) where there are too few
/// samples for it. Throws as fit_calibration, and where `coverage` is not in (0, 1).
double conformal_threshold(std::span<const double> probabilities, std::size_t classes,
                           std::span<const ClassId> truth, double coverage);

/// The classes with at least the probability `threshold`.
std::vector<ClassId> conformal_set(std::span<const double> probabilities, double threshold);

}  // namespace firstlight
