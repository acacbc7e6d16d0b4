#include "sample_report.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "firstlight/base/random.h"

namespace firstlight {
namespace {

/// A PNG of one grey pixel.
const std::string kPixel(
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9c"
    "c`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xae"
    "B`\x82",
    67);

/// Working points, significances, a background, columns of numbers and of texts, a calibration.
void add_selection(ReportData& d) {
  const ReportEstimate e{0.8, 0.6, 0.92, 0.7, 0.87};
  for (const std::string& name : d.classes) {
    d.working_points.push_back({name, 0.1, 0.73, e, ReportEstimate{0.08, 0.02, 0.2}, e});
    d.working_points.push_back({name, 0.01, {}, ReportEstimate{0.0, 0.0, 0.2}, {}, {}});
    d.significance.push_back({name, "label", 12, 3, ReportEstimate{3.1, 2.5, 3.6}});
  }
  d.backgrounds = {{"nutau_cc", 10, {4, 3, 2, 1}, {e, e, e, std::nullopt}, {0.4, 0.3, 0.2, 0.1}}};
  ReportAgainst energy{"energy", "GeV", false, {}, 2, 1};
  ReportAgainst field{"field", "", true, {}, 0, 0};
  for (int b = 0; b < 5; ++b) {
    ReportAgainstBin bin{"", b * 2.0, b * 2.0 + 2, 12, {}, {}};
    for (std::size_t k = 0; k < d.classes.size(); ++k) {
      const double x = 0.5 + 0.08 * b + 0.02 * static_cast<double>(k);
      bin.efficiency.push_back(ReportEstimate{x, x - 0.3, x + 0.1, x - 0.1, x + 0.05});
      bin.purity.push_back(b == 0 ? std::nullopt : std::optional(ReportEstimate{x, {}, {}}));
    }
    bin.name = "[" + std::to_string(2 * b) + ", " + std::to_string(2 * b + 2) + ")";
    energy.bins.push_back(bin);
    bin.name = "field <" + std::to_string(b) + ">";
    bin.low = bin.high = 0;
    field.bins.push_back(bin);
  }
  d.against = {energy, field};
  d.calibration = {
      "temperature 1.7; fitted on 90 samples of runs/validation",
      {{"Brier score", ReportEstimate{0.28, 0.2, 0.36}, ReportEstimate{0.22, 0.2, 0.3}}},
      d.reliability,
      0.9,
      e,
      e,
      ReportEstimate{1.6, 1.4, 1.8}};
}

}  // namespace

ReportData sample_report(int n) {
  ReportData d;
  d.title = "galaxy-morphology";
  d.subtitle = "Shapes of galaxies in colour images";
  d.model = "firstlight-small";
  d.data = "folder:galaxies";
  d.classes = {"smooth round", "smooth cigar", "edge on disk", "unbarred spiral"};
  const std::size_t k = d.classes.size();
  d.n = n + 2;
  d.failed = 2;
  d.classified = d.labelled = n;
  d.interval_method = "Clopper-Pearson";
  d.confusion = {{"All classes", d.classes, std::vector(k, std::vector<std::int64_t>(k)), {}},
                 {"Merged: elongated",
                  {"smooth round", "elongated", "unbarred spiral"},
                  std::vector(3, std::vector<std::int64_t>(3)),
                  ReportEstimate{0.9, 0.8, 0.95}}};
  d.label_counts.assign(k, 0);
  for (int b = 0; b < 20; ++b) d.confidence.push_back({b / 20.0, (b + 1) / 20.0, 0, 0, 0});
  Random random(7);
  const int merged[] = {0, 1, 1, 2};
  for (int i = 0; i < n; ++i) {
    ReportSample s;
    const int truth = i % static_cast<int>(k);
    std::vector<double> p(k);
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c) {
      p[c] = std::exp(random.normal(static_cast<int>(c) == truth ? 2.2 : 0.0, 1.2));
      sum += p[c];
    }
    for (double& x : p) x /= sum;
    s.id = "galaxy_" + std::to_string(i);
    s.origin = "galaxies/" + s.id + ".png";
    s.truth = truth;
    s.probabilities = p;
    s.label = static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
    s.pictures = {{"image", "image/png", kPixel}};
    s.metadata = {{"ra [deg]", "150.1"}, {"dec [deg]", "2.2"}};
    const auto t = static_cast<std::size_t>(truth);
    const auto l = static_cast<std::size_t>(s.label);
    ++d.confusion[0].counts[t][l];
    ++d.confusion[1].counts[merged[t]][merged[l]];
    ++d.label_counts[l];
    auto& bin = d.confidence[std::min<std::size_t>(19, static_cast<std::size_t>(p[l] * 20))];
    s.label == truth ? ++bin.right : ++bin.wrong;
    d.right += s.label == truth;
    d.gallery.push_back(s);
  }
  d.accuracy = ReportEstimate{static_cast<double>(d.right) / n, 0.66, 0.87};
  d.metrics = {
      {"Balanced accuracy", ReportEstimate{0.79, 0.68, 0.88}, "Mean of the classes' recalls."},
      {"Brier score", ReportEstimate{0.28, 0.2, 0.36}, "Mean squared distance; 0 is perfect."}};
  for (std::size_t c = 0; c < k; ++c) {
    ReportClass row;
    row.name = d.classes[c];
    for (std::size_t j = 0; j < k; ++j) {
      row.truth += d.confusion[0].counts[c][j];
      row.predicted += d.confusion[0].counts[j][c];
    }
    row.precision = ReportEstimate{0.8, 0.6, 0.92};
    row.recall = ReportEstimate{0.75, 0.55, 0.9};
    row.product = ReportEstimate{0.6, 0.4, 0.78, 0.5, 0.7};
    row.f1 = ReportEstimate{0.77, 0.6, 0.9};
    row.auc = ReportEstimate{0.9 + 0.01 * static_cast<double>(c), 0.85, 0.97};
    for (int j = 0; j <= 20; ++j) {
      row.roc.emplace_back(j / 20.0, std::pow(j / 20.0, 0.1 + 0.05 * static_cast<double>(c)));
    }
    d.per_class.push_back(row);
  }
  for (int b = 4; b < 10; ++b) {
    const double centre = (b + 0.5) / 10;
    d.reliability.push_back({b / 10.0,
                             (b + 1) / 10.0,
                             10,
                             centre,
                             {centre - 0.08, centre - 0.25, std::min(1.0, centre + 0.1)}});
  }
  d.ece = ReportEstimate{0.07, 0.04, 0.12};
  add_selection(d);
  d.failures_total = 2;
  d.failures = {{"galaxy_a", "galaxies/galaxy_a.png", "galaxies/galaxy_a.png: empty file"},
                {"galaxy_b", "galaxies/galaxy_b.png", "galaxies/galaxy_b.png: truncated PNG"}};
  d.provenance = {{"Model", {{"spec", "embedded"}, {"SHA-256", std::string(64, 'a')}}},
                  {"Machine", {{"instruction set", "avx512bf16"}, {"time per sample", "45 ms"}}}};
  return d;
}

ReportData unlabelled_report(int n) {
  ReportData d = sample_report(n);
  d.labelled = d.right = 0;
  d.accuracy.reset();
  d.ece.reset();
  d.metrics.clear();
  d.confusion.clear();
  d.per_class.clear();
  d.reliability.clear();
  d.working_points.clear();
  d.significance.clear();
  d.backgrounds.clear();
  d.against.clear();
  d.calibration = {};
  for (ReportSample& s : d.gallery) s.truth.reset();
  for (ReportConfidenceBin& b : d.confidence) {
    b.unknown = b.right + b.wrong;
    b.right = b.wrong = 0;
  }
  return d;
}

}  // namespace firstlight
