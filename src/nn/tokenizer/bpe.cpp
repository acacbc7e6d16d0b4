#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <queue>

#include "firstlight/base/error.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

}  // namespace

BpeModel::BpeModel(const JsonObject& json) : where_(json.where) {
  // Files of old versions name no type.
  const std::string type = json.text_or("type", "BPE");
  if (type != "BPE") json.unsupported("model");
  if (json.has("dropout") && json.require("dropout") != Json(0.0)) {
    json.fail("dropout makes ids random and is not supported", "set it to null");
  }
  fuse_unk_ = json.flag_or("fuse_unk", false);
  byte_fallback_ = json.flag_or("byte_fallback", false);
  ignore_merges_ = json.flag_or("ignore_merges", false);
  prefix_ = json.text_or("continuing_subword_prefix", "");
  suffix_ = json.text_or("end_of_word_suffix", "");
  has_unk_ = json.has("unk_token");
  unk_token_ = json.text_or("unk_token", "");
  read_vocab(json);
  read_merges(json);
  const auto unk = vocab_.find(unk_token_);
  if (has_unk_ && unk != vocab_.end()) unk_id_ = unk->second;
  byte_ids_.assign(256, -1);
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", byte);
    const auto it = vocab_.find(std::string_view(name.data()));
    if (it != vocab_.end()) byte_ids_[byte] = it->second;
  }
}

void BpeModel::read_vocab(const JsonObject& json) {
  const JsonObject vocab = json.object("vocab");
  vocab_.reserve(vocab.value->size());
  std::unordered_map<std::int32_t, const std::string*> seen;
  seen.reserve(vocab.value->size());
  for (const auto& [token, id] : vocab.value->items()) {
    if (!id.is_number_unsigned() ||
        id.get<std::uint64_t>() >= static_cast<std::uint64_t>(kMaxIds)) {
      vocab.fail("the id of token '" + token + "' is not a number from 0 to " +
                 std::to_string(kMaxIds - 1));
    }
    const auto entry = vocab_.emplace(token, id.get<std::int32_t>()).first;
    const auto [first, fresh] = seen.emplace(entry->second, &entry->first);
    if (!fresh) {
      vocab.fail("tokens '" + *first->second + "' and '" + token + "' have the same id " +
                 std::to_string(entry->second));
    }
  }
}

void BpeModel::read_merges(const JsonObject& json) {
  const Json& merges = json.array("merges");
  merges_.reserve(merges.size());
  std::int32_t rank = 0;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const Json& merge = merges[i];
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      add_merge(json, i, rank++, merge[0].get_ref<const std::string&>(),
                merge[1].get_ref<const std::string&>());
    } else if (merge.is_string()) {
      const auto& line = merge.get_ref<const std::string&>();
      if (line.starts_with("#version")) continue;
      const std::size_t space = line.find(' ');
      if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
        json.fail("merges[" + std::to_string(i) + "] must be two tokens with a space between");
      }
      const std::string_view view = line;
      add_merge(json, i, rank++, view.substr(0, space), view.substr(space + 1));
    } else {
      json.fail("merges[" + std::to_string(i) + "] must be \"a b\" or [\"a\", \"b\"]");
    }
  }
}

void BpeModel::add_merge(const JsonObject& json, std::size_t index, std::int32_t rank,
                         std::string_view left, std::string_view right) {
  const auto id_of = [&](std::string_view token) {
    const auto it = vocab_.find(token);
    if (it == vocab_.end()) {
      json.fail("merges[" + std::to_string(index) + "]: token '" + std::string(token) +
                "' is not in the vocabulary");
    }
    return it->second;
  };
  const std::int32_t left_id = id_of(left);
  const std::int32_t right_id = id_of(right);
  if (right.size() < prefix_.size()) {
    json.fail("merges[" + std::to_string(index) + "]: second token is shorter than the prefix");
  }
  const std::string joined = std::string(left).append(right.substr(prefix_.size()));
  merges_.insert_or_assign(pair_key(left_id, right_id), Merge{rank, id_of(joined)});
}

