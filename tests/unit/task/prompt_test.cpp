#include "firstlight/task/prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "expect_error.h"

namespace firstlight {
namespace {

using Strings = std::vector<std::string>;
using Part = PromptPart;
constexpr auto kText = Part::Kind::kText;
constexpr auto kImage = Part::Kind::kImage;

constexpr const char* kClasses = R"(
classes:
  - {key: a, name: Ay, description: first}
  - {key: b, name: Bee}
  - {key: c, name: See, description: third}
)";

Task task(const std::string& rest) { return parse_task("name: t\n" + rest + kClasses, "t.yaml"); }

std::string text_of(const Task& t, const PromptVariant& variant = {}) {
  std::string out;
  for (const Part& part : render_prompt(t, variant, nullptr).user) {
    out += part.kind == kImage ? "[" + part.text + "]" : part.text;
  }
  return out;
}

const PromptVariant kBare{.descriptions = false, .order = {}};

TEST(RenderPrompt, ListsClassesByTheDefaultLine) {
  EXPECT_EQ(text_of(task("prompt: '{image} {classes}'")),
            "[image] 0. Ay: first\n1. Bee\n2. See: third");
}

TEST(RenderPrompt, BothImageFormsAreTheSamePlace) {
  EXPECT_EQ(task("prompt: 'a {image} b'").prompt, task("prompt: 'a <image> b'").prompt);
}

TEST(RenderPrompt, DropsOneFinalLineBreakOnly) {
  EXPECT_EQ(text_of(task("prompt: |\n  {image}\n  Which?\n")), "[image]\nWhich?");
  EXPECT_EQ(text_of(task("prompt: \"{image} Which?\\n\\n\"")), "[image] Which?\n");
}

TEST(RenderPrompt, DoubledBracesAreBraces) {
  EXPECT_EQ(text_of(task("prompt: '{image} {{\"class\": }}}}'")), "[image] {\"class\": }}");
}

TEST(RenderPrompt, BracesInClassTextsAreLeftAlone) {
  const Task t = parse_task(R"(
name: t
prompt: "{image}{classes}"
classes:
  - {key: a, name: "{index}", description: "{{x}"}
  - {key: b, name: "}"}
)",
                            "t.yaml");
  EXPECT_EQ(text_of(t), "[image]0. {index}: {{x}\n1. }");
}

TEST(RenderPrompt, PutsViewsWhereTheyBelong) {
  const std::string views = "views: [{name: xz}, {name: yz}]\n";
  EXPECT_EQ(text_of(task(views + "prompt: '{image}\n\n  Which?'")), "[xz][yz]\nWhich?");
  const Task t = task(views + "prompt: 'side {image:yz} top {image:xz} again {image:yz}'");
  EXPECT_EQ(text_of(t), "side [yz] top [xz] again [yz]");
  EXPECT_EQ(render_prompt(t, {}, nullptr).image_views(), (Strings{"yz", "xz", "yz"}));
}

TEST(RenderPrompt, JoinsNeighbouringTexts) {
  const auto parts = render_prompt(task("prompt: 'a {{ {index:c} {classes} {image}'"), {}, nullptr);
  ASSERT_EQ(parts.user.size(), 2u);
  EXPECT_EQ(parts.user[0].kind, kText);
}

TEST(RenderPrompt, PutsFieldsIn) {
  const Task t = task("prompt: '{image} z = {field:redshift}, g = {field: mag_g }'");
  const auto prompt = render_prompt(t, {}, [](const std::string& name) { return name + "?"; });
  EXPECT_EQ(prompt.user[1].text, " z = redshift?, g = mag_g?");
  EXPECT_EQ(prompt_fields(t), (Strings{"redshift", "mag_g"}));
  EXPECT_NE(usage_error([&] { render_prompt(t, {}, nullptr); }).find("t.yaml:2"),
            std::string::npos);
  EXPECT_THROW(render_prompt(t, {}, [](const std::string&) { return "<image>"; }), Error);
}

