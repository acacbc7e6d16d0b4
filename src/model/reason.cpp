#include "firstlight/model/reason.h"

#include <algorithm>

#include "firstlight/base/clean_text.h"
#include "firstlight/base/text.h"

namespace firstlight {

Result<std::vector<double>> score_statements(const Vocabulary& vocabulary,
                                             const Classifier& classifier,
                                             const PreparedSample& sample, ClassId label) {
  std::vector<std::string> reasons;
  for (const std::string& part : vocabulary.parts()) reasons.push_back(to_sentences({part}));
  return classifier.score_reasons(sample, label, reasons);
}

std::string ReasonWriter::setting() const {
  if (!vocabulary) return std::to_string(max_tokens);
  return fits.empty() ? "vocabulary" : "fitted vocabulary";
}

const StatementFit* ReasonWriter::fit_for(std::size_t views) const {
  if (fits.empty()) return nullptr;
  const auto own = std::find_if(fits.begin(), fits.end(),
                                [&](const StatementFit& fit) { return fit.views == views; });
  return own != fits.end() ? &*own : &fits.front();
}

Result<std::string> ReasonWriter::write(const Classifier& classifier, const PreparedSample& sample,
                                        ClassId label, double label_probability) const {
  if (!vocabulary) {
    const auto written = classifier.generate(sample, {.max_tokens = max_tokens, .label = label});
    if (!written) return written.error();
    return text::trim(clean_text(written.value().text));
  }
  const auto scored = score_statements(*vocabulary, classifier, sample, label);
  if (!scored) return scored.error();
  const StatementFit* fit = fit_for(sample.views.size());
  return to_sentences(fit ? choose_statements(*vocabulary, scored.value(), *fit, label_probability)
                          : choose_statements(*vocabulary, scored.value()));
}

}  // namespace firstlight
