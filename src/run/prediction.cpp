#include "firstlight/run/prediction.h"

#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/run/contents.h"
#include "firstlight/score/domain.h"

namespace firstlight {

bool Interpretation::is_calibrated() const {
  return calibration && calibration->normalisation == normalisation &&
         calibration->average_passes == average_passes && pass == "main";
}

Prediction predict(const SampleRecord& record, const Interpretation& interpretation) {
  const LabelScores* prior = nullptr;
  if (interpretation.normalisation == Normalisation::kPmi) {
    prior = record.find("blank");
    if (prior == nullptr) prior = record.find("no_descriptions");
    if (prior == nullptr) {
      throw Error::usage("normalisation pmi", "the run has no prior pass",
                         "classify with --passes main,blank");
    }
  }
  std::vector<std::vector<double>> log_scores;
  for (const PassScores& scores : record.scores) {
    // The prior was measured in the main order, so PMI has nothing to subtract in another one.
    const bool order = scores.pass.starts_with("order_") && prior == nullptr;
    const bool joins = order || scores.pass.starts_with("orientation_");
    if (scores.pass == interpretation.pass ||
        (joins && interpretation.average_passes && interpretation.pass == "main")) {
      log_scores.push_back(label_log_scores(scores.scores, interpretation.normalisation, prior));
    }
  }
  if (log_scores.empty()) {
    throw Error::usage("pass '" + interpretation.pass + "'", "the run does not hold it",
                       "name it in classify --passes");
  }
  Prediction prediction;
  prediction.probabilities =
      log_scores.size() == 1 ? softmax(log_scores.front()) : average_passes(log_scores);
  prediction.label = most_likely(prediction.probabilities);
  if (interpretation.is_calibrated()) {
    const RunCalibration& fitted = *interpretation.calibration;
    prediction.calibrated = calibrate(fitted.calibration, prediction.probabilities);
    prediction.conformal_set = conformal_set(prediction.probabilities, fitted.set_threshold);
  }
  return prediction;
}

bool checks_domain(const RunStore& run) { return has_domain(run.config()); }

std::string warning_of(const RunStore& run, const SampleRecord& record) {
  if (!record.ok || !checks_domain(run)) return {};
  return domain_warning(record.domain_score.value_or(0),
                        run.config().setting("domain.unknown_classes"));
}

Interpretation interpretation_of(const RunStore& run) {
  Interpretation interpretation;
  if (const auto named = normalisation(run.config().setting("normalisation"))) {
    interpretation.normalisation = *named;
  }
  interpretation.calibration = run.calibration();
  return interpretation;
}

}  // namespace firstlight
