// Damaged tokenizer.json files, chat templates and texts: each is read or refused with an Error,
// and what is read works.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/nn/chat_template.h"
#include "firstlight/nn/tokenizer.h"
#include "fuzz/mutate.h"

namespace firstlight::nn {
namespace {

const std::string kParity = FIRSTLIGHT_TEST_DIR "/parity/";

const std::string kText =
    "<s>  Ab 12'll <image>\n\xC3\xA9\xE9\x8A\x80 \xFF\xF0\x9F\x94\xAD e\xCC\x81 </s><|eot_id|>";

/// A tokeniser of each kind, cut down so that damage hits its rules and not only its vocabulary.
std::vector<std::string> small_tokenizers() {
  const std::string vocab = R"("vocab": {"<unk>": 0, "a": 1, "b": 2, "ab": 3, "\u2581": 4,
    "<0xC3>": 5, "<0xA9>": 6, "\u0120": 7}, "merges": [["a", "b"]])";
  const std::string added = R"("added_tokens": [{"id": 8, "content": "<s>", "single_word": false,
    "lstrip": true, "rstrip": true, "normalized": true, "special": true}],)";
  return {"{" + added + R"("normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend",
        "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        {"type": "NFKC"}, {"type": "Strip", "strip_left": true, "strip_right": false}]},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, )" +
              vocab + "}}",
          "{" + added + R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split",
        "pattern": {"Regex": "(?i:'s|'ll)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},
        "behavior": "Isolated", "invert": false}, {"type": "ByteLevel", "add_prefix_space": false,
        "use_regex": false}]}, "post_processor": {"type": "TemplateProcessing", "single":
        [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [8], "tokens": ["<s>"]}}},
        "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "ignore_merges": true, )" +
              vocab + "}}",
          "{" + added + R"("pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581",
        "prepend_scheme": "first", "split": true}, "decoder": {"type": "Metaspace", "replacement":
        "\u2581", "prepend_scheme": "first"}, "model": {"type": "BPE", "end_of_word_suffix": "b",
        "continuing_subword_prefix": "", )" +
              vocab + "}}"};
}

TEST(TextFuzz, Tokenizers) {
  const std::vector<std::string> seeds = small_tokenizers();
  for (const std::string& seed : seeds) {
    EXPECT_FALSE(Tokenizer::from_json(seed, "seed").encode(kText, true).empty());
  }
  Random random(20261122);
  int read = 0;
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::string damaged = fuzz::mutate(seeds, random);
    try {
      const Tokenizer tokenizer = Tokenizer::from_json(damaged, "damaged");
      const std::vector<std::int32_t> ids = tokenizer.encode(kText, true);
      for (const std::int32_t id : ids) ASSERT_TRUE(tokenizer.has_id(id)) << damaged;
      tokenizer.decode(ids, true);
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 50);
  EXPECT_GT(refused, 200);
}

TEST(TextFuzz, ChatTemplates) {
  const std::vector<std::string> seeds =
      fuzz::read_seeds(kParity + "chat_template/templates", {".jinja"});
  ASSERT_GE(seeds.size(), 5U);
  const std::vector<ChatMessage> messages = {
      {"system", {{PromptPart::Kind::kText, "be brief"}}},
      {"user", {{PromptPart::Kind::kImage, "view"}, {PromptPart::Kind::kText, kText}}}};
  Random random(20261123);
  int rendered = 0;
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string damaged = fuzz::mutate(seeds, random);
    try {
      ChatTemplate::parse(damaged, "damaged").render(messages, true, {{"bos_token", "<s>"}});
      ++rendered;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(rendered, 200);
  EXPECT_GT(refused, 200);
}

TEST(TextFuzz, Texts) {
  const Tokenizer llama2 = Tokenizer::from_file(kParity + "tokenizer/llama2.json");
  const Tokenizer llama3 = Tokenizer::from_file(kParity + "tokenizer/llama3.json");
  Random random(20261124);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (std::size_t k = 0, n = random.below(200); k < n; ++k) {
      bytes += static_cast<char>(random.below(256));
    }
    for (const Tokenizer* tokenizer : {&llama2, &llama3}) {
      const std::vector<std::int32_t> ids = tokenizer->encode(bytes, false);
      for (const std::int32_t id : ids) ASSERT_TRUE(tokenizer->has_id(id));
      // What was decoded is text, and tokenises to itself in the byte-level kind.
      const std::string decoded = tokenizer->decode(ids, false);
      if (tokenizer == &llama3) {
        EXPECT_EQ(llama3.encode(decoded, false), ids);
      }
    }
  }
}

}  // namespace
}  // namespace firstlight::nn
