// The differentiable twin (aten) and the native engine (nn) describe the same model.
#include <gtest/gtest.h>
#include <torch/autograd.h>

#include <algorithm>

#include "firstlight/aten/llava.h"
#include "firstlight/base/random.h"
#include "firstlight/nn/vlm.h"
#include "firstlight/task/task.h"
#include "firstlight/train/batch.h"
#include "firstlight/train/hf_folder.h"

namespace firstlight::train {
namespace {

/// Scores of the shipped model for a task with so many pictures, by both.
void expect_twins(const Task& task, int pictures) {
  const torch::NoGradGuard no_grad;
  const std::string models = std::string(FIRSTLIGHT_TEST_DIR) + "/../models/";
  const Recipe recipe = Recipe::load(models + "recipes/firstlight-small/recipe.yaml");
  const PromptEncoder encoder(recipe);
  aten::LlavaShape shape = recipe.shape;
  shape.text.vocab_size = static_cast<std::int64_t>(encoder.vocab_size());
  aten::Llava twin(shape, 1);
  read_hf_weights(models + "firstlight-small", twin);

  // Pictures of the model's own size, so that no resizing stands between the two.
  const auto side = static_cast<int>(shape.vision.image_size);
  const std::int64_t numbers = 3 * side * side;
  torch::Tensor pixels = torch::empty({pictures, 3, side, side});
  std::vector<Image> shown;
  Random random(4);
  for (int i = 0; i < pictures; ++i) {
    Image& picture = shown.emplace_back(
        Image{side, side, 3, std::vector<std::uint8_t>(static_cast<std::size_t>(numbers))});
    for (std::uint8_t& value : picture.pixels) value = static_cast<std::uint8_t>(random.below(256));
    prepare(picture.pixels.data(), side, {side, recipe.image_mean, recipe.image_std},
            pixels.data_ptr<float>() + i * numbers);
  }

  const RenderedPrompt prompt =
      render_prompt(task, {}, [](const std::string&) { return std::string("7"); });
  const std::vector<std::string> answers = render_answers(task, {});
  const auto native = nn::load_vlm(models + "firstlight-small", {kernels::Precision::kF32});
  ScoreRequest request{prompt, {}, answers};
  for (const Image& picture : shown) request.images.push_back(&picture);
  const auto results = native->score({&request, 1});
  const LabelScores& scores = results.at(0).value();

  BatchBuilder builder(shape.vision.patches());
  std::vector<PromptEncoder::Answer> ids;
  for (const std::string& answer : answers) ids.push_back(encoder.encode_answer(answer));
  const PromptEncoder::Prompt encoded = encoder.encode(prompt);
  ASSERT_EQ(encoded.images, static_cast<std::size_t>(pictures));
  builder.add_scored({nullptr, 0}, encoded, ids);
  const LanguageBatch batch = builder.finish();
  const torch::Tensor features = twin.vision(pixels, true)
                                     .narrow(1, 1, shape.vision.patches())
                                     .reshape({-1, shape.vision.hidden_size});
  const torch::Tensor logits =
      twin.text(batch.text, twin.project(features, true), batch.wanted, true);
  const torch::Tensor chosen =
      at::log_softmax(logits, 1).gather(1, batch.targets.unsqueeze(1)).squeeze(1);

  std::int64_t at = 0;
  for (std::size_t a = 0; a < answers.size(); ++a) {
    ASSERT_EQ(scores.answers[a].token_ids, ids[a].ids);
    for (const double logprob : scores.answers[a].logprobs) {
      EXPECT_NEAR(logprob, chosen[at++].item<float>(), 1e-3) << answers[a];
    }
  }
  EXPECT_EQ(at, chosen.size(0));
}

TEST(Twin, ScoresOfTheShippedModelAreThoseOfTheNativeEngine) {
  expect_twins(load_task("galaxy-morphology"), 1);
}

TEST(Twin, AlsoWithSeveralPicturesInAPrompt) {
  Task task = load_task("neutrino-flavour-measured");
  task.views.resize(2);
  expect_twins(task, 2);
}

/// A reason is written after its label as it is learnt: the label's tokens, then the reason's.
TEST(Twin, AReasonBeginsWhereTheLabelEnds) {
  const std::string models = std::string(FIRSTLIGHT_TEST_DIR) + "/../models/";
  const PromptEncoder encoder(Recipe::load(models + "recipes/firstlight-small/recipe.yaml"));
  const std::string label = answer_before_reason("I classify the pixel maps as NuE CC.");
  const PromptEncoder::Answer alone = encoder.encode_answer(label);
  const PromptEncoder::Answer whole = encoder.encode_answer(label + "All tracks are short.", label);
  ASSERT_EQ(whole.label + 1, alone.size());  // without the end of text
  EXPECT_TRUE(std::equal(alone.ids.begin(), alone.ids.end() - 1, whole.ids.begin()));
  EXPECT_GT(whole.size(), alone.size());
  EXPECT_EQ(alone.label, 0u);
}

}  // namespace
}  // namespace firstlight::train
