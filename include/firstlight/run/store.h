#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/data/sample.h"
#include "firstlight/data/source.h"
#include "firstlight/run/config.h"
#include "firstlight/score/calibration.h"
#include "firstlight/score/label_scores.h"
#include "firstlight/score/score.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// What a model said of a sample in one pass.
struct PassScores {
  std::string pass;  ///< Pass::name(): "main", "blank", "order_k", ...
  LabelScores scores;
};

/// What a server said of a sample in one pass, whether or not scores could be read from it.
struct PassServerAnswer {
  std::string pass;
  ServerAnswer answer;
};

/// The small requests by which a hosted model found out what its server offers.
struct ServerProbes {
  std::uint64_t requests = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::optional<double> cost_usd;  ///< where the price is known
};

/// What the requests behind a run came to: each counted once, whatever the number of rows that it
/// served. Tokens and cost are those of answers and probes.
struct ServerTotals {
  std::uint64_t answers = 0;
  std::uint64_t probes = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  double cost_usd = 0.0;                  ///< of those whose price is known
  std::uint64_t unpriced = 0;             ///< answers whose price is not known
  std::vector<std::string> models;        ///< dated names, sorted
  std::vector<std::string> fingerprints;  ///< sorted
  double largest_outside = 0.0;           ///< of kTop20 answers
  std::vector<std::string> left_out;      ///< fields of requests that the server refuses, sorted
};

/// What a model wrote about a sample, beside its scores.
struct FreeText {
  std::string text;
  std::int64_t tokens = 0;
  bool ended = false;            ///< by itself; else it was cut off
  std::optional<ClassId> label;  ///< match_free_text() with the task's answers
  friend bool operator==(const FreeText&, const FreeText&) = default;
};

/// One row of a run: what is known of a sample, and its scores of all passes.
struct SampleRecord {
  std::uint64_t position = 0;  ///< place in the run's selection, from 0
  std::string id;
  std::string origin;  ///< file (and row) it came from
  bool ok = true;
  std::string error;                 ///< the cause, where not ok
  std::optional<std::string> truth;  ///< as written in the source
  std::optional<ClassId> truth_class;
  std::vector<Metadata> metadata;
  /// What was done to each view before the model saw it: view -> name -> text.
  std::map<std::string, std::map<std::string, std::string>> prepared;
  std::uint64_t pixels_hash = 0;         ///< stable_hash64 of the prepared pixels; 0 where not ok
  double seconds = 0.0;                  ///< its share of the time for decoding and scoring
  std::vector<PassScores> scores;        ///< in the order of the run's passes; empty where not ok
  std::vector<PassServerAnswer> server;  ///< of hosted models, by pass; also where not ok
  std::optional<FreeText> free_text;     ///< in runs with the setting free_text, where ok
  /// DomainCheck::score() of the pictures, in runs with the setting domain.false_alarms, where ok.
  std::optional<double> domain_score = std::nullopt;
  /// Why the label is the label, in the model's words: in runs with the setting reasons, where ok.
  std::optional<std::string> explanation;

  /// The scores of a pass, or nullptr.
  const LabelScores* find(const std::string& pass) const;
};

/// A small picture of a view as the model saw it.
struct Preview {
  std::string view;
  std::string jpeg;  ///< a JPEG file, longer side at most kPreviewSide
};
inline constexpr int kPreviewSide = 192;
/// Samples with previews in one run: as many as a report shows.
inline constexpr std::size_t kMaxPreviews = 400;

/// Why a sample's preview is kept: rivals are samples of the same kind and class, and those with
/// the lowest rank stay.
struct PreviewChoice {
  std::string kind;   ///< "typical" (a reservoir by hash of the id) or "notable" (the most
                      ///< confident errors; without truth, the least confident samples)
  std::string group;  ///< class key
  double rank = 0.0;
};

