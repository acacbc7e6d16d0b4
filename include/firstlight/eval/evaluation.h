#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/base/class_id.h"
#include "firstlight/eval/intervals.h"
#include "firstlight/eval/selection.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// Conformal sets of labelled samples, one a sample (score/calibration.h).
struct ConformalSets {
  double coverage = 0;  ///< that they were made for
  std::vector<std::vector<ClassId>> sets;
};

/// What free text said of one classified sample, beside its score.
struct FreeTextLabel {
  ClassId scored;               ///< label by the probabilities
  std::optional<ClassId> read;  ///< label that the text gives; none where it is unparsed
  std::optional<ClassId> truth;
};

/// Labelled samples with what a model said of them. Every vector has one entry a sample; only
/// samples with truth and a finished classification belong here. Formulas and sources of all
/// metrics: docs/evaluation.md.
struct EvaluationInput {
  std::vector<ClassId> truth;
  std::vector<ClassId> predicted;     ///< empty = the first largest probability
  std::vector<double> probabilities;  ///< samples x classes, row by row; each row sums to 1
  std::vector<double> weights;        ///< event weights, >= 0; empty = all 1
  std::size_t failed = 0;             ///< samples that could not be classified, for the record
  std::size_t without_truth = 0;      ///< classified samples without truth, for the record
  std::vector<BackgroundSamples> backgrounds;  ///< by background of the task, or empty
  std::vector<double> calibrated;              ///< rows as in `probabilities`; empty without
  std::vector<ConformalSets> sets;             ///< none, or one
  std::vector<ColumnValues> against;           ///< columns to look at efficiency and purity against
  /// Of all classified samples for which the model wrote text, with truth or without.
  std::vector<FreeTextLabel> free_text;
  /// Which samples carry a warning of being unlike training; empty where that was not looked at.
  std::vector<bool> warned;
};

struct EvaluationOptions {
  double level = 0.95;      ///< of every interval, in (0, 1)
  int resamples = 1000;     ///< of the bootstrap; 0 = no bootstrap intervals
  std::uint64_t seed = 1;   ///< of the bootstrap
  int bins = 10;            ///< equal-width bins of confidence, >= 1
  int curve_points = 1000;  ///< longest curve that is kept, >= 2; longer ones are thinned evenly
  /// Prevalence of classes in the survey that a model is meant for; empty = no such evaluation.
  /// Classes that are not named share what is left in proportion to their samples.
  std::vector<std::pair<ClassId, double>> prior = {};
  /// Fractions of the rest that working points may accept, each in (0, 1].
  std::vector<double> background_efficiencies = {0.01, 0.1};
  /// What the sums of weights in a significance are multiplied by, > 0: the exposure over the one
  /// that the weights are for.
  double exposure = 1.0;
};

struct ClassMetrics {
  double support = 0;    ///< samples of the class (sum of their weights)
  double predicted = 0;  ///< samples given this label
  Estimate precision;    ///< purity, with `one_sigma`
  Estimate recall;       ///< efficiency, with `one_sigma`
  Estimate product;      ///< efficiency times purity, with `one_sigma`
  Estimate f1;
  Estimate auc;  ///< area under the ROC curve, this class against the rest
};

/// Means over the classes that have samples.
struct MeanMetrics {
  Estimate precision;
  Estimate recall;
  Estimate f1;
  Estimate auc;
};

/// Samples whose confidence (probability of their label) lies in (low, high]; the first bin holds 0
/// too.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  double count = 0;
  double mean_confidence = 0;  ///< NaN in an empty bin
  Estimate accuracy;           ///< fraction of right labels
};

/// One class against the rest, from threshold infinity (0, 0) to the lowest (1, 1). Empty where the
/// class, or the rest, has no samples.
struct RocCurve {
  std::vector<double> false_positive_rate;
  std::vector<double> true_positive_rate;
  std::vector<double> threshold;  ///< samples with at least this probability are accepted
};

/// Error rate of the labels that are kept where only the most confident are.
struct RiskCoverage {
  std::vector<double> coverage;  ///< fraction kept, ascending to 1
  std::vector<double> risk;
  std::vector<double> threshold;  ///< of the confidence
};

/// Figures of one way to label, at the prevalence of a survey.
struct AtPrevalence {
  Estimate accuracy;
  std::vector<Estimate> purity;      ///< by class
  std::vector<Estimate> efficiency;  ///< by class; does not depend on the prevalence
};

struct PriorEvaluation {
  std::vector<double> prior;  ///< by class, sums to 1
  AtPrevalence as_classified;
  /// Labels from probabilities times prior, renormalised: right where the probabilities were made
  /// for equally frequent classes.
  AtPrevalence reweighted;
};

