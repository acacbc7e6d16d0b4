#include "firstlight/model/reason.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

/// What the model gives to one attribute.
struct Weighed {
  double total = 0;   ///< probability of a reason about it
  double share = 0;   ///< of the likeliest statement among those about it
  std::string words;  ///< the likeliest of that statement
};

std::vector<Weighed> weigh(const Vocabulary& vocabulary, std::span<const double> logs) {
  const std::vector<double> probabilities = softmax(logs);
  std::vector<Weighed> weighed;
  std::size_t at = 0;
  for (const Attribute& attribute : vocabulary.attributes()) {
    Weighed& here = weighed.emplace_back();
    double best = -1;
    for (const Statement& statement : attribute.statements) {
      const auto own = std::span(probabilities).subspan(at, statement.says.size());
      at += own.size();
      const double sum = std::accumulate(own.begin(), own.end(), 0.0);
      here.total += sum;
      if (sum <= best) continue;
      best = sum;
      here.words = statement.says[static_cast<std::size_t>(
          std::max_element(own.begin(), own.end()) - own.begin())];
    }
    here.share = here.total > 0 ? best / here.total : 0;
  }
  return weighed;
}

}  // namespace

std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities) {
  if (log_probabilities.size() != vocabulary.parts().size()) {
    throw Error::usage("reasons", "one probability is needed for each part of the vocabulary");
  }
  const auto weighed = weigh(vocabulary, log_probabilities);
  const double spoken_of = 0.5 / static_cast<double>(weighed.size());
  std::vector<std::string> said;
  for (const Weighed& one : weighed) {
    if (one.total >= spoken_of && one.share >= kSureStatement) said.push_back(one.words);
  }
  if (said.empty()) {
    said.push_back(
        std::max_element(weighed.begin(), weighed.end(), [](const Weighed& a, const Weighed& b) {
          return a.total * a.share < b.total * b.share;
        })->words);
  }
  return said;
}

std::string ReasonWriter::setting() const {
  return vocabulary ? "vocabulary" : std::to_string(max_tokens);
}

Result<std::string> ReasonWriter::write(const Classifier& classifier, const PreparedSample& sample,
                                        ClassId label) const {
  if (!vocabulary) {
    const auto written = classifier.generate(sample, {.max_tokens = max_tokens, .label = label});
    if (!written) return written.error();
    return text::trim(clean_text(written.value().text));
  }
  std::vector<std::string> reasons;
  for (const std::string& part : vocabulary->parts()) reasons.push_back(to_sentences({part}));
  const auto scored = classifier.score_reasons(sample, label, reasons);
  if (!scored) return scored.error();
  return to_sentences(choose_statements(*vocabulary, scored.value()));
}

}  // namespace firstlight
