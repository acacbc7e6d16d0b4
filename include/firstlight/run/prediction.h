#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/run/store.h"
#include "firstlight/score/score.h"

namespace firstlight {

/// How stored log-probabilities are read; can be changed at any time without another pass.
struct Interpretation {
  Normalisation normalisation = Normalisation::kSum;
  /// Average over the passes order_k and orientation_k that the run holds, together with main. Not
  /// over order_k with kPmi, whose prior is measured in the main order.
  bool average_passes = true;
  /// The pass that is read. Another one than main is read by itself, as the check without
  /// descriptions needs it.
  std::string pass = "main";

  /// Used where it was fitted to probabilities of this normalisation and these passes, and the pass
  /// is main.
  std::optional<RunCalibration> calibration = std::nullopt;

  /// Whether `calibration` is there and fits the rest.
  bool is_calibrated() const;
};

/// What a run says of one sample.
struct Prediction {
  std::vector<double> probabilities;  ///< by ClassId; they sum to 1
  ClassId label;                      ///< the most likely class
  std::vector<double> calibrated;     ///< the same, calibrated; empty without calibration
  /// Classes that the truth is among with the coverage of the calibration; empty without one, and
  /// where no class is likely enough.
  std::vector<ClassId> conformal_set;
  double confidence() const { return probabilities[label.index()]; }
};

/// Reads a sample that is ok. Where the normalisation is kPmi the prior is the pass `blank`, or
/// `no_descriptions` where the run has no `blank`. Throws Error::usage where it has neither, or
/// lacks the pass that is read.
Prediction predict(const SampleRecord& record, const Interpretation& interpretation);

/// Whether the run compared its samples with what the model was trained on.
bool checks_domain(const RunStore& run);

/// What the row of a sample says where its picture or the names of the classes are unlike training
/// (domain_warning()); empty where nothing is, in runs that do not check, and for failed samples.
std::string warning_of(const RunStore& run, const SampleRecord& record);

/// The interpretation that the run was made with (its setting "normalisation"), with the
/// calibration that was applied to it.
Interpretation interpretation_of(const RunStore& run);

}  // namespace firstlight
