#include <cmath>

#include "json.h"

namespace firstlight::eval_json {
namespace {

/// The confusion matrix with rows (truth) or columns (prediction) that sum to 1; null where a row
/// or column is empty.
Json normalised(const Evaluation& e, bool by_truth) {
  const std::size_t classes = e.classes.size();
  Json rows = Json::array();
  for (std::size_t t = 0; t < classes; ++t) {
    Json row = Json::array();
    for (std::size_t p = 0; p < classes; ++p) {
      const double whole = by_truth ? e.per_class[t].support : e.per_class[p].predicted;
      row.push_back(number(e.confusion[t][p] / whole));
    }
    rows.push_back(std::move(row));
  }
  return {{"rows", "truth"},
          {"columns", "predicted"},
          {"classes", e.classes},
          {"normalised_by", by_truth ? "truth" : "predicted"},
          {"values", std::move(rows)}};
}

Json significance(const Significance& s, double level) {
  return {{"signal", number(s.signal)},
          {"background", number(s.background)},
          {"s_over_sqrt_s_plus_b", estimate(s.value, level)}};
}

Json working_points(const Evaluation& e, const SelectionMetrics& metrics) {
  Json points = Json::array();
  for (const WorkingPoint& point : metrics.working_points) {
    points.push_back({{"allowed_background", point.allowed_background},
                      {"threshold", number(point.threshold)},
                      {"efficiency", estimate(point.efficiency, e.level)},
                      {"background", estimate(point.background, e.level)},
                      {"purity", estimate(point.purity, e.level)}});
  }
  return points;
}

Json background(const Evaluation& e, const BackgroundMetrics& metrics) {
  return {
      {"n", count(metrics.n)},
      {"predicted", by_class(e.classes, [&](std::size_t k) { return count(metrics.counts[k]); })},
      {"fraction",
       by_class(e.classes, [&](std::size_t k) { return estimate(metrics.labelled[k], e.level); })},
      {"mean_probability",
       by_class(e.classes, [&](std::size_t k) { return number(metrics.mean_probability[k]); })}};
}

Json against(const Evaluation& e, const Against& column) {
  Json bins = Json::array();
  for (const AgainstBin& bin : column.bins) {
    Json out = column.texts ? Json{{"value", bin.value}}
                            : Json{{"low", number(bin.low)}, {"high", number(bin.high)}};
    out["count"] = count(bin.count);
    out["accuracy"] = estimate(bin.accuracy, e.level);
    out["efficiency"] =
        by_class(e.classes, [&](std::size_t k) { return estimate(bin.efficiency[k], e.level); });
    out["purity"] =
        by_class(e.classes, [&](std::size_t k) { return estimate(bin.purity[k], e.level); });
    bins.push_back(std::move(out));
  }
  return {{"column", column.column},
          {"unit", column.unit},
          {"missing", column.missing},
          {"outside", column.outside},
          {"bins", std::move(bins)}};
}

}  // namespace

void add_selection(const Evaluation& e, Json& out) {
  out["recall_matrix"] = normalised(e, true);
  out["precision_matrix"] = normalised(e, false);
  out["working_points"] =
      by_class(e.classes, [&](std::size_t k) { return working_points(e, e.selection[k]); });
  out["significance"] = {{"exposure", e.exposure},
                         {"by_class", by_class(e.classes, [&](std::size_t k) {
                            Json best = significance(e.selection[k].best, e.level);
                            best["threshold"] = number(e.selection[k].best.threshold);
                            return Json{
                                {"by_label", significance(e.selection[k].by_label, e.level)},
                                {"best_threshold", std::move(best)}};
                          })}};
  if (!e.backgrounds.empty()) {
    Json& backgrounds = out["backgrounds"] = Json::object();
    for (const BackgroundMetrics& metrics : e.backgrounds) {
      backgrounds[metrics.key] = background(e, metrics);
    }
  }
  if (!e.against.empty()) {
    Json& columns = out["against"] = Json::array();
    for (const Against& column : e.against) columns.push_back(against(e, column));
  }
}

}  // namespace firstlight::eval_json
