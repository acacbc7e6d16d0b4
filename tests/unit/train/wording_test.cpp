#include "firstlight/train/wording.h"

#include <gtest/gtest.h>

#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

const std::string kRecipe =
    std::string(FIRSTLIGHT_TEST_DIR) + "/../models/recipes/firstlight-small/";

std::string no_fields(const std::string& field) { throw Error::usage("test", field); }

TEST(Wording, ExpandsAlternatives) {
  Random random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(expand("[a|b|] c", random));
  EXPECT_EQ(seen, (std::set<std::string>{"a c", "b c", "c"}));
}

TEST(Wording, DrawnTasksRenderWithOneImageAndDifferentAnswers) {
  const Wordings wordings = Wordings::load(kRecipe + "wordings.yaml");
  ASSERT_FALSE(wordings.questions.empty());
  Random random(3);
  std::set<std::string> prompts;
  for (int i = 0; i < 500; ++i) {
    const Question& question = wordings.questions[random.below(wordings.questions.size())];
    const DrawnTask drawn = draw_task(wordings, question, i % 2 == 0, random);
    ASSERT_GE(drawn.concepts.size(), 2U);
    ASSERT_EQ(drawn.concepts.size(), drawn.task.size());
    const RenderedPrompt prompt = render_prompt(drawn.task, {}, no_fields);
    ASSERT_EQ(prompt.image_views().size(), 1U);
    const bool starts_with_image = prompt.user.front().kind == PromptPart::Kind::kImage;
    EXPECT_EQ(starts_with_image, drawn.image_first);
    const auto answers = render_answers(drawn.task, {});
    EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), answers.size());
    std::string text;
    for (const PromptPart& part : prompt.user) text += part.text;
    EXPECT_EQ(text.find('['), std::string::npos) << text;
    prompts.insert(text);
  }
  EXPECT_GT(prompts.size(), 495U);
}

TEST(Wording, BriefTasksAreMarkedLinesAndNothingElse) {
  const Wordings wordings = Wordings::load(kRecipe + "wordings.yaml");
  Random random(4);
  std::set<std::size_t> sizes;
  std::size_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    const DrawnTask drawn = draw_brief_task(wordings, wordings.questions.front(), random);
    ASSERT_EQ(drawn.concepts.size(), drawn.task.size());
    sizes.insert(drawn.task.size());
    const RenderedPrompt prompt = render_prompt(drawn.task, {}, no_fields);
    ASSERT_EQ(prompt.user.size(), 2U);
    std::size_t lines = 0;
    for (const std::string& line : text::split(text::trim(prompt.user[1].text), '\n')) {
      if (!line.empty()) ++lines;
    }
    EXPECT_EQ(lines, drawn.task.size()) << prompt.user[1].text;
    // An answer repeats the mark of its line.
    for (const std::string& answer : render_answers(drawn.task, {})) {
      const std::string mark = answer.substr(answer.find_last_of(' ') + 1);
      EXPECT_NE(prompt.user[1].text.find(mark), std::string::npos);
      longest = std::max(longest, answer.size());
    }
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{2, 3, 4}));
  EXPECT_LE(longest, std::string("Category 4").size());
}

// What `--classes` asks on the command line is learnt in its very words.
TEST(Wording, NamesAloneAreOftenAskedForAsTheCommandLineDoes) {
  const Wordings wordings = Wordings::load(kRecipe + "wordings.yaml");
  Random random(5);
  int count = 0;
  for (int i = 0; i < 400; ++i) {
    if (draw_task(wordings, wordings.questions.front(), true, random).task.name == "classes")
      ++count;
  }
  EXPECT_GT(count, 20);
  EXPECT_LT(count, 100);
}

TEST(Wording, ErrorsNameFileAndLine) {
  const TemporaryFolder folder;
  const std::string path = folder.path("wordings.yaml");
  const std::string good = text::read_file(kRecipe + "wordings.yaml");
  const auto error_of = [&](const std::string& from, const std::string& to) -> std::string {
    text::write_file_atomically(path, text::replace_all(good, from, to));
    try {
      Wordings::load(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(error_of("systems:", "sistems:").find("did you mean 'systems'"), std::string::npos);
  const std::string unknown =
      error_of("concepts: [smooth_any, disk_any]", "concepts: [smooth, disk_any]");
  EXPECT_NE(unknown.find("'smooth' is not described"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("wordings.yaml:"), std::string::npos) << unknown;
}

}  // namespace
}  // namespace firstlight::train
