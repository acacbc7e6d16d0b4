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
  /// The interval of 68.27 %, where a figure carries one.
  std::optional<double> low_one_sigma = std::nullopt;
  std::optional<double> high_one_sigma = std::nullopt;
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
  std::optional<ReportEstimate> product;  ///< of recall and precision
  std::optional<ReportEstimate> f1;
  std::optional<ReportEstimate> auc;
  /// ROC curve of this class against the rest: (false positive rate, true positive rate).
  std::vector<std::pair<double, double>> roc;
};

/// A cut on the probability of a class.
struct ReportWorkingPoint {
  std::string name;  ///< of the class
  double allowed_background = 0;
  std::optional<double> threshold;  ///< absent where no cut accepts so little
  std::optional<ReportEstimate> efficiency;
  std::optional<ReportEstimate> background;
  std::optional<ReportEstimate> purity;
};

/// S / sqrt(S + B) of a class.
struct ReportSignificance {
  std::string name;       ///< of the class
  std::string selection;  ///< "label", or the cut
  double signal = 0;
  double background = 0;
  std::optional<ReportEstimate> value;
};

/// Samples of a declared background, by the label that they got.
struct ReportBackground {
  std::string name;
  double n = 0;
  std::vector<double> counts;                            ///< by ClassId
  std::vector<std::optional<ReportEstimate>> fractions;  ///< by ClassId
  std::vector<double> mean_probability;                  ///< by ClassId
};

struct ReportAgainstBin {
  std::string name;  ///< "[0, 1)", or a text
  double low = 0;    ///< edges; both 0 in a column of texts
  double high = 0;
  double count = 0;
  std::vector<std::optional<ReportEstimate>> efficiency;  ///< by ClassId
  std::vector<std::optional<ReportEstimate>> purity;      ///< by ClassId
};

/// Efficiency and purity as a function of a metadata column.
struct ReportAgainst {
  std::string column;
  std::string unit;
  bool texts = false;
  std::vector<ReportAgainstBin> bins;
  std::int64_t missing = 0;
  std::int64_t outside = 0;
};

/// A bin of the reliability diagram: samples whose highest probability lies in (low, high].
struct ReportReliabilityBin {
  double low = 0;
  double high = 0;
  std::int64_t count = 0;
  double confidence = 0;  ///< mean highest probability of the bin
  ReportEstimate right;   ///< fraction of right labels with its interval
};

/// What calibration on another run changes; empty `metrics` where there is none.
struct ReportCalibration {
  std::string text;  ///< method, parameters and what it was fitted on
  struct Metric {
    std::string name;
    std::optional<ReportEstimate> before;
    std::optional<ReportEstimate> after;
  };
  std::vector<Metric> metrics;
  std::vector<ReportReliabilityBin> reliability;
  double coverage = 0;                    ///< of the conformal sets
  std::optional<ReportEstimate> covered;  ///< fraction of sets with the truth
  std::optional<ReportEstimate> single;   ///< fraction of sets of one class
  std::optional<ReportEstimate> set_size;
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
  std::vector<ReportWorkingPoint> working_points;
  double exposure = 1;
  std::vector<ReportSignificance> significance;
  std::vector<ReportBackground> backgrounds;
  std::vector<ReportAgainst> against;
  ReportCalibration calibration;
  std::int64_t free_texts = 0;          ///< samples about which the model wrote text
  std::vector<ReportMetric> free_text;  ///< of these texts; empty without any
  std::vector<ReportConfidenceBin> confidence;
  std::vector<std::int64_t> label_counts;  ///< by ClassId
  std::vector<ReportSample> gallery;
  std::int64_t failures_total = 0;  ///< `failures` may hold the first of them only
  std::vector<ReportFailure> failures;
  std::vector<ReportFacts> provenance;
};

}  // namespace firstlight
