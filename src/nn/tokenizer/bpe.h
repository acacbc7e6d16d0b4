#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// Lookup of strings without making one.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};
using TokenMap = std::unordered_map<std::string, std::int32_t, StringHash, std::equal_to<>>;

/// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) with the options of tokenizer.json.
/// Immutable; safe from any thread.
class BpeModel {
 public:
  /// `json` is the file's `model`. Throws Error::input: unknown tokens in merges, ids out of range
  /// or used twice, dropout.
  explicit BpeModel(const JsonObject& json);

  /// Appends the ids of one word. O(n log n) in its length.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;
  const TokenMap& vocab() const { return vocab_; }

  /// Ids must be below this: the tables that they index stay small whatever a file says.
  static constexpr std::int64_t kMaxIds = 1 << 24;

 private:
  struct Merge {
    std::int32_t rank;
    std::int32_t id;
  };
  struct PairHash {
    std::size_t operator()(std::uint64_t pair) const {
      return static_cast<std::size_t>((pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15ULL);
    }
  };

  void read_vocab(const JsonObject& json);
  void read_merges(const JsonObject& json);
  void add_merge(const JsonObject& json, std::size_t index, std::int32_t rank,
                 std::string_view left, std::string_view right);
  std::vector<std::int32_t> initial_symbols(std::string_view word) const;
  bool append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const;
  const Merge* merge_of(std::int32_t left, std::int32_t right) const;
  void merge_all(std::vector<std::int32_t>& ids) const;

  TokenMap vocab_;
  std::unordered_map<std::uint64_t, Merge, PairHash> merges_;
  std::vector<std::int32_t> byte_ids_;  ///< ids of <0x00>..<0xFF>, -1 where there is none
  std::string unk_token_;
  std::optional<std::int32_t> unk_id_;
  std::string prefix_;
  std::string suffix_;
  bool has_unk_ = false;
  bool fuse_unk_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  std::string where_;
};

}  // namespace firstlight::nn
