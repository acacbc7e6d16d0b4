#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "collect_selection.h"
#include "firstlight/base/text.h"
#include "firstlight/report/overview.h"
#include "firstlight/report/report.h"

namespace firstlight {
namespace {

constexpr std::size_t kFailuresShown = 500;
constexpr int kConfidenceBins = 20;
constexpr std::int64_t kFewSamples = 30;

/// Keys are short and readable once their underscores are blanks; names in prompts are often long.
std::string shown(const std::string& key) { return text::replace_all(key, "_", " "); }

std::int64_t whole(double weight) { return std::llround(weight); }

std::string method_name(const std::string& method) {
  if (method == "clopper_pearson") return "Clopper-Pearson";
  return method;
}

ReportMetric metric(const std::string& name, const Estimate& e, const std::string& meaning) {
  return {name, report_estimate(e),
          e.undefined.empty() ? meaning : "Not defined: " + e.undefined + "."};
}

std::vector<ReportMetric> metrics(const Evaluation& e) {
  return {
      metric("Balanced accuracy", e.balanced_accuracy,
             "Mean of the classes' recalls: each class counts the same, however many samples it "
             "has."),
      metric("Macro F1", e.macro.f1, "Mean over the classes of the F1 score."),
      metric("Weighted F1", e.weighted.f1, "The same, each class counting by its samples."),
      metric(
          "Macro AUC", e.macro.auc,
          "How well the probabilities rank each class above the rest; 0.5 is chance, 1 perfect."),
      metric(
          "Negative log-likelihood", e.nll,
          fmt::format("In nats; 0 is perfect, {:.2f} is what equal probabilities for all classes "
                      "give.",
                      std::log(static_cast<double>(e.classes.size())))),
      metric(
          "Brier score", e.brier,
          "Mean squared distance of the probabilities from the truth; 0 is perfect, 2 the worst."),
      metric(
          "Expected calibration error", e.ece,
          "Mean distance between confidence and fraction right, over the bins of the reliability "
          "diagram."),
      metric("The same, debiased", e.ece_debiased,
             "Without the part that is there for finite numbers of samples alone."),
  };
}

ReportConfusion confusion(const std::string& title, const Evaluation& e) {
  ReportConfusion out;
  out.title = title;
  for (const std::string& key : e.classes) out.classes.push_back(shown(key));
  for (const auto& row : e.confusion) {
    std::vector<std::int64_t> counts;
    for (const double weight : row) counts.push_back(whole(weight));
    out.counts.push_back(std::move(counts));
  }
  out.accuracy = report_estimate(e.accuracy);
  return out;
}

std::vector<ReportClass> per_class(const Evaluation& e) {
  std::vector<ReportClass> out;
  for (std::size_t k = 0; k < e.classes.size(); ++k) {
    const ClassMetrics& m = e.per_class[k];
    ReportClass row;
    row.name = shown(e.classes[k]);
    row.truth = whole(m.support);
    row.predicted = whole(m.predicted);
    row.precision = report_estimate(m.precision);
    row.recall = report_estimate(m.recall);
    row.product = report_estimate(m.product);
    row.f1 = report_estimate(m.f1);
    row.auc = report_estimate(m.auc);
    const RocCurve& curve = e.roc[k];
    for (std::size_t i = 0; i < curve.true_positive_rate.size(); ++i) {
      row.roc.emplace_back(curve.false_positive_rate[i], curve.true_positive_rate[i]);
    }
    out.push_back(std::move(row));
  }
  return out;
}

/// What free text gives beside the scores; with truth or without.
void add_free_text(const std::vector<FreeTextLabel>& labels, double level, ReportData& data) {
  for (const FreeTextMetrics& m : free_text_metrics(labels, level)) {
    data.free_texts = static_cast<std::int64_t>(m.n);
    data.free_text = {
        metric("Texts with a label", m.parsed,
               "Texts that are an answer of the task, or begin with one; the others are unparsed."),
        metric("Agreement with the score", m.agreement,
               "Of the texts with a label, those with the label that the probabilities give."),
        metric("Accuracy of the texts", m.accuracy,
               "Samples with a known class whose text gives it; unparsed ones count as wrong."),
        metric("Accuracy where there is a label", m.accuracy_read,
               "The same among texts with a label.")};
  }
}

void add_evaluation(const Task& task, const EvaluationInput& input, const Evaluation& e,
                    ReportData& data) {
  data.labelled = static_cast<std::int64_t>(e.n);
  for (std::size_t i = 0; i < input.truth.size(); ++i) {
    data.right += input.predicted[i] == input.truth[i];
  }
  data.accuracy = report_estimate(e.accuracy);
  data.interval_level = fmt::format("{:g} %", 100 * e.level);
  data.interval_method = method_name(e.accuracy.method);
  data.metrics = metrics(e);
  data.confusion.push_back(confusion("All classes", e));
  std::vector<std::string> merges;
  for (const ClassMerge& merge : task.merges) merges.push_back(shown(merge.name));
  for (const Evaluation& merged : e.merged) {
    data.confusion.push_back(confusion("Merged: " + text::join(merges, ", "), merged));
  }
  data.per_class = per_class(e);
  data.reliability = report_reliability(e);
  data.ece = report_estimate(e.ece);
}

std::string seconds_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.1f} ms", 1000 * seconds);
  if (seconds < 120) return fmt::format("{:.2f} s", seconds);
  return fmt::format("{:.0f} min {:02.0f} s", std::floor(seconds / 60), std::fmod(seconds, 60.0));
}