/// How conformal sets did.
struct SetMetrics {
  double coverage = 0;  ///< that they were made for
  Estimate covered;     ///< fraction of the sets that hold the truth, with `one_sigma`
  Estimate single;      ///< fraction of the sets with one class, with `one_sigma`
  Estimate mean_size;   ///< mean number of classes, bootstrap interval
};

/// Free text beside the scores of the same run. Samples count equally, whatever their event
/// weights.
struct FreeTextMetrics {
  std::size_t n = 0;       ///< samples with a text
  Estimate parsed;         ///< fraction whose text gives a label
  Estimate agreement;      ///< of these, the fraction with the label of the score
  Estimate accuracy;       ///< labelled samples whose text gives the truth; unparsed ones are wrong
  Estimate accuracy_read;  ///< the same, of labelled samples whose text gives a label
};

/// Labelled samples with and without a warning of being unlike training. They count equally,
/// whatever their event weights.
struct DomainMetrics {
  Estimate warned;             ///< fraction of the samples with a warning
  Estimate accuracy_warned;    ///< of those with one
  Estimate accuracy_unwarned;  ///< of the others
};

/// All figures of a run against its truth. Plain data: copy freely.
struct Evaluation {
  std::vector<std::string> classes;  ///< keys; every by-class vector is in this order
  std::size_t n = 0;                 ///< labelled samples evaluated
  std::size_t failed = 0;
  std::size_t without_truth = 0;
  bool event_weights = false;  ///< event weights were given
  double level = 0.95;
  int resamples = 0;
  std::uint64_t seed = 0;

  Estimate accuracy;
  Estimate balanced_accuracy;
  std::vector<ClassMetrics> per_class;
  MeanMetrics macro;                           ///< each class counts the same
  MeanMetrics weighted;                        ///< each class counts by its samples
  std::vector<std::vector<double>> confusion;  ///< [truth][predicted], sums of weights
  double exposure = 1.0;
  std::vector<SelectionMetrics> selection;     ///< by class
  std::vector<BackgroundMetrics> backgrounds;  ///< those of the task that have samples
  std::vector<Against> against;                ///< in the order of the input

  Estimate nll;           ///< mean negative log-likelihood of the true class, in nats
  Estimate brier;         ///< mean squared distance of the probabilities from the truth, in [0, 2]
  Estimate ece;           ///< expected calibration error of the confidence
  Estimate ece_debiased;  ///< root mean square calibration error, without what finite bins add
  std::vector<ReliabilityBin> reliability;
  std::vector<RocCurve> roc;  ///< by class
  RiskCoverage risk_coverage;
  Estimate aurc;  ///< area under risk against coverage

  std::vector<PriorEvaluation> prior;  ///< one entry where a prior was given
  /// One entry where calibrated probabilities were given: the same figures with them, but those of
  /// selections, backgrounds and columns, which are for the labels as they are.
  std::vector<Evaluation> calibrated;
  std::vector<SetMetrics> sets;            ///< one entry where conformal sets were given
  std::vector<FreeTextMetrics> free_text;  ///< one entry where the model wrote text
  std::vector<DomainMetrics> domain;       ///< one entry where warnings were given
  /// One entry where the task merges classes: the same figures with their probabilities summed.
  std::vector<Evaluation> merged;
};

/// Evaluates `input` for the classes and merges of `task`. The same numbers for the same input and
/// seed, whatever the number of threads. Throws Error::usage where sizes do not fit, a ClassId or
/// an option is out of range, or a probability is not in [0, 1].
Evaluation evaluate(const Task& task, const EvaluationInput& input,
                    const EvaluationOptions& options = {});

/// One entry, or none without texts. Intervals are Clopper-Pearson of coverage `level`.
std::vector<FreeTextMetrics> free_text_metrics(const std::vector<FreeTextLabel>& labels,
                                               double level);

/// One entry, or none without warnings. Intervals are Clopper-Pearson of coverage `level`.
std::vector<DomainMetrics> domain_metrics(const EvaluationInput& input, double level);

/// The mean of one number a sample, with its bootstrap interval (level, resamples and seed of
/// `options`). `weights` may be empty. Undefined without samples.
Estimate mean_estimate(const std::vector<double>& values, const std::vector<double>& weights,
                       const EvaluationOptions& options = {});

/// The sum of one number a sample over the sum of another, both of the same samples, with its
/// bootstrap interval. Undefined where the second is 0. Throws Error::usage where their numbers
/// differ.
Estimate ratio_estimate(const std::vector<double>& numerators,
                        const std::vector<double>& denominators,
                        const EvaluationOptions& options = {});

/// One JSON object (docs/evaluation.md): `{"n", "failed", "accuracy": {"value", "low", "high",
/// "level", "method"}, "per_class": {CLASS: {...}}, "confusion": {"rows": "truth", "columns":
/// "predicted", "classes", "counts"}, ...}`. What is undefined is null with its reason beside it.
std::string to_json(const Evaluation& evaluation);

}  // namespace firstlight
