#include <gtest/gtest.h>

#include "expect_error.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

const Task& animals() {
  static const Task task = parse_task(R"(
name: animals
prompt: "{image} {classes}"
first_index: 1
classes:
  - {key: cat, name: House Cat, synonyms: [kitty]}
  - {key: dog, name: Dog, synonyms: [" Hound "]}
)",
                                      "animals.yaml");
  return task;
}

TEST(Match, TakesKeyNameSynonymAndIndexInAnyCase) {
  EXPECT_EQ(animals().match("cat"), ClassId{0});
  EXPECT_EQ(animals().match(" DOG\n"), ClassId{1});
  EXPECT_EQ(animals().match("house cat"), ClassId{0});
  EXPECT_EQ(animals().match("hound"), ClassId{1});
  EXPECT_EQ(animals().match("1"), ClassId{0});
  EXPECT_EQ(animals().match("2"), ClassId{1});
}

TEST(Match, TakesNothingElse) {
  for (const char* truth : {"0", "3", "", "horse", "ca", "1.0", "99999999999999999999"}) {
    EXPECT_EQ(animals().match(truth), std::nullopt) << truth;
  }
}

TEST(ClassNames, BecomeATask) {
  const Task task = task_from_class_names({"smooth round galaxy", " Edge-on disk ", "7", "***"});
  ASSERT_EQ(task.size(), 4u);
  EXPECT_EQ(task.classes[0].key, "smooth_round_galaxy");
  EXPECT_EQ(task.classes[1].key, "edge_on_disk");
  EXPECT_EQ(task.classes[1].name, "Edge-on disk");
  EXPECT_EQ(task.classes[3].key, "class_3");
  EXPECT_EQ(render_answers(task, {})[1], "Edge-on disk");
  const RenderedPrompt prompt = render_prompt(task, {}, nullptr);
  EXPECT_EQ(prompt.image_views(), std::vector<std::string>{"image"});
  EXPECT_NE(prompt.user[1].text.find("- smooth round galaxy\n- Edge-on disk\n"), std::string::npos);
}

TEST(ClassNames, AreStoredAsAnEquivalentFile) {
  const Task task = task_from_class_names({"a \"b\" {c}", "d\\e: f\ng", "naïve"});
  const Task again = parse_task(task.yaml, "again");
  EXPECT_EQ(render_prompt(task, {}, nullptr), render_prompt(again, {}, nullptr));
  EXPECT_EQ(again.classes[0].name, "a \"b\" {c}");
  EXPECT_EQ(again.classes[1].name, "d\\e: f\ng");
}

TEST(ClassNames, MustDiffer) {
  EXPECT_EQ(usage_error([] {
              task_from_class_names({"spiral", "Spiral "});
            }),
            "--classes: 'Spiral' is given twice");
  EXPECT_EQ(usage_error([] { task_from_class_names({"spiral"}); }),
            "--classes: needs at least two class names");
  usage_error([] { task_from_class_names({"spiral", "a <image>"}); });
}

TEST(ClassNames, KeysNeverCollide) {
  const Task task = task_from_class_names({"a b", "a-b", "class_1 a b"});
  EXPECT_EQ(task.classes[1].key, "class_1_a_b");
  EXPECT_EQ(task.classes[2].key, "class_2_class_1_a_b");
}

}  // namespace
}  // namespace firstlight
