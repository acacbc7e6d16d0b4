#include <cmath>
#include <nlohmann/json.hpp>

#include "firstlight/eval/evaluation.h"

namespace firstlight {
namespace {

using Json = nlohmann::ordered_json;

/// NaN and infinity have no form in JSON.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Counts are whole unless events are weighted.
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
    if (!e_.prior.empty()) out["prior"] = prior(e_.prior.front());
    if (!e_.merged.empty()) out["merged"] = Writer(e_.merged.front()).whole();
    return out;
  }

 private:
  template <typename Make>
  Json by_class(const Make& make) const {
    Json out = Json::object();
    for (std::size_t k = 0; k < e_.classes.size(); ++k) out[e_.classes[k]] = make(k);
    return out;
  }

  Json estimate(const Estimate& estimate) const {
    Json out = {{"value", number(estimate.value)},
                {"low", number(estimate.low)},
                {"high", number(estimate.high)},
                {"level", e_.level},
                {"method", estimate.method.empty() ? Json(nullptr) : Json(estimate.method)}};
    if (!estimate.undefined.empty()) out["undefined"] = estimate.undefined;
    return out;
  }

  Json class_metrics(const ClassMetrics& m) const {
    return {{"support", count(m.support)},
            {"predicted", count(m.predicted)},
            {"precision", estimate(m.precision)},
            {"recall", estimate(m.recall)},
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
    for (const std::vector<double>& row : e_.confusion) {
      Json counts = Json::array();
      for (const double value : row) counts.push_back(count(value));
      rows.push_back(std::move(counts));
    }
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

std::string to_json(const Evaluation& evaluation) { return Writer(evaluation).whole().dump(2); }

}  // namespace firstlight
