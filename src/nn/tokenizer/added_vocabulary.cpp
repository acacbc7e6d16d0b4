#include "tokenizer/added_vocabulary.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

bool by_byte(const std::pair<unsigned char, std::int32_t>& entry, unsigned char byte) {
  return entry.first < byte;
}

/// Begin of the white space that ends at `at`.
std::size_t spaces_before(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t last = utf8_previous(text, at);
    if (!is_white_space(utf8_decode(text, last))) break;
    at = last;
  }
  return at;
}

std::size_t spaces_after(std::string_view text, std::size_t at) {
  while (at < text.size() && is_white_space(utf8_decode(text, at))) at += utf8_length(text, at);
  return at;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_word_character(utf8_decode(text, utf8_previous(text, begin)))) return false;
  return end == text.size() || !is_word_character(utf8_decode(text, end));
}

}  // namespace

std::int32_t WordTrie::child(std::int32_t node, unsigned char byte) const {
  const auto& children = nodes_[static_cast<std::size_t>(node)].children;
  const auto it = std::lower_bound(children.begin(), children.end(), byte, by_byte);
  return it != children.end() && it->first == byte ? it->second : -1;
}

void WordTrie::insert(std::string_view word, std::int32_t id, const std::string& where) {
  if (word.empty()) throw Error::input(where, "an added token is empty once normalised");
  std::int32_t node = 0;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    std::int32_t next = child(node, byte);
    if (next < 0) {
      next = static_cast<std::int32_t>(nodes_.size());
      nodes_.emplace_back();
      auto& children = nodes_[static_cast<std::size_t>(node)].children;
      children.insert(std::lower_bound(children.begin(), children.end(), byte, by_byte),
                      {byte, next});
    }
    node = next;
  }
  std::int32_t& slot = nodes_[static_cast<std::size_t>(node)].id;
  if (slot >= 0) {
    throw Error::input(where, "two added tokens match the same text '" + std::string(word) + "'");
  }
  slot = id;
}

WordTrie::Match WordTrie::find(std::string_view text, std::size_t from) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    Match match;
    std::int32_t node = 0;
    for (std::size_t i = begin; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node < 0) break;
      const std::int32_t id = nodes_[static_cast<std::size_t>(node)].id;
      if (id >= 0) match = Match{begin, i + 1, id};
    }
    if (match.id >= 0) return match;
  }
  return {};
}

void AddedVocabulary::add(const std::vector<AddedToken>& tokens, const TokenMap& vocab,
                          const TextNormalizer* normalizer, const std::string& where) {
  const auto vocab_size = static_cast<std::int32_t>(vocab.size());
  std::int32_t next_id = vocab_size;
  if (!by_id_.empty()) next_id = std::max(next_id, by_id_.rbegin()->first + 1);
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.content.size() > kMaxTokenBytes) {
      throw Error::input(
          where, "an added token is longer than " + std::to_string(kMaxTokenBytes) + " bytes");
    }
    const auto known = ids_.find(token.content);
    if (known != ids_.end() && by_id_.at(known->second) == token) continue;
    const auto in_vocab = vocab.find(token.content);
    const std::int32_t id = known != ids_.end()       ? known->second
                            : in_vocab != vocab.end() ? in_vocab->second
                                                      : next_id++;
    if (id >= BpeModel::kMaxIds) throw Error::input(where, "too many added tokens");
    if (token.normalized && normalizer != nullptr) {
      Piece piece{token.content, true, -1};
      normalizer->normalize(piece);
      if (piece.text != token.content) normalized_forms_[id] = std::move(piece.text);
    }
    ids_[token.content] = id;
    if (token.special) special_[token.content] = true;
    const auto [slot, fresh] = by_id_.insert_or_assign(id, token);
    if (!fresh && slot->second.content != token.content) {
      throw Error::input(where, "two added tokens have the same id " + std::to_string(id));
    }
  }
  rebuild(where);
}

void AddedVocabulary::rebuild(const std::string& where) {
  plain_ = WordTrie();
  normalized_ = WordTrie();
  for (const auto& [id, token] : by_id_) {
    if (token.normalized) {
      normalized_.insert(decoded_form(id), id, where);
    } else {
      plain_.insert(token.content, id, where);
    }
  }
}

const std::string& AddedVocabulary::decoded_form(std::int32_t id) const {
  const auto form = normalized_forms_.find(id);
  return form != normalized_forms_.end() ? form->second : by_id_.at(id).content;
}

void AddedVocabulary::split(Piece piece, const WordTrie& words, bool special_as_text,
                            std::vector<Piece>& out) const {
  const std::string_view text = piece.text;
  std::size_t done = 0;
  const auto append = [&](std::size_t begin, std::size_t end, std::int32_t id) {
    if (begin < end) {
      out.push_back(
          Piece{std::string(text.substr(begin, end - begin)), piece.at_start && begin == 0, id});
    }
  };
  std::size_t from = 0;
  for (WordTrie::Match match = words.find(text, from); match.id >= 0;
       match = words.find(text, from)) {
    from = match.end;
    const AddedToken& token = by_id_.at(match.id);
    if (special_as_text && is_special_text(token.content)) continue;
    if (token.single_word && !stands_alone(text, match.begin, match.end)) continue;
    std::size_t begin = match.begin;
    std::size_t end = match.end;
    if (token.lstrip) begin = std::max(spaces_before(text, begin), done);
    if (token.rstrip) end = spaces_after(text, end);
    append(done, begin, -1);
    append(begin, end, match.id);
    done = end;
  }
  append(done, text.size(), -1);
}

std::vector<Piece> AddedVocabulary::extract(std::string_view text, const TextNormalizer* normalizer,
                                            bool special_as_text) const {
  std::vector<Piece> first;
  split(Piece{std::string(text), true, -1}, plain_, special_as_text, first);
  std::vector<Piece> out;
  for (Piece& piece : first) {
    if (piece.id >= 0) {
      out.push_back(std::move(piece));
      continue;
    }
    if (normalizer != nullptr) normalizer->normalize(piece);
    split(std::move(piece), normalized_, special_as_text, out);
  }
  return out;
}

}  // namespace firstlight::nn
