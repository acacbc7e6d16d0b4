#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/data/source.h"
#include "firstlight/model/classifier.h"
#include "firstlight/model/reason.h"
#include "firstlight/run/config.h"
#include "firstlight/run/store.h"
#include "firstlight/score/domain.h"
#include "firstlight/score/score.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// How a source is run through a classifier.
struct RunOptions {
  std::vector<Pass> passes = {Pass{}};  ///< in this order; must hold main
  Normalisation normalisation = Normalisation::kSum;
  /// Truth values that mean "no truth", compared without regard to case.
  std::vector<std::string> ignore_truth;
  /// Tokens of free text that the model writes about each sample in the main prompt, beside its
  /// scores; 0 = none. The label that it names is found by match_free_text().
  int free_text = 0;
  /// What the pictures are compared with (score/domain.h); none = not compared.
  std::optional<DomainCheck> domain = std::nullopt;
  /// How the model gives the reason for the label of each sample; none = it gives none.
  std::optional<ReasonWriter> reasons = std::nullopt;
  int batch = 8;    ///< samples that the model gets at once, >= 1; does not change a number
  int loaders = 1;  ///< threads that decode and prepare ahead of the model, >= 1
  const std::atomic<bool>* stop = nullptr;  ///< set from a signal handler to end early
  ProgressSink progress;
  /// Called whenever all samples that were scored so far are on disk.
  std::function<void()> committed;
};

/// What is known of a source before the first picture is decoded.
struct SourceSurvey {
  std::size_t samples = 0;
  std::size_t with_truth = 0;   ///< samples whose truth names a class
  std::size_t backgrounds = 0;  ///< samples whose truth names a background of the task
  std::string ids_sha256;       ///< over ids and truths, in order
};
/// Reads all ids and truths. Throws Error::usage where a truth names no class and is not in
/// `ignore_truth` (the message lists the values found with their counts), and Error::input where
/// two samples have the same id.
SourceSurvey survey(const SampleSource& source, const Task& task,
                    const std::vector<std::string>& ignore_truth);

/// Whether the data have what the task shows, going by the first sample that can be read: its
/// views, and the columns that its prompts name. Throws Error::usage, with the task's file and line
/// for a column, where they do not, or where a column is truth.
void check_data(const SampleSource& source, const Task& task);

/// Decodes sample `position` of `source` and prepares its views as a run does; the cause where that
/// fails.
Result<PreparedSample> prepare_sample(const SampleSource& source, const Task& task,
                                      std::size_t position);

/// Examples for a prompt: `per_class` samples of each class, drawn by hash of seed and id among
/// those whose truth names it, one of each class after the other. Throws Error::usage where a class
/// has too few, and the cause where one cannot be read.
std::vector<Shot> choose_shots(const SampleSource& source, const Task& task, int per_class,
                               std::uint64_t seed, const std::vector<std::string>& ignore_truth);

/// The settings that decide the numbers of a run; the caller adds what it knows of the selection
/// ("data.limit", ...). `model_spec` and `data_spec` are as the user wrote them. Throws
/// Error::usage for the normalisation kPmi without a pass that measures the prior.
RunConfig make_run_config(const Task& task, const Classifier& classifier,
                          const std::string& model_spec, const std::string& data_spec,
                          const SourceSurvey& survey, const RunOptions& options);

/// `parent`/TASK-HASH, the hash being that of the settings: the same command finds its run again,
/// and another configuration gets another folder.
std::string default_run_folder(const std::string& parent, const RunConfig& config);

struct RunSummary {
  std::uint64_t before = 0;   ///< samples that the run held already
  std::uint64_t written = 0;  ///< samples added now
  std::uint64_t failed = 0;   ///< of all samples in the run
  bool interrupted = false;
  double seconds = 0.0;
};

/// Classifies the samples of `source` that `store` does not hold yet. Threads decode and prepare
/// ahead within a bounded window; the model is called from the calling thread; rows are written in
/// order and committed about once a second. A sample that fails is recorded with its cause. Throws
/// Error::conflict where the source does not continue what the store holds, and what
/// RunStore::commit throws.
RunSummary run_classifier(const SampleSource& source, const Classifier& classifier, RunStore& store,
                          const RunOptions& options);

}  // namespace firstlight
