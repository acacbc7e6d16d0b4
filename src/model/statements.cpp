#include "firstlight/model/statements.h"

#include <algorithm>
#include <numeric>

#include "firstlight/base/error.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

/// A statement that might be made.
struct Candidate {
  std::string words;
  bool sure = false;
  double rank = 0;  ///< of candidates of which none is sure, the greatest is made
};

std::size_t greatest(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

/// Whether what an attribute needs is the likeliest, by attribute.
bool makes_sense(const Attribute& attribute, const std::vector<std::size_t>& likeliest) {
  return !attribute.needs || likeliest[attribute.needs->attribute] == attribute.needs->statement;
}

std::vector<Candidate> plain_candidates(const Vocabulary& vocabulary,
                                        const std::vector<Weighed>& weighed) {
  const double spoken_of = 0.5 / static_cast<double>(weighed.size());
  std::vector<Candidate> candidates;
  std::vector<std::size_t> likeliest;
  for (std::size_t a = 0; a < weighed.size(); ++a) {
    const Weighed& one = weighed[a];
    const std::size_t best = greatest(one.shares);
    likeliest.push_back(best);
    if (!makes_sense(vocabulary.attributes()[a], likeliest)) continue;
    candidates.push_back({one.likely[best],
                          one.total >= spoken_of && one.shares[best] >= kSureStatement,
                          one.total * one.shares[best]});
  }
  return candidates;
}

std::vector<Candidate> fitted_candidates(const Vocabulary& vocabulary,
                                         const std::vector<Weighed>& weighed,
                                         const StatementFit& fit, double label_probability) {
  std::vector<Candidate> candidates;
  std::vector<std::size_t> likeliest;
  for (std::size_t a = 0; a < weighed.size(); ++a) {
    const StatementFit::Of& of = fit.attributes[a];
    likeliest.push_back(greatest(weighed[a].shares));
    if (of.which.offsets.empty()) continue;
    const double total = weighed[a].total;
    const bool applies = calibrate(of.applies, std::vector<double>{total, 1 - total})[0] >= 0.5;
    const std::vector<double> truth =
        calibrate(of.which, unconditioned(weighed[a].shares, label_probability, of.common));
    std::vector<double> gain;
    for (std::size_t v = 0; v < truth.size(); ++v) gain.push_back(truth[v] - of.common[v]);
    const std::size_t best = greatest(truth);
    likeliest.back() = best;
    if (!makes_sense(vocabulary.attributes()[a], likeliest)) continue;
    const bool sure = applies && truth[best] >= kSureStatement && gain[best] >= kTellingStatement;
    const std::size_t said = sure ? best : greatest(gain);
    candidates.push_back({weighed[a].likely[said], sure, gain[said] - (applies ? 0.0 : 1.0)});
  }
  return candidates;
}

std::vector<std::string> choose(const std::vector<Candidate>& candidates) {
  std::vector<std::string> said;
  for (const Candidate& one : candidates) {
    if (one.sure) said.push_back(one.words);
  }
  if (said.empty()) {
    said.push_back(
        std::max_element(candidates.begin(), candidates.end(),
                         [](const Candidate& a, const Candidate& b) { return a.rank < b.rank; })
            ->words);
  }
  return said;
}

}  // namespace

bool fits_vocabulary(const StatementFit& fit, const Vocabulary& vocabulary) {
  const auto& attributes = vocabulary.attributes();
  return std::equal(fit.attributes.begin(), fit.attributes.end(), attributes.begin(),
                    attributes.end(), [](const StatementFit::Of& of, const Attribute& attribute) {
                      return of.attribute == attribute.name &&
                             std::equal(of.values.begin(), of.values.end(),
                                        attribute.statements.begin(), attribute.statements.end(),
                                        [](const std::string& value, const Statement& statement) {
                                          return value == statement.value;
                                        });
                    });
}

std::vector<Weighed> weigh_statements(const Vocabulary& vocabulary,
                                      std::span<const double> log_probabilities) {
  if (log_probabilities.size() != vocabulary.parts().size()) {
    throw Error::usage("reasons", "one probability is needed for each part of the vocabulary");
  }
  const std::vector<double> probabilities = softmax(log_probabilities);
  std::vector<Weighed> weighed;
  std::size_t at = 0;
  for (const Attribute& attribute : vocabulary.attributes()) {
    Weighed& here = weighed.emplace_back();
    for (const Statement& statement : attribute.statements) {
      const auto own = std::span(probabilities).subspan(at, statement.says.size());
      at += own.size();
      here.shares.push_back(std::accumulate(own.begin(), own.end(), 0.0));
      here.total += here.shares.back();
      here.likely.push_back(statement.says[static_cast<std::size_t>(
          std::max_element(own.begin(), own.end()) - own.begin())]);
    }
    for (double& share : here.shares) {
      share = here.total > 0 ? share / here.total : 1.0 / static_cast<double>(here.shares.size());
    }
  }
  return weighed;
}

std::vector<double> unconditioned(const std::vector<double>& shares, double label_probability,
                                  const std::vector<double>& common) {
  std::vector<double> mixed;
  for (std::size_t v = 0; v < shares.size(); ++v) {
    mixed.push_back(label_probability * shares[v] + (1 - label_probability) * common[v]);
  }
  return mixed;
}

std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities) {
  return choose(plain_candidates(vocabulary, weigh_statements(vocabulary, log_probabilities)));
}

std::vector<std::string> choose_statements(const Vocabulary& vocabulary,
                                           std::span<const double> log_probabilities,
                                           const StatementFit& fit, double label_probability) {
  const auto weighed = weigh_statements(vocabulary, log_probabilities);
  const auto candidates = fitted_candidates(vocabulary, weighed, fit, label_probability);
  return choose(candidates.empty() ? plain_candidates(vocabulary, weighed) : candidates);
}

}  // namespace firstlight
