#include "firstlight/nn/tokenizer.h"

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "tokenizer/added_vocabulary.h"
#include "tokenizer/bpe.h"
#include "tokenizer/decoder.h"
#include "tokenizer/json_fields.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {

struct Tokenizer::Impl {
  std::shared_ptr<const BpeModel> model;
  std::shared_ptr<const TextNormalizer> normalizer;   ///< may be null
  std::shared_ptr<const PreTokenizer> pre_tokenizer;  ///< may be null
  std::shared_ptr<const TokenDecoder> decoder;        ///< may be null
  AddedVocabulary added;
  PostProcessor post_processor;
  bool special_as_text = false;
  std::unordered_map<std::int32_t, std::string> tokens;  ///< by id, added ones included
  std::int32_t max_id = -1;
  std::string origin;

  /// Fills `tokens` and `max_id`, and checks the post-processor against them.
  void index() {
    tokens.clear();
    for (const auto& [token, id] : model->vocab()) tokens.emplace(id, token);
    for (const auto& [id, token] : added.by_id()) tokens.insert_or_assign(id, token.content);
    max_id = -1;
    for (const auto& [id, token] : tokens) max_id = std::max(max_id, id);
    for (const auto* ids : {&post_processor.before, &post_processor.after}) {
      for (const std::int32_t id : *ids) {
        if (!tokens.contains(id)) {
          throw Error::input(
              origin, "the post-processor adds id " + std::to_string(id) + ", which no token has");
        }
      }
    }
  }
};

namespace {

constexpr std::uintmax_t kMaxFileBytes = 512ULL << 20;

std::vector<AddedToken> read_added_tokens(const JsonObject& root, std::vector<std::int64_t>& ids) {
  std::vector<AddedToken> tokens;
  if (!root.has("added_tokens")) return tokens;
  const Json& list = root.array("added_tokens");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonObject entry(list[i], root.where + ": added_tokens[" + std::to_string(i) + "]");
    AddedToken token;
    token.content = entry.text("content");
    token.single_word = entry.flag_or("single_word", false);
    token.lstrip = entry.flag_or("lstrip", false);
    token.rstrip = entry.flag_or("rstrip", false);
    token.normalized = entry.flag_or("normalized", true);
    token.special = entry.flag_or("special", false);
    const Json& id = entry.require("id");
    if (!id.is_number_unsigned() ||
        id.get<std::uint64_t>() >= static_cast<std::uint64_t>(BpeModel::kMaxIds)) {
      entry.fail("key 'id' must be a number from 0 to " + std::to_string(BpeModel::kMaxIds - 1));
    }
    ids.push_back(id.get<std::int64_t>());
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace

Tokenizer Tokenizer::from_file(const std::string& tokenizer_json_path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(tokenizer_json_path, error);
  if (!error && size > kMaxFileBytes) {
    throw Error::input(tokenizer_json_path, "larger than 512 MiB", "is it a tokeniser?");
  }
  return from_json(text::read_file(tokenizer_json_path), tokenizer_json_path);
}

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& origin) {
  const Json document = parse_json_limited(json, origin);
  const JsonObject root(document, origin);
  const auto part = [&](const char* key) {
    return JsonObject(root.require(key), origin + ": " + key);
  };
  if (root.has("version") && root.text("version") != "1.0") {
    root.fail("version '" + root.text("version") + "' is not known", "version 1.0 is");
  }
  auto impl = std::make_shared<Impl>();
  impl->origin = origin;
  impl->model = std::make_shared<const BpeModel>(part("model"));
  if (root.has("normalizer")) impl->normalizer = make_normalizer(part("normalizer"));
  if (root.has("pre_tokenizer")) impl->pre_tokenizer = make_pre_tokenizer(part("pre_tokenizer"));
  if (root.has("decoder")) impl->decoder = make_decoder(part("decoder"));
  if (root.has("post_processor")) {
    impl->post_processor = make_post_processor(part("post_processor"));
  }
  std::vector<std::int64_t> ids;
  const std::vector<AddedToken> added = read_added_tokens(root, ids);
  const std::string where = origin + ": added_tokens";
  impl->added.add(added, impl->model->vocab(), impl->normalizer.get(), where);
  for (std::size_t i = 0; i < added.size(); ++i) {
    const auto it = impl->added.ids().find(added[i].content);
    if (it != impl->added.ids().end() && it->second != ids[i]) {
      log_warning(where + ": '" + added[i].content + "' gets id " + std::to_string(it->second) +
                  " where the file says " + std::to_string(ids[i]) + ", as in transformers");
    }
  }
  impl->index();
  return Tokenizer(std::move(impl));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  std::vector<Piece> pieces =
      impl_->added.extract(to_valid_utf8(text), impl_->normalizer.get(), impl_->special_as_text);
  if (impl_->pre_tokenizer) impl_->pre_tokenizer->split(pieces);
  std::vector<std::int32_t> ids;
  if (add_special_tokens) ids = impl_->post_processor.before;
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      ids.push_back(piece.id);
    } else {
      impl_->model->encode(piece.text, ids);
    }
  }
  if (add_special_tokens) {
    ids.insert(ids.end(), impl_->post_processor.after.begin(), impl_->post_processor.after.end());
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) {
    const auto it = impl_->tokens.find(id);
    if (it == impl_->tokens.end()) continue;
    const bool is_added = impl_->added.by_id().contains(id);
    const std::string& token = is_added ? impl_->added.decoded_form(id) : it->second;
    if (skip_special_tokens && impl_->added.is_special_text(token)) continue;
    tokens.push_back(token);
  }
  if (!impl_->decoder) return text::join(tokens, " ");
  impl_->decoder->decode(tokens);
  return text::join(tokens, "");
}