bool BpeModel::append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const {
  const auto id_of = [this](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
  if (std::any_of(character.begin(), character.end(), [&](char c) { return id_of(c) < 0; })) {
    return false;
  }
  for (const char c : character) ids.push_back(id_of(c));
  return true;
}

std::vector<std::int32_t> BpeModel::initial_symbols(std::string_view word) const {
  std::vector<std::int32_t> ids;
  ids.reserve(word.size());
  bool unknown_pending = false;
  std::string decorated;
  for (std::size_t i = 0; i < word.size();) {
    const std::size_t next = i + utf8_length(word, i);
    std::string_view character = word.substr(i, next - i);
    const bool with_prefix = i > 0 && !prefix_.empty();
    const bool with_suffix = next == word.size() && !suffix_.empty();
    if (with_prefix || with_suffix) {
      decorated = with_prefix ? prefix_ : std::string();
      decorated.append(character);
      if (with_suffix) decorated.append(suffix_);
      character = decorated;
    }
    i = next;
    const auto it = vocab_.find(character);
    if (it != vocab_.end()) {
      if (unknown_pending) ids.push_back(*unk_id_);
      unknown_pending = false;
      ids.push_back(it->second);
      continue;
    }
    // As in `tokenizers`, a pending unknown token comes after the bytes that follow it.
    if (byte_fallback_ && append_bytes(character, ids)) continue;
    if (!has_unk_) continue;
    if (!unk_id_) {
      throw Error::input(where_, "the text needs the unknown token '" + unk_token_ +
                                     "', which the vocabulary does not have");
    }
    if (unknown_pending && !fuse_unk_) ids.push_back(*unk_id_);
    unknown_pending = true;
  }
  if (unknown_pending) ids.push_back(*unk_id_);
  return ids;
}

const BpeModel::Merge* BpeModel::merge_of(std::int32_t left, std::int32_t right) const {
  const auto it = merges_.find(pair_key(left, right));
  return it == merges_.end() ? nullptr : &it->second;
}

void BpeModel::merge_all(std::vector<std::int32_t>& ids) const {
  struct Candidate {
    std::int32_t rank;
    std::int32_t position;
    std::int32_t id;
  };
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };
  const auto size = static_cast<std::int32_t>(ids.size());
  std::vector<Candidate> heap;
  const auto consider = [&](std::int32_t position, std::int32_t next) {
    const auto* merge =
        merge_of(ids[static_cast<std::size_t>(position)], ids[static_cast<std::size_t>(next)]);
    if (merge != nullptr) heap.push_back(Candidate{merge->rank, position, merge->id});
    return merge != nullptr;
  };
  for (std::int32_t i = 0; i + 1 < size; ++i) consider(i, i + 1);
  if (heap.empty()) return;
  std::make_heap(heap.begin(), heap.end(), later);

  // A list of the living symbols by position; -1 ends it, -2 marks the dead.
  std::vector<std::int32_t> next(ids.size());
  std::vector<std::int32_t> previous(ids.size());
  for (std::int32_t i = 0; i < size; ++i) {
    next[static_cast<std::size_t>(i)] = i + 1 < size ? i + 1 : -1;
    previous[static_cast<std::size_t>(i)] = i - 1;
  }
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Candidate top = heap.back();
    heap.pop_back();
    const auto at = static_cast<std::size_t>(top.position);
    if (next[at] < 0) continue;
    const auto right = static_cast<std::size_t>(next[at]);
    // Out of date where the pair changed since; like `tokenizers`, by the merge's result alone.
    const Merge* merge = merge_of(ids[at], ids[right]);
    if (merge == nullptr || merge->id != top.id) continue;
    ids[at] = top.id;
    next[at] = next[right];
    next[right] = -2;
    if (next[at] >= 0) previous[static_cast<std::size_t>(next[at])] = top.position;
    if (previous[at] >= 0 && consider(previous[at], top.position)) {
      std::push_heap(heap.begin(), heap.end(), later);
    }
    if (next[at] >= 0 && consider(top.position, next[at])) {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (next[i] != -2) ids[kept++] = ids[i];
  }
  ids.resize(kept);
}

void BpeModel::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    const auto it = vocab_.find(word);
    if (it != vocab_.end()) {
      ids.push_back(it->second);
      return;
    }
  }
  std::vector<std::int32_t> symbols = initial_symbols(word);
  merge_all(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace firstlight::nn
