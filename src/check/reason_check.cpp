#include "firstlight/check/reason_check.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/run/runner.h"
#include "labelled.h"

namespace firstlight {
namespace {

using check_detail::Labelled;

constexpr std::size_t kExamples = 3;

/// What is said of one sample, by attribute: 1 true, 0 false, nullopt not stated or not known.
struct Judged {
  std::vector<bool> known;
  std::vector<std::optional<bool>> agrees;
  bool right_label = false;
  bool ok = false;
};

/// Sums over samples for one row of the table.
struct Tally {
  std::size_t known = 0;
  std::size_t stated = 0;
  std::size_t agree = 0;
  std::vector<double> by_sample;  ///< fraction that agrees, of samples that state something

  /// Attributes first to last - 1.
  void add(const Judged& judged, std::size_t first, std::size_t last) {
    std::size_t own_stated = 0;
    std::size_t own_agree = 0;
    for (std::size_t a = first; a < last; ++a) {
      if (!judged.known[a]) continue;
      ++known;
      if (!judged.agrees[a]) continue;
      ++own_stated;
      if (*judged.agrees[a]) ++own_agree;
    }
    stated += own_stated;
    agree += own_agree;
    if (own_stated > 0) {
      by_sample.push_back(static_cast<double>(own_agree) / static_cast<double>(own_stated));
    }
  }

  ReasonAgreement result(bool of_all, const EvaluationOptions& options) const {
    ReasonAgreement agreement{known, stated, {}};
    if (of_all && !by_sample.empty()) {
      // Statements about one sample go together.
      agreement.agreement = mean_estimate(by_sample, {}, options);
    } else {
      agreement.agreement = fraction(static_cast<double>(agree), static_cast<double>(stated),
                                     options.level, "nothing is stated");
    }
    return agreement;
  }
};

/// Another place for each of n, none its own (n > 1): a random cycle (Sattolo 1986).
std::vector<std::size_t> exchanged_places(std::size_t n, std::uint64_t seed) {
  std::vector<std::size_t> places(n);
  std::iota(places.begin(), places.end(), std::size_t{0});
  Random random(seed, 0);
  for (std::size_t i = n; i > 1; --i) std::swap(places[i - 1], places[random.below(i - 1)]);
  return places;
}

class Run {
 public:
  Run(const SampleSource& source, const Task& task, const Vocabulary& vocabulary,
      const Classifier& classifier, const ReasonWriter& writer, const CheckOptions& options)
      : source_(source),
        task_(task),
        vocabulary_(vocabulary),
        classifier_(classifier),
        writer_(writer),
        options_(options),
        samples_(check_detail::labelled_samples(source, task, options)) {}

  std::size_t size() const { return samples_.size(); }

  /// Judges sample i by what the model writes about the pictures of sample pictures[i].
  std::vector<Judged> judge(const std::vector<std::size_t>& pictures, std::size_t done,
                            std::size_t total, std::vector<ReasonCheck::Example>* examples) const {
    std::vector<Judged> judged(samples_.size());
    std::size_t ok = 0;
    check_detail::classify_each(
        samples_.size(), classifier_, options_.batch,
        {[&](std::size_t i) { return sample(i, pictures[i]); },
         [&](std::size_t i, const PreparedSample& prepared, const LabelScores& scores) {
           judge_one(i, prepared, scores, judged[i], examples);
           ok += judged[i].ok ? 1 : 0;
         },
         [&](std::size_t seen) {
           if (options_.progress) options_.progress({done + seen, total, seen - ok});
         }});
    return judged;
  }

 private:
  /// Sample i with the pictures of sample j.
  Result<PreparedSample> sample(std::size_t i, std::size_t j) const {
    Result<PreparedSample> own = prepare_sample(source_, task_, samples_[i].position);
    if (!own || j == i) return own;
    Result<PreparedSample> other = prepare_sample(source_, task_, samples_[j].position);
    if (!other) return other;
    own.value().views = std::move(other.value().views);
    return own;
  }