std::optional<std::int32_t> Tokenizer::token_to_id(std::string_view token) const {
  for (const TokenMap* map : {&impl_->added.ids(), &impl_->model->vocab()}) {
    const auto it = map->find(token);
    if (it != map->end()) return it->second;
  }
  return std::nullopt;
}

const std::string& Tokenizer::id_to_token(std::int32_t id) const {
  const auto it = impl_->tokens.find(id);
  if (it == impl_->tokens.end()) {
    throw Error::usage(impl_->origin, "no token has id " + std::to_string(id));
  }
  return it->second;
}

bool Tokenizer::has_id(std::int32_t id) const { return impl_->tokens.contains(id); }

bool Tokenizer::is_special(std::int32_t id) const {
  const auto it = impl_->added.by_id().find(id);
  return it != impl_->added.by_id().end() && impl_->added.is_special_text(it->second.content);
}

std::size_t Tokenizer::vocab_size() const { return impl_->tokens.size(); }

std::int32_t Tokenizer::max_id() const { return impl_->max_id; }

Tokenizer Tokenizer::with_tokens(std::span<const AddedToken> tokens) const {
  auto impl = std::make_shared<Impl>(*impl_);
  impl->added.add({tokens.begin(), tokens.end()}, impl->model->vocab(), impl->normalizer.get(),
                  impl->origin);
  impl->index();
  return Tokenizer(std::move(impl));
}

Tokenizer Tokenizer::with_surrounding(const std::vector<std::int32_t>& before,
                                      const std::vector<std::int32_t>& after) const {
  auto impl = std::make_shared<Impl>(*impl_);
  impl->post_processor = PostProcessor{before, after};
  impl->index();
  return Tokenizer(std::move(impl));
}

Tokenizer Tokenizer::with_special_tokens_as_text() const {
  auto impl = std::make_shared<Impl>(*impl_);
  impl->special_as_text = true;
  return Tokenizer(std::move(impl));
}

const AddedToken* Tokenizer::added_token(std::string_view content) const {
  const auto it = impl_->added.ids().find(content);
  return it == impl_->added.ids().end() ? nullptr : &impl_->added.by_id().at(it->second);
}

}  // namespace firstlight::nn
