// Scores of answers: against transformers, tree against one by one, and the same bits in any batch.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/random.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/nn/vlm.h"
#include "parity/cases.h"
#include "parity/scores.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

Image picture(const std::string& name) { return read_picture("llava", name); }

PromptPart text_part(const std::string& text) { return {PromptPart::Kind::kText, text}; }
PromptPart image_part() { return {PromptPart::Kind::kImage, "image"}; }

std::shared_ptr<const VisionLanguageModel> open(const std::string& name,
                                                kernels::Precision precision) {
  return load_vlm(fixture_dir() + "/" + name, {precision});
}

class Scores : public testing::TestWithParam<const char*> {};

TEST_P(Scores, EqualTransformersForEveryAnswer) { expect_scores_equal("llava", GetParam()); }

TEST_P(Scores, OfTheTreeEqualEachAnswerAlone) {
  const auto model = open(GetParam(), kernels::Precision::kF32);
  const Image image = picture("wide");
  ScoreRequest request;
  request.prompt.literal = {text_part("USER: "), image_part(), text_part("\nshape? ASSISTANT:")};
  request.images = {&image};
  request.answers = {"Category 1", "Category 2", "Category 12 and more", "spiral", "spiral disk"};
  expect_tree_equals_each_answer(*model, request);
}

TEST(Features, AreTheMeanOfWhatTheDecoderGetsOfThePicture) {
  const auto model = open("llama", kernels::Precision::kF32);
  const auto expected = SafetensorsFile::open(fixture_dir() + "/llama/wide/expected.safetensors");
  const TensorView& projected = expected.at("projected");
  const auto hidden = static_cast<std::size_t>(projected.shape.back());
  const std::vector<float> values = projected.to_f32();
  std::vector<double> mean(hidden, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    mean[i % hidden] +=
        values[i] * static_cast<double>(hidden) / static_cast<double>(values.size());
  }
  const Image wide = picture("wide");
  const Image tall = picture("tall");
  ScoreRequest request;
  request.prompt.user = {image_part(), text_part("which?")};
  request.images = {&wide};
  request.answers = {"one", "two"};
  const std::vector<float> alone = model->score({&request, 1}).front().value().features;
  ASSERT_EQ(alone.size(), hidden);
  for (std::size_t c = 0; c < hidden; ++c) EXPECT_NEAR(alone[c], mean[c], 1e-4);
  // A picture that is an example does not count.
  request.prompt.user.insert(request.prompt.user.begin(), image_part());
  request.images = {&tall, &wide};
  EXPECT_NE(model->score({&request, 1}).front().value().features, alone);
  request.examples = 1;
  EXPECT_EQ(model->score({&request, 1}).front().value().features, alone);
}

TEST_P(Scores, HaveTheSameBitsInAnyBatchAndWithAnyThreads) {
  const int threads = num_threads();
  Random random(5);
  std::vector<Image> images;
  for (int i = 0; i < 8; ++i) {
    images.push_back({30 + 3 * i, 40 - 2 * i, 3, {}});
    for (int p = 0; p < images.back().width * images.back().height * 3; ++p) {
      images.back().pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
    }
  }
  std::vector<ScoreRequest> requests;
  for (int i = 0; i < 8; ++i) {
    ScoreRequest r;
    r.prompt.user = {text_part("some text before "), image_part(),
                     text_part(std::string(static_cast<std::size_t>(i % 3) * 5, 'x') + "?")};
    r.images = {&images[static_cast<std::size_t>(i)]};
    r.answers = {"Category 0", "Category 1", "none of them"};
    requests.push_back(r);
  }
  for (const auto precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
    std::vector<std::vector<double>> reference;
    for (const int t : {1, 2}) {
      set_num_threads(t);
      for (const std::size_t batch : {1, 3, 8}) {
        const auto model = open(GetParam(), precision);
        for (std::size_t first = 0; first < requests.size(); first += batch) {
          const std::size_t count = std::min(batch, requests.size() - first);
          const auto scores = model->score({requests.data() + first, count});
          for (std::size_t i = 0; i < count; ++i) {
            ASSERT_TRUE(scores[i].ok()) << scores[i].error().what();
            std::vector<double> numbers;
            for (const AnswerScore& a : scores[i].value().answers) {
              numbers.insert(numbers.end(), a.logprobs.begin(), a.logprobs.end());
            }
            const std::vector<float>& features = scores[i].value().features;
            numbers.insert(numbers.end(), features.begin(), features.end());
            if (reference.size() < requests.size()) {
              reference.push_back(numbers);
            } else {
              EXPECT_EQ(numbers, reference[first + i]) << "batch " << batch << " threads " << t;
            }
          }
        }
      }
    }
    EXPECT_NE(reference[0], reference[1]);
  }
  set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Llava, Scores, testing::Values("llama", "mistral"),
                         [](const auto& p) { return std::string(p.param); });

TEST(Prompt, AnswersJoinThePromptAsTheModelsOwnText) {
  for (const std::string name : {"llama", "mistral"}) {
    const auto model = open(name, kernels::Precision::kF32);
    const Image image = picture("tiny");
    const auto described = [&](const std::string& end) {
      ScoreRequest request;
      request.images = {&image};
      request.prompt.literal = {text_part("USER: "), image_part(), text_part("\nASSISTANT:" + end)};
      request.answers = {"Category 1", "spiral"};
      return model->describe(request);
    };
    // Without white space at its end the prompt gets one space. With one, the text is the same, and
    // so are the tokens of prompt and answer together, wherever the border between them lies.
    const PromptDescription bare = described("");
    const PromptDescription spaced = described(" ");
    EXPECT_EQ(bare.answers[0].text, " Category 1");
    EXPECT_EQ(spaced.answers[0].text, "Category 1");
    for (std::size_t a = 0; a < 2; ++a) {
      const auto joined = [a](const PromptDescription& d) {
        std::vector<std::int32_t> ids = d.token_ids;
        ids.insert(ids.end(), d.answers[a].token_ids.begin(), d.answers[a].token_ids.end());
        return ids;
      };
      EXPECT_EQ(joined(bare), joined(spaced)) << name;
    }
    EXPECT_EQ(bare.answers[0].token_ids.back(), name == "llama" ? 1 : 2);
    ASSERT_EQ(bare.images.size(), 1u);
    EXPECT_EQ(bare.images[0].length, name == "llama" ? 16u : 17u);
    for (std::size_t i = 0; i < bare.images[0].length; ++i) {
      EXPECT_EQ(bare.token_ids[bare.images[0].start + i], name == "llama" ? 3 : 340);
    }
  }
}

TEST(Prompt, MisfitsAreOneClearError) {
  const auto model = open("llama", kernels::Precision::kF32);
  const Image image = picture("tiny");
  ScoreRequest good;
  good.prompt.user = {image_part(), text_part("which?")};
  good.images = {&image};
  good.answers = {"one", "two"};
  const auto error_of = [&](const std::function<void(ScoreRequest&)>& spoil) {
    // A bad request fails alone.
    std::vector<ScoreRequest> batch = {good, good};
    spoil(batch[1]);
    const auto results = model->score(batch);
    EXPECT_TRUE(results[0].ok());
    return results[1].ok() ? std::string("no error") : std::string(results[1].error().what());
  };
  EXPECT_NE(error_of([](ScoreRequest& r) { r.answers = {"one", "one"}; }), "no error");
  EXPECT_NE(error_of([](ScoreRequest& r) { r.answers.clear(); }), "no error");
  EXPECT_NE(error_of([](ScoreRequest& r) { r.images.clear(); }), "no error");
  EXPECT_NE(error_of([](ScoreRequest& r) {
              r.prompt.user[1].text = "a marker <image> in the text";
            }).find("<image>"),
            std::string::npos);
  EXPECT_NE(error_of([](ScoreRequest& r) {
              for (int i = 0; i < 300; ++i) r.prompt.user[1].text += " galaxy";
            }).find("positions"),
            std::string::npos);
}

}  // namespace
}  // namespace firstlight::nn
