#include "forced.h"

#include <cmath>
#include <optional>
#include <vector>

#include "firstlight/base/text.h"
#include "one_line.h"
#include "readout.h"

namespace firstlight::hosted {
namespace {

struct PromptToken {
  std::int32_t id = 0;
  double logprob = 0.0;
  std::string text;
};

Error unlike(const std::string& label, const std::string& what) {
  return Error::input("server", what + " for the label '" + one_line(label, 60) + "'");
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  return std::isfinite(value) && value <= 1e-3 ? std::optional(std::min(value, 0.0)) : std::nullopt;
}

/// The tokens at the end of the prompt that have a probability: the first entry of each place is
/// the prompt's own token.
std::vector<PromptToken> tail_of(const Json& list) {
  std::vector<PromptToken> tokens;
  for (const Json& place : list) {
    if (!place.is_object() || place.empty()) {
      tokens.clear();
      continue;
    }
    const Json& entry = place.begin().value();
    const auto number = text::parse_int(place.begin().key());
    const auto logprob = entry.is_object() ? number_at(entry, "logprob") : std::nullopt;
    const auto decoded = entry.is_object() ? entry.find("decoded_token") : entry.end();
    if (!number || !logprob || decoded == entry.end() || !decoded->is_string()) {
      tokens.clear();
      continue;
    }
    tokens.push_back({static_cast<std::int32_t>(*number), *logprob, decoded->get<std::string>()});
  }
  return tokens;
}

}  // namespace

Result<AnswerScore> score_from_prompt(const Json& answer, const std::string& label) {
  const auto list = answer.find("prompt_logprobs");
  if (list == answer.end() || !list->is_array()) {
    return unlike(label, "no log-probabilities of the prompt");
  }
  const std::vector<PromptToken> tokens = tail_of(*list);
  // The label is what the prompt says last, so the last place where it can be read.
  for (std::size_t begin = tokens.size(); begin-- > 0;) {
    std::string read;
    for (std::size_t end = begin; end < tokens.size(); ++end) {
      read += tokens[end].text;
      const std::string so_far = text::trim(read);
      if (so_far.size() > label.size()) break;
      if (so_far != label) continue;
      AnswerScore score;
      const std::size_t stop = std::min(end + 2, tokens.size());  // the end of the answer too
      for (std::size_t i = begin; i < stop; ++i) {
        score.token_ids.push_back(tokens[i].id);
        score.logprobs.push_back(tokens[i].logprob);
      }
      return score;
    }
  }
  return unlike(label, "the log-probabilities of the prompt do not hold the tokens");
}

Result<AnswerScore> score_from_grammar(const Json& answer, const std::string& label) {
  const std::vector<Position> positions = positions_of(answer);
  AnswerScore score;
  std::string read;
  for (const Position& position : positions) {
    if (read == label) break;
    read += position.chosen.text;
    score.logprobs.push_back(position.chosen.logprob);
  }
  if (read != label || score.logprobs.empty()) {
    return unlike(label, "the grammar gave '" + one_line(content_of(answer), 60) + "'");
  }
  return score;
}

}  // namespace firstlight::hosted
