// What the middle of the decoder is asked about class lines.
#include <gtest/gtest.h>
#include <torch/autograd.h>

#include <string>
#include <vector>

#include "firstlight/aten/llava.h"
#include "firstlight/task/task.h"
#include "firstlight/train/batch.h"
#include "line_head.h"

namespace firstlight::train {
namespace {

const std::string kRecipe =
    std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/firstlight-small/";

Task marked(Task task) {
  task.class_line += kLineEnd;
  return task;
}

RenderedPrompt rendered(const Task& task) {
  return render_prompt(task, {}, [](const std::string&) { return std::string("7"); });
}

class Lines : public ::testing::Test {
 protected:
  /// What is asked of a task, with concept `10 + class` for each class.
  PromptEncoder::Prompt prompt(const Task& task) const {
    return encoder_.encode(rendered(marked(task)));
  }
  PromptEncoder::Answer answer(const Task& task, std::size_t label) const {
    const auto answers = render_answers(task, {});
    auto answer = encoder_.encode_answer(answers[label]);
    for (std::size_t i = 0; i < task.size(); ++i) {
      const auto meaning = static_cast<std::int64_t>(10 + i);
      answer.lines.push_back({meaning, encoder_.encode_answer(answers[i]).ids.at(2)});
    }
    answer.line = label;
    return answer;
  }

  const Recipe recipe_ = Recipe::load(kRecipe + "recipe.yaml");
  const PromptEncoder encoder_{recipe_};
  const Task galaxies_ = load_task("galaxy-morphology");
  const Task events_ = load_task("neutrino-flavour");
  static constexpr std::int64_t kImageTokens = 4;
  static constexpr std::int64_t kConcepts = 20;
};

TEST_F(Lines, AMarkShowsTheLastTokenOfItsLineAndIsTakenOut) {
  for (const Task& task : {galaxies_, events_}) {
    const auto plain = encoder_.encode(rendered(task));
    const auto with = prompt(task);
    EXPECT_EQ(with.before, plain.before);
    EXPECT_EQ(with.after, plain.after);
    EXPECT_TRUE(plain.lines.empty());
    ASSERT_EQ(with.lines.size(), task.size());
    auto ids = with.before;
    ids.insert(ids.end(), with.after.begin(), with.after.end());
    const nn::Tokenizer tokenizer = nn::Tokenizer::from_file(kRecipe + recipe_.tokenizer);
    for (std::size_t i = 0; i < task.size(); ++i) {
      const std::vector<std::int32_t> start(
          ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(with.lines[i]) + 1);
      const std::string text = tokenizer.decode(start, true);
      // A full stop may be one token with the end of the line.
      const std::string& whole = task.classes[i].description;
      const std::string description = whole.substr(0, whole.find_last_not_of('.') + 1);
      EXPECT_NE(text.find(description, text.size() - description.size() - 1), std::string::npos)
          << text;
    }
  }
}

TEST(Marks, AreTheTokensByWhichAnswersHaveParted) {
  const std::vector<std::vector<std::int32_t>> answers = {
      {5, 6, 7, 2}, {5, 6, 8, 2}, {5, 9, 7, 2}, {5, 6, 7}};
  EXPECT_EQ(first_own_token(answers, 0), 3U);
  EXPECT_EQ(first_own_token(answers, 1), 2U);
  EXPECT_EQ(first_own_token(answers, 2), 1U);
  EXPECT_EQ(first_own_token(answers, 3), 2U);  // the beginning of another
}

TEST_F(Lines, RowsOfABatchAreThoseOfTheLineEndsAndOfTheLabels) {
  const auto asked = prompt(galaxies_);
  BatchBuilder builder(kImageTokens, 1, kConcepts);
  builder.add_image_first({nullptr, 0}, {asked, asked},
                          {answer(galaxies_, 2), answer(galaxies_, 0)});
  const LanguageBatch batch = builder.finish();
  const LineTargets& lines = batch.lines;
  ASSERT_EQ(lines.rows.numel(), 8);
  ASSERT_EQ(lines.answer_rows.numel(), 6);  // "Category", a space and the number, of each
  const auto places = static_cast<std::int64_t>(asked.before.size());
  for (std::int64_t i = 0; i < 8; ++i) {
    const std::size_t at = asked.lines[static_cast<std::size_t>(i % 4)];
    EXPECT_EQ(batch.text.token_ids[lines.rows[i]].item<std::int64_t>(),
              asked.after.at(at - asked.before.size()));
    EXPECT_EQ(lines.meanings[i].item<std::int64_t>(), 10 + i % 4);
    EXPECT_EQ(batch.text.positions[lines.rows[i]].item<std::int64_t>(),
              static_cast<std::int64_t>(at) + kImageTokens);
  }
  EXPECT_GT(lines.rows[0].item<std::int64_t>(), places + kImageTokens);
  EXPECT_TRUE(lines.answer_meaning.equal(torch::tensor({12, 12, 12, 10, 10, 10}, torch::kLong)));
  EXPECT_TRUE(lines.answer_lines.equal(
      lines.rows.index_select(0, torch::tensor({2, 2, 2, 4, 4, 4}, torch::kLong))));
  EXPECT_TRUE(lines.answer_rows.equal(
      batch.wanted.index_select(0, torch::tensor({0, 1, 2, 4, 5, 6}, torch::kLong))));
  EXPECT_EQ(lines.listed.sum().item<std::int64_t>(), 6 * 4);
}

TEST_F(Lines, SharedLinesAreAskedOnce) {
  const auto asked = prompt(events_);
  BatchBuilder builder(kImageTokens, 1, kConcepts);
  const Picture any{nullptr, 0};
  builder.add_text_first({asked, asked}, {any, any}, {answer(events_, 1), answer(events_, 2)});
  const LanguageBatch batch = builder.finish();
  EXPECT_EQ(batch.lines.rows.numel(), 3);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.lines.rows[i].item<std::int64_t>(),
              static_cast<std::int64_t>(asked.lines[static_cast<std::size_t>(i)]));
  }
  const auto& pointed = batch.lines.answer_lines;
  EXPECT_TRUE(pointed[0].equal(batch.lines.rows[1]));
  EXPECT_TRUE(pointed[-1].equal(batch.lines.rows[2]));
}

