#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firstlight/nn/tokenizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/normalizer.h"

namespace firstlight::nn {

/// Finds the longest of several words at the leftmost place where one begins.
class WordTrie {
 public:
  /// Throws Error::input for an empty word or one that is there already.
  void insert(std::string_view word, std::int32_t id, const std::string& where);
  bool empty() const { return nodes_.size() == 1; }
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::int32_t id = -1;
  };
  /// The first match at or after `from`; its id is -1 where there is none.
  Match find(std::string_view text, std::size_t from) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::int32_t>> children;  ///< sorted by byte
    std::int32_t id = -1;
  };
  std::int32_t child(std::int32_t node, unsigned char byte) const;

  std::vector<Node> nodes_{1};
};

/// The tokens that are taken out of a text before the model sees it. Immutable once filled.
class AddedVocabulary {
 public:
  /// Adds tokens in order, giving new ones ids as `tokenizers` does. `normalizer` may be null.
  void add(const std::vector<AddedToken>& tokens, const TokenMap& vocab,
           const TextNormalizer* normalizer, const std::string& where);

  /// Text cut at the added tokens, the rest normalised.
  std::vector<Piece> extract(std::string_view text, const TextNormalizer* normalizer,
                             bool special_as_text) const;
  const std::map<std::int32_t, AddedToken>& by_id() const { return by_id_; }
  const TokenMap& ids() const { return ids_; }
  /// What the decoder gets for an added token: its normalised form where that differs.
  const std::string& decoded_form(std::int32_t id) const;
  /// Whether decode leaves this out as special, which it decides by the text.
  bool is_special_text(const std::string& text) const { return special_.contains(text); }

 private:
  void split(Piece piece, const WordTrie& words, bool special_as_text,
             std::vector<Piece>& out) const;
  void rebuild(const std::string& where);

  TokenMap ids_;
  std::map<std::int32_t, AddedToken> by_id_;
  std::map<std::int32_t, std::string> normalized_forms_;
  std::map<std::string, bool> special_;
  WordTrie plain_;
  WordTrie normalized_;
};

}  // namespace firstlight::nn
