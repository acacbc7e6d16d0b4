#include "firstlight/check/statement_fit.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "firstlight/check/reason_check.h"
#include "firstlight/run/runner.h"
#include "labelled.h"

namespace firstlight {
namespace {

constexpr std::size_t kFewest = 20;

/// What the model gave to the statements about one attribute of a sample, and its truth.
struct Seen {
  Weighed weighed;
  double label_probability = 0;
  std::optional<std::size_t> truth;
};

StatementFit::Of fit_attribute(const Attribute& attribute, const std::vector<Seen>& seen) {
  StatementFit::Of of;
  of.attribute = attribute.name;
  for (const Statement& statement : attribute.statements) of.values.push_back(statement.value);
  of.common.assign(of.values.size(), 0);
  std::vector<ClassId> truth;
  for (const Seen& one : seen) {
    if (one.truth) truth.push_back(ClassId{static_cast<std::int32_t>(*one.truth)});
  }
  of.samples = truth.size();
  for (const ClassId value : truth) {
    of.common[value.index()] += 1.0 / static_cast<double>(truth.size());
  }
  const bool varies =
      std::all_of(of.common.begin(), of.common.end(), [](double common) { return common < 1; });
  if (of.samples < kFewest || !varies) return of;

  std::vector<double> shares;
  std::vector<double> totals;
  std::vector<ClassId> applies;
  for (const Seen& one : seen) {
    totals.insert(totals.end(), {one.weighed.total, 1 - one.weighed.total});
    applies.push_back(ClassId{one.truth ? 0 : 1});
    if (!one.truth) continue;
    const auto mixed = unconditioned(one.weighed.shares, one.label_probability, of.common);
    shares.insert(shares.end(), mixed.begin(), mixed.end());
  }
  Calibration which = fit_calibration(CalibrationMethod::kPlatt, shares, of.values.size(), truth);
  if (which.slope <= 0) return of;
  of.which = std::move(which);
  of.applies = fit_calibration(CalibrationMethod::kPlatt, totals, 2, applies);
  return of;
}

}  // namespace

std::vector<StatementFit> fit_statements(const std::vector<StatementData>& data, const Task& task,
                                         const Classifier& classifier,
                                         const CheckOptions& options) {
  const auto vocabulary = vocabulary_for_reasons(task, classifier);
  const std::size_t attributes = vocabulary.attributes().size();
  std::map<std::size_t, std::vector<std::vector<Seen>>> seen;  // by number of views, attribute
  std::vector<std::vector<check_detail::Labelled>> samples;
  ProgressStep step;
  for (const StatementData& one : data) {
    samples.push_back(check_detail::labelled_samples(*one.source, task, options));
    step.total += samples.back().size();
  }
  std::vector<std::string> specs;
  std::size_t before = 0;
  std::size_t used = 0;
  for (std::size_t d = 0; d < data.size(); ++d) {
    specs.push_back(data[d].spec);
    const auto prepare = [&](std::size_t i) {
      return prepare_sample(*data[d].source, task, samples[d][i].position);
    };
    const auto use = [&](std::size_t i, const PreparedSample& sample, const LabelScores& scores) {
      const auto chances = probabilities(scores, options.normalisation);
      const ClassId label = most_likely(chances);
      const auto logs = score_statements(vocabulary, classifier, sample, label);
      if (!logs) return;
      auto weighed = weigh_statements(vocabulary, logs.value());
      const auto truth =
          vocabulary.truth(task.classes[samples[d][i].truth.index()].key, sample.metadata);
      auto& alike = seen[sample.views.size()];
      alike.resize(attributes);
      for (std::size_t a = 0; a < attributes; ++a) {
        alike[a].push_back({std::move(weighed[a]), chances[label.index()], truth[a]});
      }
      ++used;
    };
    check_detail::classify_each(samples[d].size(), classifier, options.batch,
                                {prepare, use, [&](std::size_t done) {
                                   step.done = before + done;
                                   step.failed = step.done - used;
                                   if (options.progress) options.progress(step);
                                 }});
    before += samples[d].size();
  }
  std::vector<StatementFit> fits;
  for (const auto& [views, alike] : seen) {
    StatementFit& fit = fits.emplace_back();
    fit.tasks = vocabulary.tasks();
    fit.data = specs;
    fit.views = views;
    for (std::size_t a = 0; a < attributes; ++a) {
      fit.attributes.push_back(fit_attribute(vocabulary.attributes()[a], alike[a]));
    }
  }
  return fits;
}

}  // namespace firstlight
