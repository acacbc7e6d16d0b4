#include "readout.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "firstlight/score/label_text.h"

namespace firstlight::hosted {
namespace {

constexpr std::size_t kMaxPositions = 256;
/// A probability that no list can rule out further; keeps every logarithm finite.
constexpr double kLeast = 1e-30;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// A letter or digit, or a part of one outside ASCII.
bool continues_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || (static_cast<unsigned char>(c) & 0x80);
}

/// The labels that an answer beginning with `begin` may still be, or is.
std::vector<std::size_t> candidates(const LabelTexts& labels, std::string_view begin) {
  while (!begin.empty() && is_blank(begin.front())) begin.remove_prefix(1);
  const std::string start = labels.folded(begin);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels.text(i);
    const bool open = label.compare(0, start.size(), start) == 0 && start.size() <= label.size();
    const bool complete = start.size() > label.size() &&
                          start.compare(0, label.size(), label) == 0 &&
                          !continues_word(start[label.size()]);
    if (open || complete) found.push_back(i);
  }
  return found;
}

/// Where an answer that has come to `begin` may go with one more token; an empty one ends it.
std::vector<std::size_t> after(const LabelTexts& labels, const std::string& begin,
                               const std::string& token) {
  if (!token.empty()) return candidates(labels, begin + token);
  const auto label = labels.exact(begin);
  return label ? std::vector<std::size_t>{*label} : std::vector<std::size_t>{};
}

std::string token_text(const Json& token) {
  // Bytes first: the text of a token that ends inside a character is not what was generated.
  if (const auto bytes = token.find("bytes"); bytes != token.end() && bytes->is_array()) {
    return bytes_of(*bytes).value_or("");
  }
  const auto text = token.find("token");
  return text != token.end() && text->is_string() ? text->get<std::string>() : std::string();
}

std::optional<Alternative> alternative_of(const Json& token) {
  if (!token.is_object()) return std::nullopt;
  const auto logprob = token.find("logprob");
  if (logprob == token.end() || !logprob->is_number()) return std::nullopt;
  const double value = logprob->get<double>();
  if (std::isnan(value) || value > 1e-3) return std::nullopt;
  Alternative alternative{token_text(token), std::min(value, 0.0), std::nullopt};
  const auto id = token.find("id");
  if (id != token.end() && id->is_number_integer()) alternative.id = id->get<std::int32_t>();
  return alternative;
}

const Json* first_choice(const Json& answer) {
  const auto choices = answer.find("choices");
  if (choices == answer.end() || !choices->is_array() || choices->empty()) return nullptr;
  const Json& choice = choices->front();
  return choice.is_object() ? &choice : nullptr;
}

std::int64_t count_at(const Json& object, const char* key) {
  constexpr std::int64_t kMost = 1'000'000'000;
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return 0;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, kMost);
}

}  // namespace

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Usage usage_of(const Json& answer) {
  Usage usage;
  const auto found = answer.find("usage");
  if (found == answer.end() || !found->is_object()) return usage;
  usage.prompt = count_at(*found, "prompt_tokens");
  usage.completion = count_at(*found, "completion_tokens");
  const auto details = found->find("prompt_tokens_details");
  if (details != found->end()) usage.cached = count_at(*details, "cached_tokens");
  usage.cached = std::min(usage.cached, usage.prompt);
  return usage;
}

std::optional<std::string> bytes_of(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::string out;
  for (const Json& byte : list) {
    if (!byte.is_number_unsigned() || byte.get<unsigned>() > 255) return std::nullopt;
    out.push_back(static_cast<char>(byte.get<unsigned>()));
  }
  return out;
}

Readout read_positions(const std::vector<Position>& positions,
                       const std::vector<std::string>& label_texts) {
  const LabelTexts labels(label_texts);
  std::vector<double> mass(labels.size(), 0.0);
  std::vector<double> bound(labels.size(), 0.0);
  std::string begin;
  double path = 1.0;
  bool resolved = false;
  for (const Position& position : positions) {
    std::vector<Alternative> all = position.top;
    const auto chosen = std::find_if(all.begin(), all.end(), [&](const Alternative& a) {
      return a.text == position.chosen.text;
    });
    const std::size_t chosen_at = static_cast<std::size_t>(chosen - all.begin());
    if (chosen == all.end()) all.push_back(position.chosen);
    double listed = 0.0;
    double last = 1.0;
    for (const Alternative& a : all) {
      listed += std::exp(a.logprob);
      last = std::min(last, std::exp(a.logprob));
    }
    for (const std::size_t label : candidates(labels, begin)) {
      bound[label] = path * std::min(last, std::max(0.0, 1.0 - listed));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::vector<std::size_t> found = after(labels, begin, all[i].text);
      if (found.size() == 1) mass[found.front()] += path * std::exp(all[i].logprob);
      if (i == chosen_at) resolved = found.size() <= 1;
    }
    begin += position.chosen.text;
    path *= std::exp(position.chosen.logprob);
    if (resolved) break;
  }
  if (!resolved) {
    // The server's list does not hold the end of the answer.
    if (const auto label = labels.exact(begin)) mass[*label] += path;
  }
  Readout readout;
  double inside = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    inside += mass[i];
    readout.logprobs.push_back(std::log(std::max(mass[i] > 0 ? mass[i] : bound[i], kLeast)));
  }
  readout.outside = std::clamp(1.0 - inside, 0.0, 1.0);
  return readout;
}

std::optional<ClassId> match_json(std::string_view answer, const std::vector<std::string>& labels) {
  const Json object = Json::parse(answer, nullptr, false);
  if (!object.is_object() || object.size() != 1) return std::nullopt;
  const auto label = object.find("label");
  if (label == object.end() || !label->is_string()) return std::nullopt;
  const auto found = std::find(labels.begin(), labels.end(), label->get<std::string>());
  if (found == labels.end()) return std::nullopt;
  return ClassId{static_cast<std::int32_t>(found - labels.begin())};
}

std::string content_of(const Json& answer) {
  const Json* choice = first_choice(answer);
  if (choice == nullptr) return {};
  const auto message = choice->find("message");
  if (message == choice->end() || !message->is_object()) return {};
  const auto content = message->find("content");
  return content != message->end() && content->is_string() ? content->get<std::string>()
                                                           : std::string();
}

std::vector<Position> positions_of(const Json& answer) {
  std::vector<Position> positions;
  const Json* choice = first_choice(answer);
  if (choice == nullptr) return positions;
  const auto logprobs = choice->find("logprobs");
  if (logprobs == choice->end() || !logprobs->is_object()) return positions;
  const auto content = logprobs->find("content");
  if (content == logprobs->end() || !content->is_array()) return positions;
  for (const Json& token : *content) {
    if (positions.size() == kMaxPositions) break;
    const auto chosen = alternative_of(token);
    if (!chosen) return {};
    Position position;
    position.chosen = *chosen;
    if (const auto top = token.find("top_logprobs"); top != token.end() && top->is_array()) {
      for (const Json& item : *top) {
        if (const auto alternative = alternative_of(item)) position.top.push_back(*alternative);
      }
    }
    positions.push_back(std::move(position));
  }
  return positions;
}

}  // namespace firstlight::hosted