TEST(CheckFields, NamesFileLineAndNearestColumn) {
  const Task t = task("prompt: |\n  {image}\n  At z = {field:redshfit}\n");
  EXPECT_NO_THROW(check_fields(t, {"redshfit"}, {}));
  EXPECT_EQ(usage_error([&] {
              check_fields(t, {"mag", "redshift"}, {});
            }),
            "t.yaml:4: the data have no field 'redshfit'; did you mean 'redshift'?");
  EXPECT_EQ(usage_error([&] { check_fields(t, {"mag"}, {"redshfit"}); }),
            "t.yaml:4: the field 'redshfit' is truth, which would give the answer away; only "
            "measured columns may enter a prompt");
}

TEST(RenderPrompt, SystemMessageListsClassesToo) {
  const Task t = task("system: 'Tell {classes} apart.'\nprompt: '{image}'\nclass_separator: ', '");
  const RenderedPrompt prompt = render_prompt(t, {}, nullptr);
  EXPECT_EQ(prompt.system, "Tell 0. Ay: first, 1. Bee, 2. See: third apart.");
  EXPECT_EQ(render_prompt(t, kBare, nullptr).system, "Tell 0. Ay, 1. Bee, 2. See apart.");
  EXPECT_TRUE(can_reorder(t));
}

TEST(RenderPrompt, LiteralFormHoldsAllParts) {
  const Task t = task(
      "system: Be brief.\nprompt: 'Which?'\nchat: \"<s>{system} USER: {image}\\n{prompt} A:\"");
  const RenderedPrompt prompt = render_prompt(t, {}, nullptr);
  EXPECT_EQ(prompt.literal,
            (std::vector<Part>{
                {kText, "<s>Be brief. USER: "}, {kImage, "image"}, {kText, "\nWhich? A:"}}));
  EXPECT_TRUE(prompt.user.empty());
  EXPECT_EQ(prompt.image_views(), Strings{"image"});
}

TEST(RenderPrompt, LiteralFormMayLeaveTheImageToThePrompt) {
  const Task t = task("prompt: 'See {image}. Which?'\nchat: 'U: {prompt} A:'");
  EXPECT_EQ(render_prompt(t, {}, nullptr).literal,
            (std::vector<Part>{{kText, "U: See "}, {kImage, "image"}, {kText, ". Which? A:"}}));
}

TEST(ClassOrder, MovesLinesAndAnswers) {
  const Task t =
      task("prompt: '{image}{classes} {index:a}'\nanswer: '{letter}{index}'\nfirst_index: 5");
  const PromptVariant order{.descriptions = true, .order = {ClassId{2}, ClassId{0}, ClassId{1}}};
  EXPECT_EQ(text_of(t, order), "[image]5. See: third\n6. Ay: first\n7. Bee 6");
  EXPECT_EQ(render_answers(t, order), (Strings{"B6", "C7", "A5"}));
  EXPECT_EQ(render_answers(t, {}), (Strings{"A5", "B6", "C7"}));
}

TEST(ClassOrder, EveryPermutationIsConsistent) {
  const Task t = task("prompt: '{image}{classes}'\nanswer: '{index}. {name}'");
  std::vector<ClassId> order{ClassId{0}, ClassId{1}, ClassId{2}};
  do {
    const PromptVariant variant{.descriptions = false, .order = order};
    const std::string text = text_of(t, variant);
    for (const std::string& answer : render_answers(t, variant)) {
      EXPECT_NE(text.find(answer), std::string::npos) << answer << " in " << text;
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ClassOrder, MustBeAPermutation) {
  const Task t = task("prompt: '{image}{classes}'");
  for (const std::vector<ClassId>& order : {std::vector<ClassId>{ClassId{0}, ClassId{1}},
                                            {ClassId{0}, ClassId{1}, ClassId{1}},
                                            {ClassId{0}, ClassId{1}, ClassId{3}},
                                            {ClassId{-1}, ClassId{1}, ClassId{0}}}) {
    usage_error([&] { render_prompt(t, {.descriptions = true, .order = order}, nullptr); });
  }
}

TEST(ClassOrder, NeedsAPromptThatShowsIt) {
  const Task fixed = task("prompt: '{image} Is it {index:a} or {index:b}?'");
  EXPECT_FALSE(can_reorder(fixed));
  const std::vector<ClassId> own{ClassId{0}, ClassId{1}, ClassId{2}};
  const std::vector<ClassId> moved{ClassId{0}, ClassId{2}, ClassId{1}};
  EXPECT_NO_THROW(render_prompt(fixed, {.descriptions = true, .order = own}, nullptr));
  EXPECT_NE(usage_error([&] {
              render_prompt(fixed, {.descriptions = true, .order = moved}, nullptr);
            }).find("{classes}"),
            std::string::npos);
  usage_error([&] { render_answers(fixed, {.descriptions = true, .order = moved}); });
  EXPECT_TRUE(can_reorder(task("prompt: '{image} {index:a} {index:b} {index:c}'")));
}

struct LineCase {
  const char* line;
  const char* bare;
};

class WithoutDescription : public testing::TestWithParam<LineCase> {};

TEST_P(WithoutDescription, TrimsWhatSetTheDescriptionOff) {
  const Task t =
      task("prompt: '{image}{classes}'\nclass_line: '" + std::string(GetParam().line) + "'");
  const std::string want = "[image]" + std::string(GetParam().bare);
  EXPECT_EQ(text_of(t, kBare).substr(0, want.size() + 1), want + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Lines, WithoutDescription,
    testing::Values(LineCase{"{index}. {name}: {description}", "0. Ay"},
                    LineCase{"{name} ({description})", "Ay"},
                    LineCase{"- {key} – {description}.", "- a."},
                    LineCase{"{letter}) {name}, {description}; thus {index}", "A) Ay; thus 0"},
                    LineCase{"Category {index}: {description}", "Category 0: Ay"},
                    LineCase{"{description}: {name}", "Ay"}, LineCase{"{name}", "Ay"}));

TEST(WithoutDescriptions, OwnLineWins) {
  const Task t = task(
      "prompt: '{image}{classes}'\nclass_line: '{name} {description}'\n"
      "class_line_without_descriptions: '<{key}>'\nclass_separator: '|'");
  EXPECT_EQ(text_of(t, kBare), "[image]<a>|<b>|<c>");
  EXPECT_EQ(text_of(t), "[image]Ay first|<b>|See third");
}

TEST(WithoutDescriptions, OwnPromptWins) {
  const Task t = task("prompt: '{image} long'\nprompt_without_descriptions: '{image} short'");
  EXPECT_EQ(text_of(t, kBare), "[image] short");
}

TEST(WithoutDescriptions, AreRefusedWhereThePromptHidesThem) {
  const Task t = task("prompt: '{image} Ay is first.'");
  EXPECT_NE(
      usage_error([&] { render_prompt(t, kBare, nullptr); }).find("prompt_without_descriptions"),
      std::string::npos);
}

TEST(WithAnswer, ChangesTheAnswersAndChecksTheTemplate) {
  const Task t = task("prompt: '{image} {classes}'");
  EXPECT_EQ(render_answers(with_answer(t, "{index}: {key}"), {}),
            (Strings{"0: a", "1: b", "2: c"}));
  EXPECT_EQ(render_answers(with_answer(t, "same"), {}), (Strings{"same", "same", "same"}));
  EXPECT_EQ(t.answer, "{name}");
  EXPECT_NE(usage_error([&] { with_answer(t, "{nmae}"); }).find("did you mean 'name'"),
            std::string::npos);
  EXPECT_NE(usage_error([&] { with_answer(t, "{name"); }).find("'}'"), std::string::npos);
}

}  // namespace
}  // namespace firstlight