std::string bytes_text(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6)
                     : fmt::format("{:.2f} GB", bytes / 1e9);
}

/// What the first pass over the run gathers.
struct Census {
  std::map<std::string, std::int64_t> kinds;
  std::vector<float> seconds;
  std::int64_t warned = 0;
};

Census take_census(const RunStore& run, const Interpretation& interpretation, ReportData& data) {
  Census census;
  const std::size_t k = run.task().size();
  data.label_counts.assign(k, 0);
  for (int b = 0; b < kConfidenceBins; ++b) {
    data.confidence.push_back({static_cast<double>(b) / kConfidenceBins,
                               static_cast<double>(b + 1) / kConfidenceBins, 0, 0, 0});
  }
  run.for_each([&](const SampleRecord& record) {
    ++data.n;
    if (!record.ok) {
      ++data.failed;
      if (data.failures.size() < kFailuresShown) {
        data.failures.push_back({record.id, record.origin, record.error});
      }
      return;
    }
    ++data.classified;
    ++census.kinds[to_string(record.find("main")->kind)];
    census.warned += warning_of(run, record).empty() ? 0 : 1;
    census.seconds.push_back(static_cast<float>(record.seconds));
    const Prediction prediction = predict(record, interpretation);
    ++data.label_counts[prediction.label.index()];
    const auto bin = std::min<std::size_t>(
        kConfidenceBins - 1, static_cast<std::size_t>(prediction.confidence() * kConfidenceBins));
    ReportConfidenceBin& place = data.confidence[bin];
    if (!record.truth_class) {
      ++place.unknown;
    } else if (*record.truth_class == prediction.label) {
      ++place.right;
    } else {
      ++place.wrong;
    }
  });
  data.failures_total = data.failed;
  return census;
}

ReportSample gallery_sample(const RunStore& run, const SampleRecord& record,
                            const Interpretation& interpretation) {
  const Prediction prediction = predict(record, interpretation);
  ReportSample s;
  s.id = record.id;
  s.origin = record.origin;
  if (record.truth_class) s.truth = record.truth_class->value;
  s.label = prediction.label.value;
  s.probabilities = prediction.probabilities;
  for (const Preview& preview : run.previews(record.position)) {
    s.pictures.push_back({preview.view, "image/jpeg", preview.jpeg});
  }
  s.explanation = record.explanation.value_or("");
  if (record.free_text) s.metadata.emplace_back("text by the model", record.free_text->text);
  if (const std::string warning = warning_of(run, record); !warning.empty()) {
    s.metadata.emplace_back("warning", warning);
  }
  for (const Metadata& item : record.metadata) {
    std::string unit;
    for (const ColumnInfo& column : run.columns()) {
      if (column.name == item.name) unit = column.unit;
    }
    s.metadata.emplace_back(unit.empty() ? item.name : item.name + " [" + unit + "]",
                            to_text(item.value));
  }
  for (const auto& [view, steps] : record.prepared) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : steps) parts.push_back(name + " " + value);
    s.metadata.emplace_back("view " + view, text::join(parts, ", "));
  }
  return s;
}

