// Ids and decoded texts of the `tokenizers` library on strings of mixed scripts. The strings come
// from tables.json and a generator that make_fixtures.py has too; the fixtures hold checksums.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/nn/tokenizer.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::json;

const std::string kFolder = FIRSTLIGHT_TEST_DIR "/parity/tokenizer/";
constexpr std::size_t kDecoded = 2500;

/// CRC-32 as in zlib.
class Checksum {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      value_ ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) {
        value_ = (value_ >> 1) ^ ((value_ & 1U) != 0 ? 0xEDB88320U : 0U);
      }
    }
  }
  void add(std::int32_t number) {
    std::array<char, 4> bytes{};
    for (unsigned i = 0; i < 4; ++i) {
      bytes[i] = static_cast<char>(static_cast<std::uint32_t>(number) >> (8 * i));
    }
    add(std::string_view(bytes.data(), bytes.size()));
  }
  std::uint32_t value() const { return ~value_; }

 private:
  std::uint32_t value_ = 0xFFFFFFFFU;
};

class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t n) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33) % n;
  }

 private:
  std::uint64_t state_;
};

std::string make_string(std::uint64_t index, const Json& alphabet) {
  const Json& tables = alphabet["tables"];
  const Json& separators = alphabet["separators"];
  Lcg random(0x5EED + index * 0x9E3779B97F4A7C15ULL);
  std::string out;
  const std::size_t segments = 1 + random.below(7);
  for (std::size_t segment = 0; segment < segments; ++segment) {
    if (segment > 0) {
      out += separators[random.below(separators.size())].get_ref<const std::string&>();
    }
    const Json& table = tables[random.below(tables.size())];
    std::size_t length = 1 + random.below(8);
    if (random.below(400) == 0) length = 500;
    for (std::size_t i = 0; i < length; ++i) {
      out += table[random.below(table.size())].get_ref<const std::string&>();
    }
  }
  return out;
}

const std::vector<std::string>& strings() {
  static const std::vector<std::string> all = [] {
    const Json alphabet = Json::parse(text::read_file(kFolder + "tables.json"));
    std::vector<std::string> out;
    for (std::uint64_t i = 0; i < 10000; ++i) out.push_back(make_string(i, alphabet));
    return out;
  }();
  return all;
}

std::vector<std::uint32_t> read_checks(const std::string& name) {
  const std::string bytes = text::read_file(kFolder + "checks/" + name);
  std::vector<std::uint32_t> values(bytes.size() / 4);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    values[i / 4] |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]))
                     << (8 * (i % 4));
  }
  return values;
}

/// A variant's document: the base with keys replaced and the model's options merged.
Json variant_document(const Json& changes) {
  Json document =
      Json::parse(text::read_file(kFolder + changes["base"].get<std::string>() + ".json"));
  for (const auto& [key, value] : changes.items()) {
    if (key == "model") {
      document["model"].update(value);
    } else if (key != "base") {
      document[key] = value;
    }
  }
  return document;
}

void expect_parity(const Tokenizer& tokenizer, const std::string& name, std::size_t count) {
  const std::vector<std::uint32_t> checks = read_checks(name);
  const std::size_t decoded = std::min(count, kDecoded);
  ASSERT_EQ(checks.size(), 1 + count + decoded);
  Checksum texts;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) texts.add(std::string_view("\0", 1));
    texts.add(strings()[i]);
  }
  ASSERT_EQ(texts.value(), checks[0]) << "the generated strings differ from the reference's";
  Json full = Json::array();
  if (count == strings().size()) {
    full = Json::parse(text::read_file(kFolder + name + ".ids.json"));
  }
  int wrong = 0;
  for (std::size_t i = 0; i < count && wrong < 5; ++i) {
    const std::vector<std::int32_t> ids = tokenizer.encode(strings()[i], true);
    if (i < full.size()) {
      ASSERT_EQ(ids, full[i].get<std::vector<std::int32_t>>())
          << "string " << i << ": " << strings()[i];
    }
    Checksum check;
    for (const std::int32_t id : ids) check.add(id);
    check.add(-1);
    for (const std::int32_t id : tokenizer.encode(strings()[i], false)) check.add(id);
    EXPECT_EQ(check.value(), checks[1 + i])
        << "ids of string " << i << ": " << strings()[i] << (++wrong, "");
    if (i < decoded) {
      Checksum check_text;
      check_text.add(tokenizer.decode(ids, false));
      check_text.add(std::string_view("\0", 1));
      check_text.add(tokenizer.decode(ids, true));
      EXPECT_EQ(check_text.value(), checks[1 + count + i])
          << "decoded string " << i << ": " << strings()[i] << (++wrong, "");
    }
  }
}

TEST(TokenizerParity, Llama2) {
  expect_parity(Tokenizer::from_file(kFolder + "llama2.json"), "llama2", 10000);
}

TEST(TokenizerParity, Llama2WithMetaspace) {
  const Json variants = Json::parse(text::read_file(kFolder + "variants.json"));
  const Json document = variant_document(variants["llama2-metaspace"]);
  expect_parity(Tokenizer::from_json(document.dump(), "llama2-metaspace"), "llama2-metaspace",
                10000);
}

TEST(TokenizerParity, Llama3) {
  expect_parity(Tokenizer::from_file(kFolder + "llama3.json"), "llama3", 10000);
}

TEST(TokenizerParity, EveryOtherPart) {
  const Json variants = Json::parse(text::read_file(kFolder + "variants.json"));
  EXPECT_GE(variants.size(), 25U);
  for (const auto& [name, changes] : variants.items()) {
    if (name == "llama2-metaspace") continue;
    SCOPED_TRACE(name);
    expect_parity(Tokenizer::from_json(variant_document(changes).dump(), name), name, 400);
  }
}

}  // namespace
}  // namespace firstlight::nn
