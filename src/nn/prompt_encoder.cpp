#include "prompt_encoder.h"

#include <algorithm>
#include <cctype>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

/// Prompts that are remembered: the passes of a task, with room for fields that differ little.
constexpr std::size_t kRemembered = 64;

std::string key_of(const RenderedPrompt& prompt, const std::vector<std::string>& answers,
                   std::span<const std::size_t> positions) {
  std::string key;
  for (const std::size_t n : positions) key += std::to_string(n) + ",";
  const auto add = [&](char kind, const std::string& text) {
    key += kind + std::to_string(text.size()) + ":" + text;
  };
  add('s', prompt.system);
  for (const PromptPart& p : prompt.user)
    add(p.kind == PromptPart::Kind::kText ? 't' : 'i', p.text);
  for (const PromptPart& p : prompt.literal) {
    add(p.kind == PromptPart::Kind::kText ? 'T' : 'I', p.text);
  }
  for (const std::string& answer : answers) add('a', answer);
  return key;
}

bool ends_in_space(const std::string& text) {
  return text.empty() || std::isspace(static_cast<unsigned char>(text.back()));
}

std::size_t common_length(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                                  a.begin());
}

}  // namespace

std::size_t EncodedPrompt::length() const {
  std::size_t longest = 0;
  for (const auto& answer : answers) longest = std::max(longest, answer.token_ids.size());
  return ids.size() + longest;
}

PromptEncoder::PromptEncoder(const VlmProcessor& processor, std::vector<std::int32_t> eos_ids,
                             std::int64_t max_positions)
    : processor_(processor), eos_ids_(std::move(eos_ids)), max_positions_(max_positions) {}

std::shared_ptr<const EncodedPrompt> PromptEncoder::encode(const RenderedPrompt& prompt,
                                                           const std::vector<std::string>& answers,
                                                           std::span<const std::size_t> positions) {
  const std::string key = key_of(prompt, answers, positions);
  if (const auto at = known_.find(key); at != known_.end()) {
    order_.splice(order_.begin(), order_, at->second.place);
    return at->second.prompt;
  }
  auto encoded = std::make_shared<const EncodedPrompt>(encode_now(prompt, answers, positions));
  order_.push_front(key);
  known_[key] = {encoded, order_.begin()};
  if (known_.size() > kRemembered) {
    known_.erase(order_.back());
    order_.pop_back();
  }
  return encoded;
}

void PromptEncoder::refuse_marker(const std::string& text) const {
  const std::string& marker = processor_.image_token();
  if (text.find(marker) == std::string::npos) return;
  throw Error::usage("prompt", "its text holds the model's image marker '" + marker + "'",
                     "write {image} where a picture belongs");
}

std::string PromptEncoder::prompt_text(const RenderedPrompt& prompt) const {
  refuse_marker(prompt.system);
  std::string literal;
  for (const PromptPart& part : prompt.literal.empty() ? prompt.user : prompt.literal) {
    if (part.kind == PromptPart::Kind::kText) refuse_marker(part.text);
    literal += part.kind == PromptPart::Kind::kImage ? processor_.image_token() : part.text;
  }
  return prompt.literal.empty() ? processor_.chat_text(prompt, nullptr) : literal;
}

PromptEncoder::Turn PromptEncoder::turn_of(const RenderedPrompt& prompt, const std::string& text,
                                           const std::string& answer) const {
  Turn turn{ends_in_space(text) ? "" : " ", "", false};
  if (!prompt.literal.empty()) return turn;
  const std::string whole = processor_.chat_text(prompt, &answer);
  const std::size_t at = whole.find(answer, std::min(text.size(), whole.size()));
  if (!whole.starts_with(text) || at == std::string::npos) return turn;
  turn.before = whole.substr(text.size(), at - text.size());
  // Behind the answer only an end-of-text token belongs to it, with what stands between.
  const std::string rest = whole.substr(at + answer.size());
  std::size_t first = std::string::npos;
  for (const std::int32_t id : eos_ids_) {
    if (!processor_.tokenizer().has_id(id)) continue;
    const std::string& token = processor_.tokenizer().id_to_token(id);
    const std::size_t found = rest.find(token);
    if (found < first) {
      first = found;
      turn.after = rest.substr(0, found + token.size());
      turn.ends = true;
    }
  }
  return turn;
}

EncodedPrompt PromptEncoder::encode_now(const RenderedPrompt& prompt,
                                        const std::vector<std::string>& answers,
                                        std::span<const std::size_t> positions) const {
  const std::vector<std::string> views = prompt.image_views();
  if (views.size() != positions.size()) {
    throw Error::usage("prompt", "has " + std::to_string(views.size()) + " image places, " +
                                     std::to_string(positions.size()) + " pictures are given");
  }
  EncodedPrompt encoded;
  encoded.text = prompt_text(prompt);
  encoded.ids = processor_.encode(encoded.text, positions);

  std::vector<std::vector<std::int32_t>> whole;
  std::size_t kept = encoded.ids.size();
  for (const std::string& answer : answers) {
    if (answer.empty()) throw Error::usage("answers", "one is empty");
    refuse_marker(answer);
    const Turn turn = turn_of(prompt, encoded.text, answer);
    std::vector<std::int32_t> ids =
        processor_.encode(encoded.text + turn.before + answer + turn.after, positions);
    // Some tokenisers end every text by themselves.
    const bool ended =
        !ids.empty() && std::find(eos_ids_.begin(), eos_ids_.end(), ids.back()) != eos_ids_.end();
    if (!turn.ends && !ended) ids.push_back(eos_ids_.front());
    kept = std::min(kept, common_length(encoded.ids, ids));
    encoded.answers.push_back({turn.before + answer + turn.after, {}});
    whole.push_back(std::move(ids));
  }
  if (kept == 0) throw Error::input("prompt", "has no tokens that all answers share");
  encoded.ids.resize(kept);
  std::vector<std::vector<std::int32_t>> tails;
  for (std::size_t a = 0; a < answers.size(); ++a) {
    tails.emplace_back(whole[a].begin() + static_cast<std::ptrdiff_t>(kept), whole[a].end());
    encoded.answers[a].token_ids = tails.back();
  }
  if (!answers.empty()) encoded.tree = build_prefix_tree(tails, answers);
  if (static_cast<std::int64_t>(encoded.length()) > max_positions_) {
    throw Error::input("prompt",
                       "takes " + std::to_string(kept) + " positions and its longest answer " +
                           std::to_string(encoded.length() - kept) + "; the model has " +
                           std::to_string(max_positions_),
                       "shorten the prompt or use fewer views");
  }

  std::size_t at = 0;
  for (std::size_t i = 0; i < views.size(); ++i) {
    while (at < kept && encoded.ids[at] != processor_.image_token_id()) ++at;
    encoded.images.push_back({views[i], at, positions[i]});
    at += positions[i];
  }
  if (at > kept) throw Error::input("prompt", "ends within its pictures");
  return encoded;
}

}  // namespace firstlight::nn
