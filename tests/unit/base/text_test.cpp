#include "firstlight/base/text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "temporary_folder.h"

namespace firstlight::text {
namespace {

TEST(Text, NaturalOrderCountsDigits) {
  EXPECT_TRUE(natural_less("a2", "a10"));
  EXPECT_FALSE(natural_less("a10", "a2"));
  EXPECT_TRUE(natural_less("a02", "a2"));
  EXPECT_FALSE(natural_less("a2", "a2"));
}

TEST(Text, NearestNamesATypoOnly) {
  EXPECT_EQ(nearest("clases", {"classes", "prompt"}), "classes");
  EXPECT_EQ(nearest("zebra", {"classes", "prompt"}), std::nullopt);
  EXPECT_EQ(nearest("turth", {"path", "truth"}), "truth") << "two neighbours exchanged";
  EXPECT_EQ(nearest("c", {"a", "b"}), std::nullopt) << "a single letter is no typo of another";
}

TEST(Text, Utf8SequencesAreJudgedByTable37) {
  const auto of = [](std::string_view s) {
    const Utf8Sequence sequence = utf8_sequence(s);
    return std::pair(sequence.length, sequence.well_formed);
  };
  using P = std::pair<std::size_t, bool>;
  EXPECT_EQ(of(""), P(0, false));
  EXPECT_EQ(of("ab"), P(1, true));
  EXPECT_EQ(of("\xc3\xa9x"), P(2, true));
  EXPECT_EQ(of("\xe9\x8a\x80"), P(3, true));
  EXPECT_EQ(of("\xf0\x9f\x8c\x8c"), P(4, true));
  EXPECT_EQ(of("\xc0\x80"), P(1, false)) << "overlong";
  EXPECT_EQ(of("\xed\xa0\x80"), P(1, false)) << "a surrogate";
  EXPECT_EQ(of("\xf4\x90\x80\x80"), P(1, false)) << "beyond U+10FFFF";
  EXPECT_EQ(of("\xf0\x9f\x8cx"), P(3, false)) << "the maximal ill-formed part";
  EXPECT_EQ(of("\xe9"), P(1, false)) << "cut short";
}

TEST(Text, CodePointsBecomeUtf8) {
  std::string out;
  for (const char32_t code : {U'a', U'\u00e9', U'\u9280', U'\U0001f30c'}) append_utf8(out, code);
  EXPECT_EQ(out, "a\xc3\xa9\xe9\x8a\x80\xf0\x9f\x8c\x8c");
}

TEST(Text, CsvFieldsAreQuotedWhereNeeded) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"so\""), "\"say \"\"so\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(Text, PercentCodesRoundTrip) {
  const std::string all = "a b%&?=\xc3\xa9/x";
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
}

TEST(Text, Base64IsThatOfRfc4648) {
  const std::pair<const char*, const char*> pairs[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : pairs) {
    EXPECT_EQ(base64(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(base64_decode(base64(bytes)), bytes);
  for (const char* bad : {"Z", "Zg=", "Zg", "Z===", "Zm 9v", "Zm=v", "=Zm9", "Zm9v\n"}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Text, NumbersMustBeWhole) {
  EXPECT_EQ(parse_int("12"), 12);
  EXPECT_EQ(parse_int("12a"), std::nullopt);
  EXPECT_EQ(parse_double("1e3"), 1000.0);
  EXPECT_EQ(parse_double(""), std::nullopt);
}

TEST(Text, AtomicWriteReplaces) {
  const TemporaryFolder folder;
  const std::string path = folder.path("atomic.txt");
  write_file_atomically(path, "one");
  write_file_atomically(path, "two");
  EXPECT_EQ(read_file(path), "two");
}

}  // namespace
}  // namespace firstlight::text
