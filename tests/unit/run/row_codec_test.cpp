#include "row_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace firstlight::run_detail {
namespace {

TEST(RowCodec, AnswersComeBackWithin32Bits) {
  const std::vector<AnswerScore> answers = {
      {{0, 127, 128, 32000, 128256}, {-0.1, -1e-9, -87.5, 0.0, -3.25}},
      {{}, {-0.6931471805599453}},
      {{1}, {-std::numeric_limits<double>::infinity()}}};
  const auto decoded = decode_answers(encode_token_ids(answers), encode_logprobs(answers));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->size(), answers.size());
  for (std::size_t a = 0; a < answers.size(); ++a) {
    EXPECT_EQ((*decoded)[a].token_ids, answers[a].token_ids);
    ASSERT_EQ((*decoded)[a].logprobs.size(), answers[a].logprobs.size());
    for (std::size_t i = 0; i < answers[a].logprobs.size(); ++i) {
      EXPECT_EQ((*decoded)[a].logprobs[i],
                static_cast<double>(static_cast<float>(answers[a].logprobs[i])));
    }
  }
}

TEST(RowCodec, AnswersAreCompact) {
  EXPECT_EQ(encode_logprobs({{{300, 16383}, {-1.0, -2.0}}, {{7}, {-1.0}}}).size(), 2u + 3u * 4u);
  EXPECT_EQ(encode_token_ids({{{300, 16383}, {}}, {{}, {}}}), "[[300,16383],[]]");
}

TEST(RowCodec, EveryTruncationIsRefused) {
  const std::vector<AnswerScore> answers = {{{300, 2}, {-1.0, -2.0}}, {{5}, {-0.5}}};
  const std::string ids = encode_token_ids(answers);
  const std::string bytes = encode_logprobs(answers);
  ASSERT_TRUE(decode_answers(ids, bytes));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode_answers(ids, bytes.substr(0, n))) << n;
  }
  EXPECT_FALSE(decode_answers(ids, bytes + "x"));
  EXPECT_FALSE(decode_answers(ids, std::string(12, '\xff')));
  EXPECT_FALSE(decode_answers(ids.substr(1), bytes));
  EXPECT_FALSE(decode_answers("[[300, 2]]", bytes));
}

TEST(RowCodec, MetadataKeepsTypesAndProvenance) {
  const std::vector<Metadata> metadata = {{"ra", 150.25, Provenance::kMeasured},
                                          {"whole", 3.0, Provenance::kMeasured},
                                          {"n", std::int64_t{-4}, Provenance::kMeasured},
                                          {"used", true, Provenance::kMeasured},
                                          {"name", std::string("NGC \"1\"\n"), Provenance::kTruth},
                                          {"none", std::monostate{}, Provenance::kTruth}};
  const auto decoded = decode_metadata(encode_metadata(metadata));
  ASSERT_EQ(decoded.size(), metadata.size());
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    EXPECT_EQ(decoded[i].name, metadata[i].name);
    EXPECT_EQ(decoded[i].value, metadata[i].value) << metadata[i].name;
    EXPECT_EQ(decoded[i].provenance, metadata[i].provenance);
  }
}

TEST(RowCodec, NotANumberIsMissing) {
  const auto decoded = decode_metadata(encode_metadata({{"x", std::nan("")}}));
  ASSERT_EQ(decoded.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(decoded[0].value));
}

TEST(RowCodec, BytesThatAreNoTextAreReplaced) {
  const auto decoded = decode_metadata(encode_metadata({{"x", std::string("a\xff")}}));
  ASSERT_EQ(decoded.size(), 1u);
  EXPECT_EQ(std::get<std::string>(decoded[0].value), "a\xEF\xBF\xBD");
}

TEST(RowCodec, PrepareRecordAndColumnsComeBack) {
  const PrepareRecord prepared = {{"image", {{"low", "-0.5"}, {"stretch", "asinh"}}}, {"xz", {}}};
  EXPECT_EQ(decode_prepared(encode_prepared(prepared)), prepared);
  const auto columns =
      decode_columns(encode_columns({{"ra", Provenance::kMeasured, "deg", "right ascension"},
                                     {"energy", Provenance::kTruth, "GeV", ""}}));
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[0].unit, "deg");
  EXPECT_EQ(columns[0].description, "right ascension");
  EXPECT_EQ(columns[1].provenance, Provenance::kTruth);
}

TEST(RowCodec, InfinitiesComeBack) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto decoded = decode_metadata(
      encode_metadata({{"up", inf, Provenance::kMeasured}, {"down", -inf, Provenance::kTruth}}));
  ASSERT_EQ(decoded.size(), 2u);
  EXPECT_EQ(decoded[0].value, MetadataValue(inf));
  EXPECT_EQ(decoded[1].value, MetadataValue(-inf));
}

}  // namespace
}  // namespace firstlight::run_detail
