// Against transformers 5.23 on the checkpoints that make_checkpoints.py wrote.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/vlm.h"
#include "parity/cases.h"
#include "parity/scores.h"
#include "parity/stages.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

std::string folder_of(const std::string& model) { return fixture_dir("llava_next") + "/" + model; }
std::string fixture_of(const Case& c) { return folder_of(c.model) + "/" + c.fixture; }

Image picture(const std::string& name) { return read_picture("llava_next", name); }

class Parity : public testing::TestWithParam<Case> {};

TEST_P(Parity, EveryStageEqualsTransformers) {
  expect_equal_everywhere(folder_of(GetParam().model), fixture_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(LlavaNext, Parity,
                         testing::Values(Case{"mistral", "wide"}, Case{"mistral", "pair"},
                                         Case{"mistral", "three"}, Case{"vicuna", "large"},
                                         Case{"vicuna", "pair"}, Case{"vicuna", "ids"}),
                         testing::PrintToStringParamName());

TEST(Layouts, PublishedFolders) {
  const TemporaryFolder temporary;
  for (const Case& c : {Case{"mistral", "pair"}, Case{"vicuna", "large"}}) {
    Checkpoint checkpoint(c.model, "llava_next");
    checkpoint.rename(in_vision_model);
    const std::string folder = temporary.path(c.model);
    write_published(checkpoint, folder);
    expect_equal(folder, fixture_of(c));
  }
}

TEST(Layouts, EverythingUnderModel) {
  const TemporaryFolder temporary;
  for (const Case& c : {Case{"mistral", "three"}, Case{"vicuna", "pair"}}) {
    Checkpoint checkpoint(c.model, "llava_next");
    checkpoint.rename(under_model);
    checkpoint.write(temporary.path(c.model));
    expect_equal(temporary.path(c.model), fixture_of(c));
  }
}

TEST(Stages, EachOneShowsInTheResult) {
  expect_parts_show("llava_next", "mistral", fixture_of({"mistral", "wide"}),
                    {
                        {{"image_newline"}, 0},
                        {{"vision_tower.embeddings.class_embedding"}, 0},
                        {{"vision_tower.embeddings.position_embedding.weight"}, 0},
                        {{"multi_modal_projector.linear_1.bias"}, 0},
                        {{"multi_modal_projector.linear_2.bias"}, 0},
                    });
}

TEST(Stages, EachSettingShowsInTheResult) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path("changed");
  const std::vector<std::pair<Case, json>> changes = {
      {{"mistral", "wide"}, {{"vision_feature_layer", -1}}},
      {{"mistral", "wide"}, {{"text_config", {{"sliding_window", 30}}}}},
      {{"vicuna", "large"}, {{"vision_feature_layer", {3, -3}}}},
  };
  for (const auto& [c, patch] : changes) {
    Checkpoint checkpoint(c.model, "llava_next");
    checkpoint.config.merge_patch(patch);
    checkpoint.write(folder);
    EXPECT_GT(logits_difference(folder, fixture_of(c)), 20 * 1e-3) << patch;
  }
}

/// The last position's logits of a dump.
std::vector<float> last_logits(const std::string& folder, const std::string& inputs,
                               const std::string& out) {
  dump_model(folder, inputs, out);
  const SafetensorsFile file = SafetensorsFile::open(out);
  const TensorView& logits = file.at("logits");
  const std::vector<float> all = logits.to_f32();
  return {all.end() - logits.shape.back(), all.end()};
}

TEST(Stages, UnpaddingShowsInTheResult) {
  // The same tiles with the black bars as part of the picture: what stays away is the unpadding.
  const TemporaryFolder temporary;
  const Image wide = picture("wide");
  ASSERT_EQ(wide.width, 90);
  Image padded{90, 45, 3, std::vector<std::uint8_t>(90 * 45 * 3, 0)};
  std::copy(wide.pixels.begin(), wide.pixels.end(), padded.at(0, 4));
  const std::string text = "[INST] <image>\nWhich galaxy? [/INST]";
  text::write_file_atomically(temporary.path("padded.png"), encode_png(padded));
  text::write_file_atomically(temporary.path("wide.png"), encode_png(wide));
  std::vector<std::vector<float>> logits;
  for (const std::string name : {"wide", "padded"}) {
    text::write_file_atomically(temporary.path("inputs.json"),
                                json{{"images", {name + ".png"}}, {"text", text}}.dump());
    logits.push_back(last_logits(folder_of("mistral"), temporary.path("inputs.json"),
                                 temporary.path("dump.safetensors")));
  }
  double difference = 0.0;
  for (std::size_t i = 0; i < logits[0].size(); ++i) {
    difference = std::max(difference, static_cast<double>(std::abs(logits[0][i] - logits[1][i])));
  }
  EXPECT_GT(difference, 20 * 1e-3);
}

ScoreRequest request_for(const Image& image) {
  ScoreRequest request;
  request.prompt.user = {{PromptPart::Kind::kImage, "image"}, {PromptPart::Kind::kText, "shape?"}};
  request.images = {&image};
  request.answers = {"spiral galaxy", "smooth", "artifact"};
  return request;
}

TEST(Tiles, TheLimitIsOnTilesBesideTheBaseView) {
  const Image image = picture("large");  // 48 x 48 of 24: four tiles
  std::vector<std::size_t> lengths;
  std::vector<double> sums;
  for (const auto tiles : {std::optional<int>(), std::optional(4), std::optional(3),
                           std::optional(2), std::optional(0)}) {
    VlmOptions options;
    options.precision = kernels::Precision::kF32;
    options.tiles = tiles;
    const auto model = load_vlm(folder_of("mistral"), options);
    const ScoreRequest request = request_for(image);
    lengths.push_back(model->describe(request).images[0].length);
    const auto scores = model->score({&request, 1});
    ASSERT_TRUE(scores[0].ok()) << scores[0].error().what();
    sums.push_back(scores[0].value().answers[0].logprobs[0]);
  }
  EXPECT_EQ(lengths[0], 16u + 8 * 9);  // whole
  EXPECT_EQ(lengths[1], lengths[0]);
  EXPECT_LT(lengths[2], lengths[1]);
  EXPECT_LE(lengths[3], lengths[2]);
  EXPECT_EQ(lengths[4], 16u + 1);  // base view and newline
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_NE(sums[0], sums[2]);
  EXPECT_NE(sums[2], sums[4]);
}

TEST(Tiles, PromptLengthsFollowThePicture) {
  const auto model = load_vlm(folder_of("mistral"), {kernels::Precision::kF32, {}});
  const Image wide = picture("wide");
  const Image square = picture("square");
  const ScoreRequest one = request_for(wide);
  const ScoreRequest other = request_for(square);
  EXPECT_NE(model->describe(one).token_ids.size(), model->describe(other).token_ids.size());
  ScoreRequest none = one;
  none.images.clear();
  EXPECT_THROW(model->describe(none), Error);
}

TEST(Scores, EqualTransformersForEveryAnswer) {
  for (const std::string name : {"mistral", "vicuna"}) expect_scores_equal("llava_next", name);
}

TEST(Scores, HaveTheSameBitsInAnyBatch) {
  std::vector<Image> images;
  for (const char* name : {"wide", "tall", "tiny", "large", "strip", "square"}) {
    images.push_back(picture(name));
  }
  std::vector<ScoreRequest> requests;
  for (const Image& image : images) requests.push_back(request_for(image));
  expect_same_bits_in_any_batch(folder_of("vicuna"), requests);
}

TEST(Scores, HaveTheSameBitsAfterOtherPrompts) {
  const Image wide = picture("wide");
  const Image tall = picture("tall");
  for (const auto precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
    expect_same_bits_after_others(folder_of("vicuna"), {precision}, related_prompts(wide, tall));
  }
}

TEST(BadFolders, OneErrorThatNamesTheContradiction) {
  const auto expect_named = [](const std::string& word,
                               const std::function<void(Checkpoint&)>& spoil) {
    const std::string message = error_of(Checkpoint("mistral", "llava_next"), spoil);
    EXPECT_NE(message.find(word), std::string::npos) << message;
  };
  expect_named("image_newline", [](Checkpoint& c) { c.tensors.erase("image_newline"); });
  expect_named("image_grid_pinpoints", [](Checkpoint& c) {
    c.config["image_grid_pinpoints"] = json::array({json::array({24, 48})});
  });
  expect_named("image_grid_pinpoints", [](Checkpoint& c) {
    c.config["image_grid_pinpoints"] = json::array({24, 48});
  });
}

}  // namespace
}  // namespace firstlight::nn