/// How the probabilities of a run are brought in line with the fraction right, and the sets that
/// hold the truth with a given probability: fitted on another run (run/calibration.h), or brought
/// by the model (run/model_calibration.h).
struct RunCalibration {
  Calibration calibration;
  double coverage = 0.9;       ///< of the conformal sets
  double set_threshold = 0.0;  ///< classes with at least this (uncalibrated) probability are in
  Normalisation normalisation = Normalisation::kSum;  ///< of the probabilities that it is for
  bool average_passes = true;                         ///< the same
  std::size_t samples = 0;                            ///< that it was fitted on
  std::string run;  ///< folder that it was fitted on; the data, where the model brings it
};

/// A run folder: run.sqlite with everything, and task.yaml and config.json as used, for people.
///
/// Tables: run(key, value); sample (a row a sample, written once, in order of position); score (a
/// row for a sample and a pass); server_answer (hosted models: a row for a sample and a pass);
/// free_text, explanation and domain, in runs with these settings; preview and preview_choice;
/// calibration, where one was applied (run/calibration.h). One writer at a time, held by a lock
/// file; any number of readers meanwhile. An object is used by one thread at a time.
class RunStore {
 public:
  /// Makes the folder, or continues the run in it. Throws Error::conflict where the folder holds
  /// another configuration (the message names every key that differs, with both values) or another
  /// process writes it, and Error::internal where it cannot be written.
  static RunStore create(const std::string& folder, const RunConfig& config, const Task& task,
                         const std::vector<ColumnInfo>& columns);
  /// Opens a finished or unfinished run for reading. Throws Error::input.
  static RunStore open(const std::string& folder);

  ~RunStore();
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;

  const std::string& folder() const;
  const RunConfig& config() const;
  const Task& task() const;
  /// Metadata columns of the source, with units.
  const std::vector<ColumnInfo>& columns() const;

  /// Number of samples written; positions 0 to size() - 1.
  std::uint64_t size() const;
  std::uint64_t failed() const;
  /// What the answers of a hosted model came to; nullopt for a model that runs here.
  std::optional<ServerTotals> server_totals() const;
  /// The part of them that belongs to no sample.
  ServerProbes server_probes() const;
  /// Whether the answer to this request of a hosted model is in the tables.
  bool has_server_answer(const std::string& request) const;
  /// Whether every sample of the run's selection has been written.
  bool complete() const;

  /// A value of the table `run`, for instance "wall_seconds" or "peak_memory_bytes".
  std::optional<std::string> value(const std::string& key) const;
  std::map<std::string, std::string> values() const;
  /// The calibration that was applied to the run. Throws Error::input where it is damaged.
  std::optional<RunCalibration> calibration() const;

  /// Every sample in order of position, read as a stream: memory holds one at a time.
  void for_each(const std::function<void(const SampleRecord&)>& visit) const;
  /// One sample; nullopt beyond size().
  std::optional<SampleRecord> at(std::uint64_t position) const;
  /// Positions of the samples with previews, ascending, and why each was kept.
  std::map<std::uint64_t, std::vector<PreviewChoice>> previewed() const;
  /// The previews of a sample in order of its views; empty where none were kept.
  std::vector<Preview> previews(std::uint64_t position) const;

  /// Adds the next sample; `record.position` must be size(). `choices` says for what its previews
  /// compete; `make_previews` is called only if it wins a place. Kept on disk by commit().
  void append(const SampleRecord& record, const std::vector<PreviewChoice>& choices = {},
              const std::function<std::vector<Preview>()>& make_previews = {});
  void set_value(const std::string& key, const std::string& value);
  /// Takes the place of an earlier calibration. Kept on disk by commit().
  void set_calibration(const RunCalibration& calibration);
  /// Adds to what is known of the requests to a hosted model's server. Kept on disk by commit().
  void add_server_probes(const ServerProbes& probes);
  void add_server_left_out(const std::vector<std::string>& fields);
  /// Writes what append() and set_value() have added. Throws Error::internal, with what to do, for
  /// a full disk; the run then stands at the commit before and can be continued.
  void commit();
  /// Commits and folds the log into the one file run.sqlite, so that it can be copied or read from
  /// a read-only place.
  void finish();

 private:
  struct Impl;
  explicit RunStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstlight
