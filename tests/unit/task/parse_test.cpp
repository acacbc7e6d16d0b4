#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expect_error.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

std::string error_of(const std::string& yaml) {
  return usage_error([&] { parse_task(yaml, "t.yaml"); });
}

// Lines 1 to 5 of most files below.
const std::string kHead =
    "name: t\n"
    "prompt: '{image} {classes}'\n"
    "classes:\n"
    "  - {key: a, name: Ay}\n"
    "  - {key: b, name: Bee}\n";

TEST(ParseTask, FillsDefaults) {
  const Task task = parse_task(kHead, "t.yaml");
  EXPECT_EQ(task.version, "1");
  EXPECT_EQ(task.answer, "{name}");
  EXPECT_EQ(task.class_line, "{index}. {name}: {description}");
  EXPECT_EQ(task.class_separator, "\n");
  EXPECT_EQ(task.first_index, 0);
  ASSERT_EQ(task.views.size(), 1u);
  EXPECT_EQ(task.views[0].name, "image");
  EXPECT_EQ(task.views[0].stretch, StretchSettings{});
  EXPECT_FALSE(task.positive);
  EXPECT_TRUE(task.chat.empty());
  EXPECT_EQ(task.yaml, kHead);
  EXPECT_EQ(task.origin, "t.yaml");
}

TEST(ParseTask, ReadsEveryKey) {
  const Task task = parse_task(R"(
name: full
version: 2.1
description: All keys
source: A paper
system: "See {classes}"
prompt: "{image:xz} and {image:yz}, z = {field:redshift}, not {index:nue}"
prompt_without_descriptions: "{image}"
class_line: "{letter} {key} {name} {description}"
class_line_without_descriptions: "{key}"
class_separator: "; "
first_index: 1
answer: "I say {name}."
chat: model
classes:
  - key: nue
    name: NuE CC
    description: A shower
    synonyms: [nuecc, electron]
  - key: numu_cc
    description: A track
views:
  - name: xz
    description: From the side
    stretch: {kind: asinh, low: -1, high: 10, softening: 0.2, limits_from: 0.5}
    invert: true
    crop: 0.75
    resize: 224
    resize_filter: max
  - name: yz
    stretch: zscale
merges:
  - {name: charged, classes: [numu_cc, nue]}
positive: nue
)",
                               "full.yaml");
  EXPECT_EQ(task.version, "2.1");
  EXPECT_EQ(task.source, "A paper");
  EXPECT_EQ(task.classes[1].name, "numu cc");
  EXPECT_EQ(task.classes[0].synonyms, (std::vector<std::string>{"nuecc", "electron"}));
  EXPECT_EQ(task.prompt.size(), 7u);
  EXPECT_EQ(task.prompt[4], (Segment{Segment::Kind::kField, "redshift"}));
  EXPECT_EQ(task.prompt[6], (Segment{Segment::Kind::kIndex, "nue"}));
  EXPECT_EQ(task.first_index, 1);
  const ViewSettings& xz = task.views[0];
  EXPECT_EQ(xz.stretch.kind, "asinh");
  EXPECT_EQ(xz.stretch.low, -1);
  EXPECT_EQ(xz.stretch.high, 10);
  EXPECT_EQ(xz.stretch.softening, 0.2);
  EXPECT_EQ(xz.stretch.limits_from, 0.5);
  EXPECT_TRUE(xz.stretch.invert);
  EXPECT_EQ(xz.crop, 0.75);
  EXPECT_EQ(xz.resize, 224);
  EXPECT_EQ(xz.resize_filter, "max");
  EXPECT_EQ(task.views[1].stretch.kind, "zscale");
  EXPECT_EQ(task.merges[0].classes, (std::vector<ClassId>{ClassId{1}, ClassId{0}}));
  EXPECT_EQ(task.positive, ClassId{0});
}

TEST(ParseTask, TheTemplateIsValid) {
  const Task task = parse_task(new_task_yaml("my-task"), "my-task.yaml");
  EXPECT_EQ(task.name, "my-task");
  EXPECT_EQ(render_answers(task, {}), (std::vector<std::string>{"Category 0", "Category 1"}));
  usage_error([] { new_task_yaml("a b"); });
  usage_error([] { new_task_yaml("a\nb: c"); });
}

struct BadTask {
  const char* yaml;
  const char* message;  ///< a part of it
};

class BadTasks : public testing::TestWithParam<BadTask> {};

TEST_P(BadTasks, AreRefusedWithFileAndLine) {
  const std::string message = error_of(GetParam().yaml);
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Whole, BadTasks,
    testing::Values(
        BadTask{"[a]", "t.yaml:1: the file must be a map"},
        BadTask{"name: t\nprompt: '{image}'\n", "t.yaml:1: the key 'classes' is missing"},
        BadTask{"name: a b\nprompt: '{image}'\n", "t.yaml:1: the name 'a b' is not made of"},
        BadTask{"name: t\nclasses:\n  - {key: a}\n  - {key: b}\n", "the key 'prompt' is missing"},
        BadTask{"name: t\nprompt: x\nclasses:\n  - {key: a}\n  - {key: b}\n",
                "t.yaml:2: 'prompt' has no place for the image; write {image}"},
        BadTask{"name: t\nprompt: ''\nclasses: [{key: a}, {key: b}]\n",
                "t.yaml:2: 'prompt' is empty"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a}\n",
                "t.yaml:4: a task needs at least two classes"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a}\n  - {key: A}\n",
                "t.yaml:5: the class key 'A' is not made of"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a}\n  - {key: b}\n  - {key: a}\n",
                "t.yaml:6: the class key 'a' is already the key of another class in line 4"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, name: X}\n"
                "  - {key: b, name: x}\n",
                "t.yaml:5: the class name 'x' is already the name of another class in line 4"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, synonyms: [B]}\n"
                "  - {key: b}\n",
                "t.yaml:4: the class synonym 'B' is already the key of another class in line 5"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, synonyms: [s]}\n"
                "  - {key: b, synonyms: [t, S]}\n",
                "t.yaml:5: the class synonym 'S' is already the synonym of another class"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, synonyms: [s, s]}\n"
                "  - {key: b}\n",
                "t.yaml:4: the class synonym 's' is already the synonym in line 4"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, synonyms: ['1']}\n"
                "  - {key: b}\n",
                "t.yaml:4: the class synonym '1' is the index of another class"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, nams: x}\n  - {key: b}\n",
                "t.yaml:4: unknown key 'nams'; did you mean 'name'?"},
        BadTask{"name: t\nprompt: '{image}'\nclasses:\n  - {key: a, description: <image>}\n"
                "  - {key: b}\n",
                "t.yaml:4: 'classes[0].description' holds the image marker"}));

INSTANTIATE_TEST_SUITE_P(
    Prompts, BadTasks,
    testing::Values(
        BadTask{
            "name: t\nclasses: [{key: a}, {key: b}]\nprompt: |\n  {image}\n  {clases}\n",
            "t.yaml:5: 'prompt' has an unknown marker {clases}; it can hold {image}, {classes}"},
        BadTask{
            "name: t\nclasses: [{key: a}, {key: b}]\nprompt: |\n  {image}\n\n  {image:xz}\n",
            "t.yaml:6: {image:xz} names a view that 'views' does not have; the views are: image"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: |\n  {image}\n  {field}\n",
                "t.yaml:5: 'prompt' has a malformed marker {field}; write {field:NAME}"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image} {index:c}'\n",
                "t.yaml:3: {index:c} names a class that 'classes' does not have"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: |\n  {image}\n  {\"x\": 1\n",
                "t.yaml:5: 'prompt' has a '{' without its '}'"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image} }'\n",
                "t.yaml:3: 'prompt' has a '}' without its '{'"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image} {prompt}'\n",
                "unknown marker {prompt}"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\nsystem: '{image}'\n",
                "t.yaml:4: 'system' has an unknown marker {image}"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\n"
                "prompt_without_descriptions: x\n",
                "t.yaml:4: 'prompt_without_descriptions' has no place for the image"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\nchat: 'USER'\n",
                "t.yaml:4: a literal chat form must hold {prompt} once"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\n"
                "chat: '<image> {prompt}'\n",
                "t.yaml:3: both 'prompt' and 'chat' place the image"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: x\nchat: '{prompt}'\n",
                "t.yaml:3: 'prompt' has no place for the image"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\nsystem: s\n"
                "chat: 'U {prompt}'\n",
                "t.yaml:5: the chat form must hold {system} once"},
        BadTask{"name: t\nclasses: [{key: a}, {key: b}]\nprompt: '{image}'\n"
                "chat: '{system} U {prompt}'\n",
                "t.yaml:4: the chat form holds {system}, but the task has no 'system'"}));

class BadRest : public testing::TestWithParam<BadTask> {};

TEST_P(BadRest, IsRefusedWithFileAndLine) {
  const std::string message = error_of(kHead + GetParam().yaml);
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Rest, BadRest,
    testing::Values(
        BadTask{"anwser: x\n", "t.yaml:6: unknown key 'anwser'; did you mean 'answer'?"},
        BadTask{"name: u\n", "t.yaml:6: the key 'name' is given twice"},
        BadTask{"answer: yes\n", "t.yaml:6: classes 'a' and 'b' have the same answer 'yes'"},
        BadTask{"answer: '{description}'\n", "t.yaml:6: the answer of class 'a' is empty"},
        BadTask{"answer: '{label}'\n", "t.yaml:6: 'answer' has an unknown marker {label}"},
        BadTask{"class_line: '{index'\n", "t.yaml:6: 'class_line' has a '{' without its '}'"},
        BadTask{"first_index: -1\n", "t.yaml:6: 'first_index' must be a whole number"},
        BadTask{"positive: c\n", "t.yaml:6: there is no class 'c'"},
        BadTask{"merges:\n  - {name: m, classes: [a]}\n", "t.yaml:7: a merge needs at least two"},
        BadTask{"merges:\n  - {name: m, classes: [a, a]}\n", "t.yaml:7: 'a' is merged twice"},
        BadTask{"merges:\n  - {name: m, classes: [a, bb]}\n",
                "t.yaml:7: there is no class 'bb'; did you mean 'b'?"},
        BadTask{"views: []\n", "t.yaml:6: 'views' names no view"},
        BadTask{"views:\n  - {name: image, crop: 0}\n", "t.yaml:7: 'views[0].crop' must lie from"},
        BadTask{"views:\n  - {name: image, stretch: sqrt}\n",
                "t.yaml:7: 'views[0].stretch' is 'sqrt'; it must be one of asinh, linear"},
        BadTask{"views:\n  - {name: image, stretch: {kind: linear, low: 3, high: 2}}\n",
                "t.yaml:7: 'high' must be above 'low'"},
        BadTask{"views:\n  - {name: image, stretch: {kind: lupton, high: 2}}\n",
                "t.yaml:7: the stretch 'lupton' does not use 'high'; it uses low, softening"},
        BadTask{"views:\n  - {name: image, resize: 2.5}\n",
                "t.yaml:7: 'views[0].resize' must be a whole number"},
        BadTask{"views:\n  - {name: image}\n  - {name: image}\n",
                "t.yaml:8: the view 'image' is given twice"},
        BadTask{"views:\n  - {name: image, invert: 1}\n",
                "t.yaml:7: 'views[0].invert' must be true or false"}));

std::string two_views(const std::string& rest) {
  return "name: t\nclasses: [{key: a}, {key: b, synonyms: [bee]}]\nprompt: \"{image} {classes}\"\n"
         "views: [{name: xz}, {name: yz, optional: true}]\n" +
         rest;
}

TEST(ParseTask, LayoutsJoinTheViews) {
  EXPECT_EQ(parse_task(two_views(""), "t").layout, ViewLayout::kSeparate);
  EXPECT_EQ(parse_task(two_views(""), "t").pictures(), (std::vector<std::string>{"xz", "yz"}));
  EXPECT_TRUE(parse_task(two_views(""), "t").views[1].optional);
  const Task joined = parse_task(two_views("layout: side_by_side"), "t");
  EXPECT_EQ(joined.layout, ViewLayout::kSideBySide);
  EXPECT_EQ(render_prompt(joined, {}, nullptr).image_views(), (std::vector<std::string>{"views"}));
  EXPECT_NE(usage_error([] {
              parse_task(two_views("layout: diagonal"), "t");
            }).find("it must be one of separate, side_by_side, stacked, channels"),
            std::string::npos);
  EXPECT_NE(usage_error([] {
              parse_task(
                  "name: t\nclasses: [{key: a}, {key: b}]\nprompt: \"{image}\"\nlayout: stacked",
                  "t");
            }).find("the task has one"),
            std::string::npos);
}

TEST(ParseTask, BackgroundsAreNoClasses) {
  const Task task =
      parse_task(two_views("backgrounds: [{key: c, name: other things, synonyms: [rest]}]"), "t");
  EXPECT_EQ(task.size(), 2u);
  EXPECT_EQ(task.match("rest"), std::nullopt);
  EXPECT_EQ(task.match_background("Other Things"), std::size_t{0});
  EXPECT_EQ(task.match_background("bee"), std::nullopt);
  EXPECT_NE(usage_error([] {
              parse_task(two_views("backgrounds: [{key: c, synonyms: [bee]}]"), "t");
            }).find("'bee' is already the synonym of another class"),
            std::string::npos);
}

TEST(ParseTask, PositiveIsForTwoClasses) {
  EXPECT_NE(error_of("name: t\nprompt: '{image}'\nclasses: [{key: a}, {key: b}, {key: c}]\n"
                     "positive: a\n")
                .find("t.yaml:4: 'positive' is for tasks of two classes"),
            std::string::npos);
}

TEST(ParseTask, LettersEndAtZ) {
  std::string yaml = "name: t\nprompt: '{image}'\nanswer: '{letter}'\nclasses:\n";
  for (int i = 0; i < 27; ++i) yaml += "  - {key: c" + std::to_string(i) + "}\n";
  EXPECT_NE(error_of(yaml).find("t.yaml:3: {letter} numbers at most 26 classes"),
            std::string::npos);
}

}  // namespace
}  // namespace firstlight
