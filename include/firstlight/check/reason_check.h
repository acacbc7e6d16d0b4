#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/eval/intervals.h"
#include "firstlight/model/reason.h"
#include "firstlight/task/vocabulary.h"

namespace firstlight {

/// Whether what a model's reasons say of a sample is true of it.
struct ReasonSettings {
  /// Also give every sample the pictures of another one, drawn at random: reasons that come from
  /// the pictures must then agree less.
  bool exchange = false;
  std::uint64_t seed = 1;  ///< of the exchange
  ReasonWriter writer = {};
};

/// Statements about one attribute, or about all, of samples whose truth is known for it.
struct ReasonAgreement {
  std::size_t known = 0;   ///< attributes of samples whose truth is known
  std::size_t stated = 0;  ///< of these, those that the reason speaks of
  Estimate agreement;      ///< fraction of the stated ones that are true
};

struct ReasonRow {
  std::string attribute;  ///< "all" for all together; its intervals are resampled by sample
  ReasonAgreement all;
  ReasonAgreement right;      ///< samples whose label is right
  ReasonAgreement wrong;      ///< and those whose label is wrong
  ReasonAgreement exchanged;  ///< with the pictures of another sample
};

struct ReasonCheck {
  std::size_t n = 0;
  std::size_t failed = 0;
  std::size_t without_truth = 0;
  double level = 0.95;
  bool exchange = false;
  Estimate accuracy;            ///< of the labels
  std::vector<ReasonRow> rows;  ///< by attribute, `all` first
  struct Example {
    std::string id;
    std::string label;  ///< class key
    std::string reason;
  };
  std::vector<Example> examples;  ///< the first few samples
};

/// The vocabulary of a task whose reasons `classifier` writes. Throws Error::usage where no
/// vocabulary has the task or the model writes no text.
Vocabulary vocabulary_for_reasons(const Task& task, const Classifier& classifier);

/// The reason of each sample is written after its scored label (classify --reasons). Throws
/// Error::usage where no vocabulary has the task or the model writes no text, and as run_trials.
ReasonCheck check_reasons(const SampleSource& source, const Task& task,
                          const Classifier& classifier, const ReasonSettings& settings,
                          const CheckOptions& options);

std::string to_text(const ReasonCheck& check);
/// One JSON object (docs/checks.md).
std::string to_json(const ReasonCheck& check);

}  // namespace firstlight