std::vector<ReportFacts> provenance(const RunStore& run, const Census& census,
                                    const EvaluationOptions& options) {
  std::vector<ReportFacts> groups = {
      {"Task", {}}, {"Model", {}}, {"Data", {}}, {"Run", {}}, {"Machine", {}}};
  const std::map<std::string, std::size_t> place = {
      {"task", 0}, {"model", 1}, {"data", 2}, {"pixels", 2}};
  if (!run.task().source.empty()) groups[0].rows.emplace_back("to cite", run.task().source);
  for (const auto& [key, value] : run.config().settings) {
    if (value.empty()) continue;
    const std::string prefix = key.substr(0, key.find('.'));
    const auto found = place.find(prefix);
    const std::size_t group = found == place.end() ? 3 : found->second;
    const bool strip = found != place.end() && prefix != "pixels" && key.size() > prefix.size();
    groups[group].rows.emplace_back(shown(strip ? key.substr(prefix.size() + 1) : key), value);
  }
  if (const auto hash = run.value("pixels_sha256"))
    groups[2].rows.emplace_back("pixels sha256", *hash);

  if (const auto totals = run.server_totals()) {
    auto& model = groups[1].rows;
    model.emplace_back("served as", text::join(totals->models, ", "));
    if (!totals->fingerprints.empty()) {
      model.emplace_back("system fingerprint", text::join(totals->fingerprints, ", "));
    }
    model.emplace_back("answers", std::to_string(totals->answers));
    if (totals->probes > 0) {
      model.emplace_back("questions about what the server offers", std::to_string(totals->probes));
    }
    model.emplace_back("tokens",
                       fmt::format("{} in, of which {} cached, {} out", totals->prompt_tokens,
                                   totals->cached_tokens, totals->completion_tokens));
    if (totals->unpriced < totals->answers || totals->cost_usd > 0) {
      model.emplace_back("cost", fmt::format("{:.4f} USD", totals->cost_usd));
    }
    if (!totals->left_out.empty()) {
      model.emplace_back("refused by the server, left out", text::join(totals->left_out, ", "));
    }
    if (totals->largest_outside > 0) {
      model.emplace_back("probability outside the labels, at most",
                         fmt::format("{:.3g}", totals->largest_outside));
    }
  }

  auto& rows = groups[3].rows;
  for (const char* key : {"started", "finished"}) {
    if (const auto value = run.value(key)) rows.emplace_back(key, *value);
  }
  if (!census.seconds.empty()) {
    std::vector<float> sorted = census.seconds;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    rows.emplace_back("time per sample, median", seconds_text(*middle));
  }
  if (const auto wall = text::parse_double(run.value("wall_seconds").value_or(""))) {
    rows.emplace_back("time of the run", seconds_text(*wall));
  }
  if (const auto peak = text::parse_double(run.value("peak_memory_bytes").value_or(""))) {
    rows.emplace_back("peak memory", bytes_text(*peak));
  }
  rows.emplace_back("intervals",
                    fmt::format("{:g} %: Clopper-Pearson for fractions, else bootstrap "
                                "of {} resamples with seed {}",
                                100 * options.level, options.resamples, options.seed));
  for (const auto& [key, value] : run.config().machine) {
    const auto bytes = key == "memory_bytes" ? text::parse_double(value) : std::nullopt;
    groups[4].rows.emplace_back(bytes ? "memory" : shown(key), bytes ? bytes_text(*bytes) : value);
  }
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [](const ReportFacts& g) { return g.rows.empty(); }),
               groups.end());
  return groups;
}

std::vector<std::string> notices(const RunStore& run, const Census& census,
                                 const ReportData& data) {
  std::vector<std::string> out;
  if (!run.complete()) {
    out.push_back("This run is not finished: the same command as before continues it.");
  }
  if (data.failed > 0) {
    out.push_back(fmt::format("{} of {} samples failed and {} in no figure; see Failures.",
                              data.failed, data.n, data.failed == 1 ? "is" : "are"));
  }
  if (data.labelled > 0 && data.labelled < data.classified) {
    out.push_back(
        fmt::format("{} classified samples have no known class: they are in the gallery "
                    "and in the histogram of confidence only.",
                    data.classified - data.labelled));
  }
  if (census.warned > 0) {
    out.push_back(fmt::format(
        "{} of {} classified samples ({:.0f} %) are unlike what the model was trained on: the "
        "gallery says why, and their probabilities mean little.",
        census.warned, data.classified, 100.0 * census.warned / data.classified));
  }
  if (data.labelled > 0 && data.labelled < kFewSamples) {
    out.push_back("Few samples: read the intervals, not the values.");
  }
  const bool exact =
      census.kinds.count("exact") + census.kinds.count("logits") == census.kinds.size();
  if (census.kinds.size() > 1 || !exact) {
    std::vector<std::string> parts;
    for (const auto& [kind, count] : census.kinds)
      parts.push_back(fmt::format("{} of kind {}", count, kind));
    out.push_back("Not all probabilities are exact: " + text::join(parts, ", ") +
                  ". Confidence of different kinds cannot be compared.");
  }
  return out;
}

}  // namespace

ReportData collect_report(const RunStore& run, const Interpretation& interpretation,
                          const EvaluationOptions& options, const EvaluationColumns& columns) {
  const Task& task = run.task();
  ReportData data;
  data.title = task.name;
  data.subtitle = task.description;
  const RunConfig& config = run.config();
  data.model = config.setting("model.name");
  if (data.model.empty()) data.model = config.setting("model.spec");
  data.data = config.setting("data.spec");
  for (const ClassDefinition& c : task.classes) {
    data.classes.push_back(shown(c.key));
    data.descriptions.push_back({c.key, c.name, c.description});
  }
  data.task_text = task.yaml;
  const Census census = take_census(run, interpretation, data);
  const EvaluationInput input = evaluation_input(run, interpretation, columns);
  add_free_text(input.free_text, options.level, data);
  if (!input.truth.empty()) {
    const Evaluation evaluation = evaluate(task, input, options);
    add_evaluation(task, input, evaluation, data);
    add_selection(evaluation, data);
    add_calibration(evaluation, interpretation, data);
  }
  for (const auto& [position, choices] : run.previewed()) {
    const auto record = run.at(position);
    if (record && record->ok) {
      data.gallery.push_back(gallery_sample(run, *record, interpretation));
    }
  }
  data.provenance = provenance(run, census, options);
  data.notices = notices(run, census, data);
  if (!columns.weight.empty()) {
    data.notices.push_back("Events are weighted by the column " + columns.weight +
                           ": counts and fractions in the figures are of weights.");
  }
  return data;
}

}  // namespace firstlight