  void judge_one(std::size_t i, const PreparedSample& prepared, const LabelScores& scores,
                 Judged& judged, std::vector<ReasonCheck::Example>* examples) const {
    const auto chances = probabilities(scores, options_.normalisation);
    const ClassId label = most_likely(chances);
    const Result<std::string> written =
        writer_.write(classifier_, prepared, label, chances[label.index()]);
    if (!written) return;
    const std::string& key = task_.classes[samples_[i].truth.index()].key;
    const auto truth = vocabulary_.truth(key, prepared.metadata);
    const auto stated = vocabulary_.stated(written.value());
    for (std::size_t a = 0; a < truth.size(); ++a) {
      judged.known.push_back(truth[a].has_value());
      judged.agrees.push_back(truth[a] && stated[a] ? std::optional(*truth[a] == *stated[a])
                                                    : std::nullopt);
    }
    judged.right_label = label == samples_[i].truth;
    judged.ok = true;
    if (examples != nullptr && examples->size() < kExamples) {
      examples->push_back({prepared.id, task_.classes[label.index()].key, written.value()});
    }
  }

  const SampleSource& source_;
  const Task& task_;
  const Vocabulary& vocabulary_;
  const Classifier& classifier_;
  const ReasonWriter& writer_;
  const CheckOptions& options_;
  std::vector<Labelled> samples_;
};

}  // namespace

Vocabulary vocabulary_for_reasons(const Task& task, const Classifier& classifier) {
  auto vocabulary = Vocabulary::of_task(task.name);
  if (!vocabulary) {
    throw Error::usage("task '" + task.name + "'", "has no vocabulary of reasons",
                       "add one to share/tasks/vocabulary");
  }
  if (!classifier.capabilities().can_generate) {
    throw Error::usage(classifier.capabilities().name, "writes no text");
  }
  return *std::move(vocabulary);
}

ReasonCheck check_reasons(const SampleSource& source, const Task& task,
                          const Classifier& classifier, const ReasonSettings& settings,
                          const CheckOptions& options) {
  if (options.normalisation == Normalisation::kPmi) {
    throw Error::usage("--normalisation pmi", "a check has no prior pass");
  }
  const Vocabulary vocabulary = vocabulary_for_reasons(task, classifier);
  const Run run(source, task, vocabulary, classifier, settings.writer, options);
  ReasonCheck check;
  check.level = options.evaluation.level;
  check.exchange = settings.exchange;
  check.without_truth = source.size() - run.size();
  const std::size_t total = run.size() * (settings.exchange ? 2 : 1);
  std::vector<std::size_t> places(run.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const std::vector<Judged> own = run.judge(places, 0, total, &check.examples);
  std::vector<Judged> other;
  if (settings.exchange) {
    if (run.size() < 2) throw Error::usage("--exchange", "needs two samples");
    other = run.judge(exchanged_places(run.size(), settings.seed), run.size(), total, nullptr);
  }

  double right = 0;
  for (const Judged& judged : own) {
    check.n += judged.ok ? 1 : 0;
    check.failed += judged.ok ? 0 : 1;
    right += judged.ok && judged.right_label ? 1 : 0;
  }
  check.accuracy = fraction(right, static_cast<double>(check.n), check.level);
  for (std::size_t r = 0; r <= vocabulary.attributes().size(); ++r) {
    const bool of_all = r == 0;
    const std::size_t first = of_all ? 0 : r - 1;
    const std::size_t last = of_all ? vocabulary.attributes().size() : r;
    Tally all, labelled_right, labelled_wrong, exchanged;
    for (const Judged& judged : own) {
      if (!judged.ok) continue;
      all.add(judged, first, last);
      (judged.right_label ? labelled_right : labelled_wrong).add(judged, first, last);
    }
    for (const Judged& judged : other) {
      if (judged.ok) exchanged.add(judged, first, last);
    }
    const auto& e = options.evaluation;
    check.rows.push_back({of_all ? "all" : vocabulary.attributes()[r - 1].name,
                          all.result(of_all, e), labelled_right.result(of_all, e),
                          labelled_wrong.result(of_all, e), exchanged.result(of_all, e)});
  }
  return check;
}

}  // namespace firstlight
