#include "forced.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "firstlight/base/text.h"
#include "one_line.h"
#include "readout.h"

namespace firstlight::hosted {
namespace {

Error unlike(const std::string& label, const std::string& what) {
  return Error::input("server", what + " for the label '" + one_line(label, 60) + "'");
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  return std::isfinite(value) && value <= 1e-3 ? std::optional(std::min(value, 0.0)) : std::nullopt;
}

std::string without_blanks(std::string_view s) {
  std::string out;
  for (const char c : s) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c;
  }
  return out;
}

/// Where a label that is read from token `begin` on ends (one past it); nullopt where it is not.
std::optional<std::size_t> read_label(const std::vector<PromptToken>& tokens, std::size_t begin,
                                      const std::string& bare) {
  std::string read;
  for (std::size_t i = begin; i < tokens.size() && read.size() < bare.size(); ++i) {
    read += without_blanks(tokens[i].text);
    if (read == bare) return i + 1;
  }
  return std::nullopt;
}

/// The last place where a label can be read: it is what the prompt says last.
std::optional<std::size_t> find_label(const PromptTail& prompt, const std::string& bare) {
  for (std::size_t begin = prompt.tokens.size(); begin-- > 0;) {
    if (read_label(prompt.tokens, begin, bare)) return prompt.place + begin;
  }
  return std::nullopt;
}

/// The first place where prompts are not the same; SIZE_MAX where they never differ.
std::size_t first_difference(const std::vector<PromptTail>& prompts) {
  std::size_t first = SIZE_MAX;
  const PromptTail& one = prompts.front();
  for (const PromptTail& other : prompts) {
    std::size_t place = std::max(one.place, other.place);
    const auto token = [&](const PromptTail& p) -> std::optional<std::int32_t> {
      if (place - p.place >= p.tokens.size()) return std::nullopt;
      return p.tokens[place - p.place].id;
    };
    while (token(one) && token(one) == token(other)) ++place;
    if (token(one) || token(other)) first = std::min(first, place);
  }
  return first;
}

struct Piece {
  std::int32_t id = 0;
  std::string text;
};

/// `tokens` of /tokenize: a piece is a text, or a list of bytes where it is no whole UTF-8.
std::optional<std::vector<Piece>> pieces_of(const Json& answer) {
  const auto list = answer.find("tokens");
  if (list == answer.end() || !list->is_array()) return std::nullopt;
  std::vector<Piece> pieces;
  for (const Json& token : *list) {
    if (!token.is_object() || !token.contains("id") || !token.contains("piece"))
      return std::nullopt;
    const Json& id = token["id"];
    const Json& piece = token["piece"];
    if (!id.is_number_integer()) return std::nullopt;
    Piece out{id.get<std::int32_t>(), {}};
    if (piece.is_string()) {
      out.text = piece.get<std::string>();
    } else if (const auto bytes = bytes_of(piece)) {
      out.text = *bytes;
    } else {
      return std::nullopt;
    }
    pieces.push_back(std::move(out));
  }
  return pieces;
}

/// Whether a text does not end inside a character.
bool ends_whole(const std::string& s) {
  std::size_t at = 0;
  while (at < s.size()) {
    const auto sequence = text::utf8_sequence(std::string_view(s).substr(at));
    if (!sequence.well_formed) return false;
    at += sequence.length;
  }
  return true;
}

}  // namespace

PromptTail prompt_tail(const Json& answer) {
  PromptTail tail;
  const auto list = answer.find("prompt_logprobs");
  if (list == answer.end() || !list->is_array()) return tail;
  for (std::size_t i = 0; i < list->size(); ++i) {
    // The first entry of each place is the prompt's own token.
    const Json& place = (*list)[i];
    const bool known = place.is_object() && !place.empty() && place.begin().value().is_object();
    const Json entry = known ? place.begin().value() : Json::object();
    const auto number = known ? text::parse_int(place.begin().key()) : std::nullopt;
    const auto logprob = number_at(entry, "logprob");
    if (!number || !logprob || !entry.contains("decoded_token") ||
        !entry["decoded_token"].is_string()) {
      tail = {i + 1, {}};
      continue;
    }
    tail.tokens.push_back({static_cast<std::int32_t>(*number), *logprob, entry["decoded_token"]});
  }
  return tail;
}

Result<std::vector<AnswerScore>> scores_from_prompts(const std::vector<PromptTail>& prompts,
                                                     const std::vector<std::string>& labels) {
  std::size_t start = SIZE_MAX;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto found = find_label(prompts[i], without_blanks(labels[i]));
    if (!found)
      return unlike(labels[i], "the log-probabilities of the prompt do not hold the tokens");
    start = std::min(start, *found);
  }
  // The first of several tokens of one character has no text, but it is a part of the label.
  if (!prompts.empty()) start = std::min(start, first_difference(prompts));
  std::vector<AnswerScore> scores;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto& [place, tokens] = prompts[i];
    const auto end =
        start < place ? std::nullopt : read_label(tokens, start - place, without_blanks(labels[i]));
    if (!end) return unlike(labels[i], "the prompts do not begin alike");
    AnswerScore score;
    for (std::size_t k = start - place; k < std::min(*end + 1, tokens.size()); ++k) {
      score.token_ids.push_back(tokens[k].id);
      score.logprobs.push_back(tokens[k].logprob);
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

bool lacks_first_token(const Json& plain, const Json& special) {
  const auto before = plain.find("tokens");
  const auto after = special.find("tokens");
  if (before == plain.end() || !before->is_array() || before->empty()) return false;
  if (after == special.end() || !after->is_array() || after->size() != before->size() + 1) {
    return false;
  }
  return after->front() != before->front() &&
         std::equal(before->begin(), before->end(), after->begin() + 1);
}

Result<LabelTokens> label_tokens(const Json& before, const Json& with, const std::string& label) {
  const auto start = pieces_of(before);
  const auto whole = pieces_of(with);
  if (!start || !whole) return unlike(label, "no tokens");
  const auto same = [](const Piece& a, const Piece& b) { return a.id == b.id; };
  if (whole->size() < start->size() ||
      !std::equal(start->begin(), start->end(), whole->begin(), same)) {
    return unlike(label, "its first token begins inside the prompt");
  }
  LabelTokens tokens;
  std::string read;
  std::size_t i = start->size();
  while (i < whole->size() && text::trim(read) != label) {
    read += (*whole)[i].text;
    tokens.ids.push_back((*whole)[i++].id);
    if (!ends_whole(read)) return unlike(label, "a character has several tokens");
  }
  if (text::trim(read) != label) return unlike(label, "other tokens than those");
  if (i < whole->size()) tokens.end = (*whole)[i].id;
  return tokens;
}

Result<AnswerScore> score_from_grammar(const Json& answer, const std::string& label,
                                       const LabelTokens& tokens) {
  constexpr double kSmallest = -103.6;  // the logarithm of 1e-45
  AnswerScore score;
  for (const Position& position : positions_of(answer)) {
    if (!position.chosen.id) break;
    score.token_ids.push_back(*position.chosen.id);
    score.logprobs.push_back(std::max(position.chosen.logprob, kSmallest));
  }
  const std::size_t size = tokens.ids.size();
  if (score.token_ids.size() != size + 1 ||
      !std::equal(tokens.ids.begin(), tokens.ids.end(), score.token_ids.begin())) {
    return unlike(label, "the grammar gave '" + one_line(content_of(answer), 60) + "'");
  }
  return score;
}

}  // namespace firstlight::hosted
