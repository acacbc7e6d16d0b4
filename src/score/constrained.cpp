#include <algorithm>
#include <limits>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/score/score.h"

namespace firstlight {
namespace {

/// A beginning that some answers share.
struct Beam {
  double sum = 0.0;
  std::vector<std::size_t> answers;
};

/// The beginnings that follow from `beam` by one token, which stands at `place`.
std::vector<Beam> continued(const Beam& beam, const LabelScores& scores, std::size_t place) {
  std::vector<Beam> next;
  std::vector<std::int32_t> tokens;
  for (const std::size_t a : beam.answers) {
    const AnswerScore& answer = scores.answers[a];
    const std::int32_t token = answer.token_ids[place];
    const auto at = std::find(tokens.begin(), tokens.end(), token);
    if (at == tokens.end()) {
      tokens.push_back(token);
      next.push_back({beam.sum + answer.logprobs[place], {a}});
    } else {
      next[static_cast<std::size_t>(at - tokens.begin())].answers.push_back(a);
    }
  }
  return next;
}

}  // namespace

ClassId constrained_choice(const LabelScores& scores, int beams) {
  if (beams < 1) throw Error::usage("beams", "must be at least 1");
  const auto width = static_cast<std::size_t>(beams);
  std::vector<Beam> live(1);
  for (std::size_t a = 0; a < scores.answers.size(); ++a) {
    const AnswerScore& answer = scores.answers[a];
    if (answer.token_ids.empty() || answer.token_ids.size() != answer.logprobs.size()) {
      throw Error::usage("scores", "answer " + std::to_string(a) + " has no tokens");
    }
    live[0].answers.push_back(a);
  }
  if (scores.answers.empty()) throw Error::usage("scores", "there are no answers");

  struct Finished {
    double mean = 0.0;
    std::size_t answer = 0;
  };
  std::vector<Finished> finished;
  for (std::size_t place = 0; !live.empty(); ++place) {
    std::vector<Beam> candidates;
    for (const Beam& beam : live) {
      for (Beam& next : continued(beam, scores, place)) candidates.push_back(std::move(next));
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Beam& a, const Beam& b) { return a.sum > b.sum; });
    live.clear();
    const double length = static_cast<double>(place + 1);
    for (std::size_t rank = 0; rank < std::min(candidates.size(), 2 * width); ++rank) {
      Beam& candidate = candidates[rank];
      const auto ends = [&](std::size_t a) {
        return scores.answers[a].token_ids.size() == place + 1;
      };
      const auto end = std::find_if(candidate.answers.begin(), candidate.answers.end(), ends);
      if (end != candidate.answers.end()) {
        if (rank < width) finished.push_back({candidate.sum / length, *end});
        candidate.answers.erase(end);
      }
      if (!candidate.answers.empty() && live.size() < width) live.push_back(std::move(candidate));
    }
    std::stable_sort(finished.begin(), finished.end(),
                     [](const Finished& a, const Finished& b) { return a.mean > b.mean; });
    if (finished.size() > width) finished.resize(width);
    if (finished.size() == width &&
        (live.empty() || live.front().sum / length <= finished.back().mean)) {
      break;
    }
  }
  return ClassId{static_cast<std::int32_t>(finished.front().answer)};
}

}  // namespace firstlight
