#include "firstlight/nn/tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<std::int32_t>;

/// a, b, c with the merges ab and abc, two special tokens, and nothing else.
Json small() {
  return Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
      {"id": 6, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true},
      {"id": 7, "content": "<left>", "single_word": false, "lstrip": true, "rstrip": false,
       "normalized": false, "special": false}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "dropout": null, "unk_token": "?", "fuse_unk": false,
              "byte_fallback": false,
              "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "?": 5},
              "merges": ["a b", "ab c"]}})");
}

Tokenizer load(const Json& document) { return Tokenizer::from_json(document.dump(), "t.json"); }

void expect_refused(const Json& document, const std::string& part) {
  try {
    load(document);
    ADD_FAILURE() << "accepted, but should say " << part;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find("t.json"), 0U) << e.what();
  }
}

TEST(Tokenizer, MergesByRank) {
  const Tokenizer tokenizer = load(small());
  EXPECT_EQ(tokenizer.encode("abcab", false), (Ids{4, 3}));
  EXPECT_EQ(tokenizer.encode("cba", false), (Ids{2, 1, 0}));
  EXPECT_EQ(tokenizer.encode("", true), Ids{});
  EXPECT_EQ(tokenizer.encode("axyb", false), (Ids{0, 5, 5, 1}));
  EXPECT_EQ(tokenizer.decode(Ids{4, 3, 6}, false), "abc ab <s>");
  EXPECT_EQ(tokenizer.decode(Ids{4, 3, 6}, true), "abc ab");
}

TEST(Tokenizer, BothFormsOfMergesMeanTheSame) {
  Json document = small();
  document["model"]["merges"] = Json::parse(R"([["a", "b"], ["ab", "c"]])");
  EXPECT_EQ(load(document).encode("abcab", false), (Ids{4, 3}));
}

TEST(Tokenizer, AddedTokensTakeTheirSpaces) {
  const Tokenizer tokenizer = load(small());
  EXPECT_EQ(tokenizer.encode("ab<s>c", false), (Ids{3, 6, 2}));
  EXPECT_EQ(tokenizer.encode("ab \t<left>c", false), (Ids{3, 7, 2}));
  EXPECT_TRUE(tokenizer.is_special(6));
  EXPECT_FALSE(tokenizer.is_special(7));
  EXPECT_EQ(tokenizer.with_special_tokens_as_text().encode("<s>", false), (Ids{5, 5, 5}));
}

TEST(Tokenizer, TokensAndIds) {
  const Tokenizer tokenizer = load(small());
  EXPECT_EQ(tokenizer.token_to_id("abc"), 4);
  EXPECT_EQ(tokenizer.token_to_id("<s>"), 6);
  EXPECT_FALSE(tokenizer.token_to_id("d").has_value());
  EXPECT_EQ(tokenizer.id_to_token(7), "<left>");
  EXPECT_EQ(tokenizer.vocab_size(), 8U);
  EXPECT_EQ(tokenizer.max_id(), 7);
  EXPECT_FALSE(tokenizer.has_id(8));
  EXPECT_THROW(tokenizer.id_to_token(-1), Error);
  EXPECT_EQ(tokenizer.decode(Ids{4, 99, -5}, false), "abc");
}

TEST(Tokenizer, TokensAndSurroundingsCanBeAdded) {
  const AddedToken fresh{"<new>", false, false, false, false, true};
  const Tokenizer tokenizer = load(small()).with_tokens({&fresh, 1}).with_surrounding({6}, {8});
  EXPECT_EQ(tokenizer.encode("a<new>", true), (Ids{6, 0, 8, 8}));
  EXPECT_EQ(tokenizer.encode("a<new>", false), (Ids{0, 8}));
  ASSERT_NE(tokenizer.added_token("<new>"), nullptr);
  EXPECT_TRUE(tokenizer.added_token("<new>")->special);
  EXPECT_THROW(tokenizer.with_surrounding({9}, {}), Error);
}

TEST(Tokenizer, BytesThatAreNotUtf8AreReplaced) {
  Json document = small();
  document["model"]["vocab"]["\uFFFD"] = 8;
  const Tokenizer tokenizer = load(document);
  EXPECT_EQ(tokenizer.encode("a\xFF"
                             "b",
                             false),
            (Ids{0, 8, 1}));
  // One mark for a truncated character of several bytes, one for each byte that starts none.
  EXPECT_EQ(tokenizer.encode("\xE2\x82", false), (Ids{8}));
  EXPECT_EQ(tokenizer.encode("\xE2\x28\xA1", false), (Ids{8, 5, 8}));
  EXPECT_EQ(tokenizer.encode("\xED\xA0\x80", false), (Ids{8, 8, 8}));
}

