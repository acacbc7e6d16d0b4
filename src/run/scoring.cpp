#include "scoring.h"

#include <string>
#include <utility>
#include <vector>

#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/run/prediction.h"
#include "firstlight/score/label_text.h"
#include "firstlight/task/prompt.h"

namespace firstlight::run_detail {
namespace {

/// Turns the record into a failed one, which keeps no result.
void fail(SampleRecord& record, const std::string& problem) {
  record.ok = false;
  record.error = record.id + ": " + problem;
  record.scores.clear();
  record.domain_score.reset();
}

/// Takes over what a pass gave for a sample; a failure turns the record into a failed one.
void take(const Pass& pass, Result<LabelScores>&& result, SampleRecord& record) {
  std::string problem;
  if (!result) {
    problem = result.error().what();
  } else {
    LabelScores scores = std::move(result).value();
    if (scores.server) {
      problem = scores.server->problem;
      record.server.push_back({pass.name(), *std::move(scores.server)});
      scores.server.reset();
    }
    scores.features = {};  // used up: what is kept of them is the record's domain_score
    if (record.ok && problem.empty()) record.scores.push_back({pass.name(), std::move(scores)});
  }
  if (record.ok && !problem.empty()) fail(record, problem);
}

/// Writes down how far the pictures are from those that the model was trained on.
void compare_pictures(const DomainCheck& domain, const LabelScores& scores, SampleRecord& record) {
  if (scores.features.empty() || domain.domains.empty()) return;
  record.domain_score = domain.score(scores.features);
}

/// Lets the model write about a sample, and reads the label that its text gives.
void write_text(const PreparedSample& sample, const Classifier& classifier, int tokens,
                const std::vector<std::string>& answers, SampleRecord& record) {
  const Result<Generated> written = classifier.generate(sample, {.max_tokens = tokens});
  if (!written) {
    fail(record, written.error().what());
    return;
  }
  const Generated& text = written.value();
  record.free_text = {clean_text(text.text), static_cast<std::int64_t>(text.token_ids.size()),
                      text.ended, match_free_text(text.text, answers)};
}

/// Lets the model give the reason for the label that its scores made.
void write_reason(const PreparedSample& sample, const Classifier& classifier,
                  const RunOptions& options, SampleRecord& record) {
  const Prediction found = predict(record, {options.normalisation, true});
  Result<std::string> reason = options.reasons->write(classifier, sample, found.label,
                                                      found.probabilities[found.label.index()]);
  if (!reason) {
    fail(record, reason.error().what());
    return;
  }
  record.explanation = std::move(reason).value();
}

}  // namespace

std::size_t score_samples(std::span<const PreparedSample> samples,
                          std::span<SampleRecord* const> records, const Classifier& classifier,
                          const Task& task, const RunOptions& options) {
  std::size_t count = samples.size();
  for (const Pass& pass : options.passes) {
    if (count == 0) break;
    auto results = classifier.classify(samples.first(count), pass);
    for (std::size_t k = 0; k < count; ++k) {
      if (!results[k] && results[k].error().kind() == ErrorKind::kStopped) {
        count = k;
        break;
      }
      if (results[k] && pass == Pass{} && options.domain) {
        compare_pictures(*options.domain, results[k].value(), *records[k]);
      }
      take(pass, std::move(results[k]), *records[k]);
    }
  }
  if (options.free_text > 0) {
    const std::vector<std::string> answers = render_answers(task, {});
    for (std::size_t k = 0; k < count; ++k) {
      if (!records[k]->ok) continue;
      write_text(samples[k], classifier, options.free_text, answers, *records[k]);
    }
  }
  if (options.reasons) {
    for (std::size_t k = 0; k < count; ++k) {
      if (records[k]->ok) write_reason(samples[k], classifier, options, *records[k]);
    }
  }
  return count;
}

}  // namespace firstlight::run_detail
