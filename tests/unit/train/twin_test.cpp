// The differentiable twin (aten) and the native engine (nn) describe the same model.
#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "firstlight/aten/llava.h"
#include "firstlight/base/random.h"
#include "firstlight/nn/vlm.h"
#include "firstlight/task/task.h"
#include "firstlight/train/batch.h"
#include "firstlight/train/hf_folder.h"

namespace firstlight::train {
namespace {

TEST(Twin, ScoresOfTheShippedModelAreThoseOfTheNativeEngine) {
  const torch::NoGradGuard no_grad;
  const std::string models = std::string(FIRSTLIGHT_TEST_DIR) + "/../models/";
  const Recipe recipe = Recipe::load(models + "recipes/firstlight-small/recipe.yaml");
  const PromptEncoder encoder(recipe);
  aten::LlavaShape shape = recipe.shape;
  shape.text.vocab_size = static_cast<std::int64_t>(encoder.vocab_size());
  aten::Llava twin(shape, 1);
  read_hf_weights(models + "firstlight-small", twin);

  // A picture of the model's own size, so that no resizing stands between the two.
  const auto side = static_cast<int>(shape.vision.image_size);
  Image picture{side, side, 3,
                std::vector<std::uint8_t>(static_cast<std::size_t>(side * side * 3))};
  Random random(4);
  for (std::uint8_t& value : picture.pixels) value = static_cast<std::uint8_t>(random.below(256));

  const Task task = load_task("galaxy-morphology");

  const RenderedPrompt prompt = render_prompt(task, {}, no_fields);
  const std::vector<std::string> answers = render_answers(task, {});
  const auto native = nn::load_vlm(models + "firstlight-small", {kernels::Precision::kF32});
  const ScoreRequest request{prompt, {&picture}, answers};
  const auto results = native->score({&request, 1});
  const LabelScores& scores = results.at(0).value();

  BatchBuilder builder(shape.vision.patches());
  std::vector<PromptEncoder::Answer> ids;
  for (const std::string& answer : answers) ids.push_back(encoder.encode_answer(answer));
  builder.add_scored({nullptr, 0}, encoder.encode(prompt), ids);
  const LanguageBatch batch = builder.finish();
  torch::Tensor pixels = torch::empty({1, 3, side, side});
  prepare(picture.pixels.data(), side, {side, recipe.image_mean, recipe.image_std},
          pixels.data_ptr<float>());
  const torch::Tensor features =
      twin.vision(pixels, true).narrow(1, 1, shape.vision.patches()).squeeze(0);
  const torch::Tensor logits =
      twin.text(batch.text, twin.project(features.contiguous(), true), batch.wanted, true);
  const torch::Tensor chosen =
      at::log_softmax(logits, 1).gather(1, batch.targets.unsqueeze(1)).squeeze(1);

  std::int64_t at = 0;
  for (std::size_t a = 0; a < answers.size(); ++a) {
    ASSERT_EQ(scores.answers[a].token_ids, ids[a]);
    for (const double logprob : scores.answers[a].logprobs) {
      EXPECT_NEAR(logprob, chosen[at++].item<float>(), 1e-3) << answers[a];
    }
  }
  EXPECT_EQ(at, chosen.size(0));
}

}  // namespace
}  // namespace firstlight::train
