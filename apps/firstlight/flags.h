#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/data/source.h"
#include "firstlight/eval/evaluation.h"
#include "firstlight/hosted/options.h"
#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"
#include "firstlight/score/score.h"

/// Flags that several commands share: one word, one meaning.
namespace firstlight::app {

/// "i/k" with 0 <= i < k; throws Error::usage naming `flag`.
std::pair<int, int> parse_part(const std::string& text, const std::string& flag);

/// For options that count: digits only.
CLI::Validator whole_number();

/// Position of the sample with the id after --id; throws Error::usage where `data` has none.
std::size_t position_of(const SampleSource& source, const std::string& data, const std::string& id);

/// The places TASK and DATA.
void add_task_and_data(CLI::App& command, std::string& task, std::string& data,
                       const std::string& about_data = "where the samples are, as for classify");
/// --model.
void add_model_flag(CLI::App& command, std::string& model);
/// --batch.
void add_batch_flag(CLI::App& command, int& batch);
/// --threads: 0 takes every core.
void add_threads_flag(CLI::App& command, int& threads);
void use_threads(int threads);

/// --limit, --sample, --seed, --fold, --not-fold, --split, --shard.
class SelectionFlags {
 public:
  void add(CLI::App& command);
  Selection selection() const;
  /// The flags that were given, as settings of a run ("data.fold" = "0/5").
  std::vector<std::pair<std::string, std::string>> settings() const;

 private:
  std::optional<std::size_t> limit_;
  std::optional<std::size_t> sample_;
  std::optional<std::uint64_t> seed_;
  std::string fold_;
  std::string not_fold_;
  std::string split_;
  std::string shard_;
};

/// How a hosted model is asked: --key-file, --concurrency, --attempts, --timeout, --first-wait,
/// --requests-per-minute, --tokens-per-minute, --prices.
class ServerFlags {
 public:
  void add(CLI::App& command);
  const hosted::Options& options() const { return options_; }

 private:
  hosted::Options options_;
};

/// --normalisation; empty means the one that the run was made with.
void add_normalisation_flag(CLI::App& command, std::string& name);
/// --level and --resamples of an evaluation.
void add_level_flags(CLI::App& command, EvaluationOptions& options);
/// The same with --seed.
void add_interval_flags(CLI::App& command, EvaluationOptions& options);
/// --pass: which pass of a run is read.
void add_pass_flag(CLI::App& command, std::string& pass);
/// Throws Error::usage for an unknown name.
Normalisation parse_normalisation(const std::string& name);
/// The run's own interpretation, or with the normalisation that the user names.
Interpretation interpretation_from(const RunStore& run, const std::string& normalisation);

}  // namespace firstlight::app
