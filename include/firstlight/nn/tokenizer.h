#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace firstlight::nn {

/// A token that is found in the text before the model's own rules run.
struct AddedToken {
  std::string content;
  bool single_word = false;  ///< matches only where no word character stands beside it
  bool lstrip = false;       ///< takes the white space before it with it
  bool rstrip = false;       ///< takes the white space after it with it
  bool normalized = true;    ///< looked for in the normalised text, in its normalised form
  bool special = false;      ///< left out by decode(skip_special_tokens)
  friend bool operator==(const AddedToken&, const AddedToken&) = default;
};

/// A Hugging Face tokeniser, as its tokenizer.json describes it: added tokens, normaliser,
/// pre-tokeniser, BPE model, post-processor, decoder. Gives the ids of the `tokenizers` library.
/// Entries for truncation and padding are not applied: they concern batches, and transformers
/// switches both off when one text is encoded.
/// Immutable; copies share their tables; safe from any thread.
class Tokenizer {
 public:
  /// Throws Error::input with the file, the key and why: unreadable, malformed, inconsistent, or of
  /// a kind that is not supported (docs/chat-templates-and-tokenisers.md lists what is).
  static Tokenizer from_file(const std::string& tokenizer_json_path);
  /// The same from text; `origin` names it in errors.
  static Tokenizer from_json(std::string_view json, const std::string& origin);

  /// Ids of `text`. With `add_special_tokens` the post-processor puts its tokens (BOS, EOS) around
  /// them. Bytes that are not UTF-8 count as U+FFFD, as Rust's lossy conversion has it.
  /// Throws Error::input where a pattern of the file gives up on the text, or where the text needs
  /// an unknown token that the vocabulary does not have.
  std::vector<std::int32_t> encode(std::string_view text, bool add_special_tokens) const;
  /// Text of `ids`; ids that do not exist are left out, as `tokenizers` does.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const;

  std::optional<std::int32_t> token_to_id(std::string_view token) const;
  /// Throws Error::usage where no token has this id.
  const std::string& id_to_token(std::int32_t id) const;
  bool has_id(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  /// Number of tokens, added ones included (`len(tokenizer)` in transformers).
  std::size_t vocab_size() const;
  /// The largest id; an embedding needs more rows than this.
  std::int32_t max_id() const;

  /// The same tokeniser with these tokens added in order, or redefined where their text is already
  /// a token. New ones get ids after all others.
  Tokenizer with_tokens(std::span<const AddedToken> tokens) const;
  /// The same tokeniser with a post-processor that puts these ids around a text.
  Tokenizer with_surrounding(const std::vector<std::int32_t>& before,
                             const std::vector<std::int32_t>& after) const;
  /// The same tokeniser, which reads special tokens in a text as plain text
  /// (`split_special_tokens` in transformers).
  Tokenizer with_special_tokens_as_text() const;
  /// Whether the token's text was added with exactly these properties.
  const AddedToken* added_token(std::string_view content) const;

 private:
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace firstlight::nn