TEST(Tokenizer, LongWordsTakeNoLongTime) {
  Json document = small();
  document["model"]["vocab"] = {{"a", 0}, {"aa", 1}, {"aaaa", 2}, {"?", 5}};
  document["model"]["merges"] = {"a a", "aa aa"};
  const Ids ids = load(document).encode(std::string(400003, 'a'), false);
  ASSERT_EQ(ids.size(), 100002U);  // as many fours, a two and a one
  EXPECT_EQ(ids[100000], 1);
  EXPECT_EQ(ids.back(), 0);
}

TEST(Tokenizer, ThreadsShareOne) {
  const Tokenizer tokenizer = load(small());
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) right[t] += tokenizer.encode("abc<s>ab", true) == Ids{4, 6, 3};
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, (std::vector<int>(4, 500)));
}

TEST(Tokenizer, RefusesWhatItDoesNotKnow) {
  const auto changed = [](const char* key, const char* value) {
    Json document = small();
    document[Json::json_pointer(key)] = Json::parse(value);
    return document;
  };
  expect_refused(changed("/model/type", R"("Unigram")"), "'Unigram'");
  expect_refused(changed("/model/type", R"("WordPiece")"), "'WordPiece'");
  expect_refused(changed("/model/dropout", "0.1"), "dropout");
  expect_refused(changed("/normalizer", R"({"type": "BertNormalizer"})"), "'BertNormalizer'");
  expect_refused(changed("/pre_tokenizer", R"({"type": "UnicodeScripts"})"), "'UnicodeScripts'");
  expect_refused(changed("/decoder", R"({"type": "WordPiece", "prefix": ""})"), "'WordPiece'");
  expect_refused(changed("/post_processor", R"({"type": "RobertaProcessing"})"), "Roberta");
  expect_refused(changed("/version", R"("2.0")"), "version");
  expect_refused(changed("/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "(a"},
      "behavior": "Isolated", "invert": false})"),
                 "cannot be compiled");
  expect_refused(changed("/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "[a&&b]"},
      "behavior": "Isolated", "invert": false})"),
                 "intersection");
  expect_refused(changed("/pre_tokenizer", R"({"type": "Split", "pattern": {"String": "a"},
      "behavior": "Sideways", "invert": false})"),
                 "Sideways");
}

TEST(Tokenizer, RefusesInconsistentFiles) {
  const auto changed = [](const char* key, const char* value) {
    Json document = small();
    document[Json::json_pointer(key)] = Json::parse(value);
    return document;
  };
  expect_refused(changed("/model/vocab/d", "3"), "same id 3");
  expect_refused(changed("/model/vocab/d", "-1"), "token 'd'");
  expect_refused(changed("/model/vocab/d", "99999999999"), "token 'd'");
  expect_refused(changed("/model/merges/0", R"("a z")"), "'z' is not in the vocabulary");
  expect_refused(changed("/model/merges/0", R"("a")"), "merges[0]");
  expect_refused(changed("/model/merges/0", "5"), "merges[0]");
  expect_refused(changed("/model/vocab", "[]"), "object");
  expect_refused(changed("/added_tokens/0/id", R"("six")"), "'id'");
  expect_refused(changed("/post_processor", R"({"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"x": {"id": "x", "ids": [77], "tokens": ["x"]}}})"),
                 "id 77");
  Json without = small();
  without.erase("model");
  expect_refused(without, "'model'");
  EXPECT_THROW(Tokenizer::from_json("{", "t.json"), Error);
  EXPECT_THROW(Tokenizer::from_json(std::string(100000, '['), "t.json"), Error);
  EXPECT_THROW(Tokenizer::from_file("/nowhere/tokenizer.json"), Error);
}

TEST(Tokenizer, AMissingUnknownTokenIsAnErrorOnlyWhereItIsNeeded) {
  Json document = small();
  document["model"]["vocab"].erase("?");
  const Tokenizer tokenizer = load(document);
  EXPECT_EQ(tokenizer.encode("ab", false), Ids{3});
  EXPECT_THROW(tokenizer.encode("x", false), Error);
}

}  // namespace
}  // namespace firstlight::nn