/// Losses of a pack are those of its prompts one by one: nobody sees what stands in another branch.
TEST_F(Lines, APackLosesWhatItsPromptsLoseAlone) {
  const torch::NoGradGuard no_grad;
  aten::LlavaShape shape = recipe_.shape;
  shape.text.vocab_size = static_cast<std::int64_t>(encoder_.vocab_size());
  const aten::Llava model(shape, 5);
  const LineHead head(kConcepts, shape.text.hidden_size, 6);
  const torch::Tensor projected = torch::randn({kImageTokens, shape.text.hidden_size});
  Task other = galaxies_;
  std::swap(other.classes[0], other.classes[3]);
  const std::vector<PromptEncoder::Prompt> prompts = {prompt(galaxies_), prompt(other)};
  const std::vector<PromptEncoder::Answer> answers = {answer(galaxies_, 1), answer(other, 3)};
  const auto losses = [&](std::size_t first, std::size_t last) {
    BatchBuilder builder(kImageTokens, 1, kConcepts);
    const auto from = static_cast<std::ptrdiff_t>(first);
    const auto to = static_cast<std::ptrdiff_t>(last);
    builder.add_image_first({nullptr, 0}, {prompts.begin() + from, prompts.begin() + to},
                            {answers.begin() + from, answers.begin() + to});
    const LanguageBatch batch = builder.finish();
    aten::MiddleStates middle{2, LineHead::rows(batch.lines), {}, batch.lines.answer_rows, {}, {}};
    model.text(batch.text, projected, batch.wanted, true, &middle);
    return head.losses(model, middle, batch.text, batch.lines);
  };
  const auto both = losses(0, 2);
  const auto one = losses(0, 1);
  const auto two = losses(1, 2);
  ASSERT_EQ(both.size(), 4U);
  for (const auto& [name, loss] : both) {
    const double alone = (one.at(name).item<double>() + two.at(name).item<double>()) / 2;
    EXPECT_NEAR(loss.item<double>(), alone, 2e-2) << name;  // read_out is of bf16
    EXPECT_GT(alone, 0.1) << name;
  }
}

TEST_F(Lines, AfterTheLastLayerTheMiddleIsTheEnd) {
  const torch::NoGradGuard no_grad;
  aten::LlavaShape shape = recipe_.shape;
  shape.text.vocab_size = static_cast<std::int64_t>(encoder_.vocab_size());
  const aten::Llava model(shape, 5);
  BatchBuilder builder(kImageTokens, 1, kConcepts);
  builder.add_image_first({nullptr, 0}, {prompt(galaxies_)}, {answer(galaxies_, 1)});
  const LanguageBatch batch = builder.finish();
  aten::MiddleStates middle{shape.text.num_hidden_layers, batch.wanted, {}, batch.wanted, {}, {}};
  const torch::Tensor logits =
      model.text(batch.text, torch::randn({kImageTokens, shape.text.hidden_size}), batch.wanted,
                 true, &middle);
  EXPECT_TRUE(model.read_out(middle.hidden, true).allclose(logits));
}

}  // namespace
}  // namespace firstlight::train
