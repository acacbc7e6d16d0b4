#include "collect_selection.h"

#include <fmt/format.h>

#include <cmath>

namespace firstlight {
namespace {

std::optional<double> defined(double x) {
  return std::isfinite(x) ? std::optional<double>(x) : std::nullopt;
}

std::vector<std::optional<ReportEstimate>> estimates(const std::vector<Estimate>& list) {
  std::vector<std::optional<ReportEstimate>> out;
  for (const Estimate& e : list) out.push_back(report_estimate(e));
  return out;
}

ReportAgainst against(const Against& column) {
  ReportAgainst out;
  out.column = column.column;
  out.unit = column.unit;
  out.texts = column.texts;
  out.missing = static_cast<std::int64_t>(column.missing);
  out.outside = static_cast<std::int64_t>(column.outside);
  for (const AgainstBin& bin : column.bins) {
    ReportAgainstBin b;
    b.name = bin.value;
    if (!column.texts) {
      const bool last = &bin == &column.bins.back();
      b.low = bin.low;
      b.high = bin.high;
      b.name = fmt::format("[{:.4g}, {:.4g}{}", bin.low, bin.high, last ? "]" : ")");
    }
    b.count = bin.count;
    b.efficiency = estimates(bin.efficiency);
    b.purity = estimates(bin.purity);
    out.bins.push_back(std::move(b));
  }
  return out;
}

std::string describe(const RunCalibration& fitted, const std::vector<std::string>& classes) {
  const Calibration& c = fitted.calibration;
  std::string out;
  if (c.method == CalibrationMethod::kTemperature) {
    out = fmt::format("temperature {:.4g}", 1 / c.slope);
  } else {
    out = fmt::format("Platt scaling, slope {:.4g}", c.slope);
    for (std::size_t k = 0; k < c.offsets.size(); ++k) {
      out += fmt::format(", {} {:+.3g}", classes[k], c.offsets[k]);
    }
  }
  return out + fmt::format("; fitted on {} samples of {}", fitted.samples, fitted.run);
}

}  // namespace

std::optional<ReportEstimate> report_estimate(const Estimate& e) {
  if (!std::isfinite(e.value)) return std::nullopt;
  ReportEstimate out{e.value, defined(e.low), defined(e.high)};
  if (e.one_sigma) {
    out.low_one_sigma = defined(e.one_sigma->low);
    out.high_one_sigma = defined(e.one_sigma->high);
  }
  return out;
}

std::vector<ReportReliabilityBin> report_reliability(const Evaluation& e) {
  std::vector<ReportReliabilityBin> bins;
  for (const ReliabilityBin& bin : e.reliability) {
    const auto right = report_estimate(bin.accuracy);
    if (bin.count > 0 && right) {
      bins.push_back({bin.low, bin.high, std::llround(bin.count), bin.mean_confidence, *right});
    }
  }
  return bins;
}

void add_selection(const Evaluation& e, ReportData& data) {
  data.exposure = e.exposure;
  for (std::size_t k = 0; k < e.selection.size(); ++k) {
    const std::string& name = data.classes[k];
    const SelectionMetrics& metrics = e.selection[k];
    for (const WorkingPoint& point : metrics.working_points) {
      data.working_points.push_back({name, point.allowed_background, defined(point.threshold),
                                     report_estimate(point.efficiency),
                                     report_estimate(point.background),
                                     report_estimate(point.purity)});
    }
    const auto add = [&](const std::string& selection, const Significance& s) {
      data.significance.push_back(
          {name, selection, s.signal, s.background, report_estimate(s.value)});
    };
    add("label", metrics.by_label);
    if (std::isfinite(metrics.best.threshold)) {
      add(fmt::format("p \u2265 {:.4f}", metrics.best.threshold), metrics.best);
    }
  }
  for (const BackgroundMetrics& b : e.backgrounds) {
    data.backgrounds.push_back({b.key, b.n, b.counts, estimates(b.labelled), b.mean_probability});
  }
  for (const Against& column : e.against) data.against.push_back(against(column));
}

void add_calibration(const Evaluation& e, const Interpretation& interpretation, ReportData& data) {
  if (e.calibrated.empty() || !interpretation.is_calibrated()) return;
  const Evaluation& after = e.calibrated.front();
  ReportCalibration& out = data.calibration;
  out.text = describe(*interpretation.calibration, data.classes);
  const auto add = [&](const char* name, const Estimate& before, const Estimate& now) {
    out.metrics.push_back({name, report_estimate(before), report_estimate(now)});
  };
  add("Accuracy", e.accuracy, after.accuracy);
  add("Negative log-likelihood", e.nll, after.nll);
  add("Brier score", e.brier, after.brier);
  add("Expected calibration error", e.ece, after.ece);
  add("The same, debiased", e.ece_debiased, after.ece_debiased);
  out.reliability = report_reliability(after);
  for (const SetMetrics& sets : e.sets) {
    out.coverage = sets.coverage;
    out.covered = report_estimate(sets.covered);
    out.single = report_estimate(sets.single);
    out.set_size = report_estimate(sets.mean_size);
  }
}

}  // namespace firstlight
