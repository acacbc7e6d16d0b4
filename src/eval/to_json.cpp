#include <cmath>

#include "json.h"

namespace firstlight {
namespace eval_json {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json count(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15
             ? Json(static_cast<std::int64_t>(value))
             : number(value);
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

Json counts(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(count(value));
  return list;
}

Json estimate(const Estimate& estimate, double level) {
  Json out = {{"value", number(estimate.value)},
              {"low", number(estimate.low)},
              {"high", number(estimate.high)},
              {"level", level},
              {"method", estimate.method.empty() ? Json(nullptr) : Json(estimate.method)}};
  if (estimate.one_sigma) {
    out["one_sigma"] = {{"low", number(estimate.one_sigma->low)},
                        {"high", number(estimate.one_sigma->high)},
                        {"level", kOneSigma}};
  }
  if (!estimate.undefined.empty()) out["undefined"] = estimate.undefined;
  return out;
}

}  // namespace eval_json

namespace {

using eval_json::count;
using eval_json::Json;
using eval_json::number;
using eval_json::numbers;

class Writer {
 public:
  explicit Writer(const Evaluation& evaluation) : e_(evaluation) {}

  Json whole() const {
    Json out;
    out["n"] = e_.n;
    out["failed"] = e_.failed;
    out["without_truth"] = e_.without_truth;
    out["event_weights"] = e_.event_weights;
    out["bootstrap"] = {{"resamples", e_.resamples}, {"seed", e_.seed}};
    out["accuracy"] = estimate(e_.accuracy);
    out["balanced_accuracy"] = estimate(e_.balanced_accuracy);
    out["per_class"] = by_class([&](std::size_t k) { return class_metrics(e_.per_class[k]); });
    out["macro"] = means(e_.macro);
    out["weighted"] = means(e_.weighted);
    out["confusion"] = confusion();
    out["nll"] = estimate(e_.nll);
    out["brier"] = estimate(e_.brier);
    out["ece"] = estimate(e_.ece);
    out["ece_debiased"] = estimate(e_.ece_debiased);
    out["reliability"] = reliability();
    out["roc"] = by_class([&](std::size_t k) { return roc(e_.roc[k]); });
    out["risk_coverage"] = {{"coverage", numbers(e_.risk_coverage.coverage)},
                            {"risk", numbers(e_.risk_coverage.risk)},
                            {"threshold", numbers(e_.risk_coverage.threshold)}};
    out["aurc"] = estimate(e_.aurc);
    eval_json::add_selection(e_, out);
    for (const Evaluation& calibrated : e_.calibrated) {
      out["calibrated"] = Writer(calibrated).confidence_figures();
    }
    for (const SetMetrics& sets : e_.sets) {
      out["conformal_sets"] = {{"coverage", sets.coverage},
                               {"covered", estimate(sets.covered)},
                               {"single", estimate(sets.single)},
                               {"mean_size", estimate(sets.mean_size)}};
    }
    for (const FreeTextMetrics& texts : e_.free_text) {
      out["free_text"] = {{"n", texts.n},
                          {"parsed", estimate(texts.parsed)},
                          {"agreement", estimate(texts.agreement)},
                          {"accuracy", estimate(texts.accuracy)},
                          {"accuracy_read", estimate(texts.accuracy_read)}};
    }
    for (const DomainMetrics& domain : e_.domain) {
      out["domain"] = {{"warned", estimate(domain.warned)},
                       {"accuracy_warned", estimate(domain.accuracy_warned)},
                       {"accuracy_unwarned", estimate(domain.accuracy_unwarned)}};
    }
    if (!e_.prior.empty()) out["prior"] = prior(e_.prior.front());
    if (!e_.merged.empty()) out["merged"] = Writer(e_.merged.front()).whole();
    return out;
  }

  /// What calibration can change.
  Json confidence_figures() const {
    return {{"accuracy", estimate(e_.accuracy)},
            {"nll", estimate(e_.nll)},
            {"brier", estimate(e_.brier)},
            {"ece", estimate(e_.ece)},
            {"ece_debiased", estimate(e_.ece_debiased)},
            {"reliability", reliability()}};
  }

 private:
  template <typename Make>
  Json by_class(const Make& make) const {
    return eval_json::by_class(e_.classes, make);
  }

  Json estimate(const Estimate& estimate) const { return eval_json::estimate(estimate, e_.level); }

  Json class_metrics(const ClassMetrics& m) const {
    return {{"support", count(m.support)},
            {"predicted", count(m.predicted)},
            {"precision", estimate(m.precision)},
            {"recall", estimate(m.recall)},
            {"efficiency_times_purity", estimate(m.product)},
            {"f1", estimate(m.f1)},
            {"auc", estimate(m.auc)}};
  }

  Json means(const MeanMetrics& m) const {
    return {{"precision", estimate(m.precision)},
            {"recall", estimate(m.recall)},
            {"f1", estimate(m.f1)},
            {"auc", estimate(m.auc)}};
  }

  Json confusion() const {
    Json rows = Json::array();
    for (const std::vector<double>& row : e_.confusion) rows.push_back(eval_json::counts(row));
    return {{"rows", "truth"},
            {"columns", "predicted"},
            {"classes", e_.classes},
            {"counts", std::move(rows)}};
  }

  Json reliability() const {
    Json bins = Json::array();
    for (const ReliabilityBin& bin : e_.reliability) {
      bins.push_back({{"low", bin.low},
                      {"high", bin.high},
                      {"count", count(bin.count)},
                      {"mean_confidence", number(bin.mean_confidence)},
                      {"accuracy", estimate(bin.accuracy)}});
    }
    return bins;
  }

  static Json roc(const RocCurve& curve) {
    return {{"false_positive_rate", numbers(curve.false_positive_rate)},
            {"true_positive_rate", numbers(curve.true_positive_rate)},
            {"threshold", numbers(curve.threshold)}};
  }

  Json at_prevalence(const AtPrevalence& p) const {
    return {{"accuracy", estimate(p.accuracy)},
            {"purity", by_class([&](std::size_t k) { return estimate(p.purity[k]); })},
            {"efficiency", by_class([&](std::size_t k) { return estimate(p.efficiency[k]); })}};
  }

  Json prior(const PriorEvaluation& p) const {
    return {{"prevalence", by_class([&](std::size_t k) { return number(p.prior[k]); })},
            {"as_classified", at_prevalence(p.as_classified)},
            {"reweighted", at_prevalence(p.reweighted)}};
  }

  const Evaluation& e_;
};

}  // namespace

std::string to_json(const Estimate& estimate, double level) {
  return eval_json::estimate(estimate, level).dump();
}

std::string to_json(const Evaluation& evaluation) { return Writer(evaluation).whole().dump(2); }

}  // namespace firstlight
