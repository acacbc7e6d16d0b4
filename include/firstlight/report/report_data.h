#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the report page shows, as plain values: the page is a function of this struct alone.
/// `collect_report` (report.h) fills it from a run. Strings are untrusted text (UTF-8 expected;
/// other bytes are shown as replacement characters); the page escapes every one of them.
namespace firstlight {

/// A number with its interval; `low` and `high` are absent where none is defined.
struct ReportEstimate {
  double value = 0;
  std::optional<double> low;
  std::optional<double> high;
};

/// A row of the table of metrics.
struct ReportMetric {
  std::string name;
  std::optional<ReportEstimate> estimate;  ///< absent where undefined; `meaning` then says why
  std::string meaning;                     ///< one plain sentence
};

/// Counts of truth against prediction, for the task's classes or for merged ones.
struct ReportConfusion {
  std::string title;  ///< e.g. "All classes", "Merged: elongated"
  std::vector<std::string> classes;
  std::vector<std::vector<std::int64_t>> counts;  ///< [truth][predicted]
  std::optional<ReportEstimate> accuracy;
};

struct ReportClass {
  std::string name;
  std::int64_t truth = 0;      ///< samples whose truth is this class
  std::int64_t predicted = 0;  ///< samples that got this label
  /// Absent where undefined (no sample of the class, or no prediction of it).
  std::optional<ReportEstimate> precision;
  std::optional<ReportEstimate> recall;
  std::optional<ReportEstimate> f1;
  std::optional<ReportEstimate> auc;
  /// ROC curve of this class against the rest: (false positive rate, true positive rate).
  std::vector<std::pair<double, double>> roc;
};

/// A bin of the reliability diagram: samples whose highest probability lies in (low, high].
struct ReportReliabilityBin {
  double low = 0;
  double high = 0;
  std::int64_t count = 0;
  double confidence = 0;  ///< mean highest probability of the bin
  ReportEstimate right;   ///< fraction of right labels with its interval
};

/// A bin of the confidence histogram. Unlabelled samples are counted in `unknown`.
struct ReportConfidenceBin {
  double low = 0;
  double high = 0;
  std::int64_t right = 0;
  std::int64_t wrong = 0;
  std::int64_t unknown = 0;
};

struct ReportPicture {
  std::string view;
  std::string media_type;  ///< "image/jpeg" or "image/png"
  std::string bytes;
};

struct ReportSample {
  std::string id;
  std::string origin;
  std::optional<int> truth;  ///< place in ReportData::classes
  int label = 0;             ///< place in ReportData::classes
  std::vector<double> probabilities;
  std::string explanation;
  std::vector<ReportPicture> pictures;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< name, text
};

/// A class as it was described to the model.
struct ReportDescription {
  std::string key;
  std::string name;
  std::string description;
};

struct ReportFailure {
  std::string id;
  std::string origin;
  std::string error;
};

/// A group of the provenance section, e.g. "Model" with its rows.
struct ReportFacts {
  std::string title;
  std::vector<std::pair<std::string, std::string>> rows;  ///< name, value
};

struct ReportData {
  std::string title;     ///< the task's name
  std::string subtitle;  ///< the task's description
  std::string model;
  std::string data;                  ///< data source as given
  std::vector<std::string> classes;  ///< names, by ClassId
  std::int64_t n = 0;                ///< samples in the run
  std::int64_t classified = 0;
  std::int64_t failed = 0;
  std::int64_t labelled = 0;  ///< classified samples with a truth; 0 gives the page without metrics
  std::int64_t right = 0;     ///< labelled samples whose label equals the truth
  std::string interval_level = "95 %";
  std::string interval_method;  ///< of `accuracy`, e.g. "Clopper-Pearson"
  std::optional<ReportEstimate> accuracy;
  std::vector<ReportDescription> descriptions;
  std::string task_text;             ///< the task file as used; may be empty
  std::vector<std::string> notices;  ///< what a reader must know before the figures
  std::vector<ReportMetric> metrics;
  std::vector<ReportConfusion> confusion;
  std::vector<ReportClass> per_class;
  std::vector<ReportReliabilityBin> reliability;
  std::optional<ReportEstimate> ece;
  std::vector<ReportConfidenceBin> confidence;
  std::vector<std::int64_t> label_counts;  ///< by ClassId
  std::vector<ReportSample> gallery;
  std::int64_t failures_total = 0;  ///< `failures` may hold the first of them only
  std::vector<ReportFailure> failures;
  std::vector<ReportFacts> provenance;
};

}  // namespace firstlight
