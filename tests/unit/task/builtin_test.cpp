#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expect_error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

using Strings = std::vector<std::string>;
using Part = PromptPart;

std::string quoted_prompt(const std::string& task) {
  return text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/unit/task/fixtures/" + task +
                         "-prompt.txt");
}

Strings keys(const Task& task) {
  Strings out;
  for (const ClassDefinition& c : task.classes) out.push_back(c.key);
  return out;
}

TEST(BuiltinTasks, AreListedInOrder) {
  EXPECT_EQ(builtin_tasks(), (Strings{"galaxy-morphology", "galaxy-morphology-as-published", "lsbg",
                                      "lsbg-as-published", "neutrino-flavour", "neutrino-flavour-4",
                                      "neutrino-flavour-measured"}));
}

TEST(BuiltinTasks, AllLoadUnderTheirNames) {
  for (const std::string& name : builtin_tasks()) EXPECT_EQ(load_task(name).name, name);
}

class QuotedPrompt : public testing::TestWithParam<std::string> {};

TEST_P(QuotedPrompt, IsThePapersByteForByte) {
  const RenderedPrompt prompt = render_prompt(load_task(GetParam()), {}, nullptr);
  ASSERT_EQ(prompt.user.size(), 2u);
  EXPECT_EQ(prompt.user[0], (Part{Part::Kind::kImage, "image"}));
  EXPECT_EQ(prompt.user[1].text, "\n" + quoted_prompt(GetParam()));
  EXPECT_TRUE(prompt.system.empty());
  EXPECT_TRUE(prompt.literal.empty());
}

TEST_P(QuotedPrompt, AsPublishedIsTheVicunaForm) {
  const RenderedPrompt prompt = render_prompt(load_task(GetParam() + "-as-published"), {}, nullptr);
  EXPECT_TRUE(prompt.user.empty());
  EXPECT_EQ(
      prompt.literal,
      (std::vector<Part>{{Part::Kind::kText, "USER: "},
                         {Part::Kind::kImage, "image"},
                         {Part::Kind::kText, "\n" + quoted_prompt(GetParam()) + "\nASSISTANT:"}}));
}

TEST_P(QuotedPrompt, VariantsDifferInTheFormOnly) {
  const Task own = load_task(GetParam());
  const Task published = load_task(GetParam() + "-as-published");
  EXPECT_EQ(keys(own), keys(published));
  EXPECT_EQ(render_answers(own, {}), render_answers(published, {}));
  const auto bare = render_prompt(own, {.descriptions = false, .order = {}}, nullptr);
  const auto bare_published =
      render_prompt(published, {.descriptions = false, .order = {}}, nullptr);
  EXPECT_EQ(bare.user[1].text + "\nASSISTANT:", bare_published.literal[2].text);
}

INSTANTIATE_TEST_SUITE_P(Papers, QuotedPrompt, testing::Values("lsbg", "galaxy-morphology"));

TEST(Lsbg, HasThePapersClasses) {
  const Task task = load_task("lsbg");
  EXPECT_EQ(keys(task), (Strings{"artifact", "lsbg"}));
  EXPECT_EQ(task.positive, ClassId{1});
  EXPECT_EQ(render_answers(task, {}), (Strings{"Category 0", "Category 1"}));
  EXPECT_NE(task.source.find("arXiv:2406.17057"), std::string::npos);
  EXPECT_EQ(task.match("LSBG"), ClassId{1});
  EXPECT_EQ(task.match("non-lsbg"), ClassId{0});
}

TEST(Lsbg, SwapsTheNumbersWithTheOrder) {
  const Task task = load_task("lsbg");
  const PromptVariant swapped{.descriptions = true, .order = {ClassId{1}, ClassId{0}}};
  EXPECT_EQ(render_answers(task, swapped), (Strings{"Category 1", "Category 0"}));
  const std::string text = render_prompt(task, swapped, nullptr).user[1].text;
  EXPECT_NE(text.find("(LSBG, Category 0) or non-LSBG (Category 1)"), std::string::npos);
  EXPECT_NE(text.find("Category 0, LSBG: The image"), std::string::npos);
  EXPECT_NE(text.find("fit into the\ncategory 0 definiton"), std::string::npos);
}

TEST(Lsbg, HasAPromptWithoutDescriptions) {
  const auto prompt =
      render_prompt(load_task("lsbg"), {.descriptions = false, .order = {}}, nullptr);
  EXPECT_EQ(prompt.user[1].text,
            "\nYou are tasked to classify astronomical images. Each image belongs to one of two "
            "categories:\n\nLow Surface Brightness Galaxies (LSBG, Category 1) or non-LSBG "
            "(Category 0).\n\nTo what category does the image belong?");
}

TEST(NeutrinoFlavour, HasThePapersClassesAndAnswer) {
  const Task task = load_task("neutrino-flavour");
  EXPECT_EQ(keys(task), (Strings{"nue_cc", "numu_cc", "nc"}));
  EXPECT_EQ(render_answers(task, {})[2], "I classify the pixel maps as Neutral Current.");
  // The words of the authors' truth files.
  EXPECT_EQ(task.match("nuecc"), ClassId{0});
  EXPECT_EQ(task.match("numucc"), ClassId{1});
  EXPECT_EQ(task.match("nutau_cc"), std::nullopt);
  EXPECT_EQ(task.match_background("nutau_cc"), std::size_t{0});
  EXPECT_EQ(task.match_background("NuTauCC"), std::size_t{0});
  EXPECT_EQ(task.match_background("nc"), std::nullopt);
  EXPECT_TRUE(prompt_fields(task).empty());
  const RenderedPrompt prompt = render_prompt(task, {}, nullptr);
  EXPECT_EQ(prompt.image_views(), (Strings{"xz", "yz", "u", "v", "z"}));
  EXPECT_NE(prompt.system.find("- NuMu CC: a charged-current"), std::string::npos);
}

TEST(NeutrinoFlavour, WithTauNeutrinosTheyAreAClass) {
  const Task task = load_task("neutrino-flavour-4");
  EXPECT_EQ(keys(task), (Strings{"nue_cc", "numu_cc", "nc", "nutau_cc"}));
  EXPECT_TRUE(task.backgrounds.empty());
}

TEST(NeutrinoFlavour, MeasuredColumnsEnterThePrompt) {
  const Task task = load_task("neutrino-flavour-measured");
  EXPECT_EQ(prompt_fields(task), (Strings{"energy_mev", "hits", "extent_cm"}));
  EXPECT_EQ(keys(task), keys(load_task("neutrino-flavour")));
}

TEST(GalaxyMorphology, HasThePapersClassesAndMerge) {
  const Task task = load_task("galaxy-morphology");
  EXPECT_EQ(keys(task),
            (Strings{"smooth_round", "smooth_cigar", "edge_on_disk", "unbarred_spiral"}));
  ASSERT_EQ(task.merges.size(), 1u);
  EXPECT_EQ(task.merges[0].classes, (std::vector<ClassId>{ClassId{1}, ClassId{2}}));
  EXPECT_EQ(task.match("spiral"), ClassId{3});
  EXPECT_EQ(task.match("2"), ClassId{2});
  EXPECT_EQ(render_answers(task, {}),
            (Strings{"Category 0", "Category 1", "Category 2", "Category 3"}));
}

TEST(GalaxyMorphology, KeepsItsNoteTrueInAnyOrder) {
  const Task task = load_task("galaxy-morphology");
  const PromptVariant rotated{.descriptions = true,
                              .order = {ClassId{1}, ClassId{2}, ClassId{3}, ClassId{0}}};
  EXPECT_EQ(render_answers(task, rotated),
            (Strings{"Category 3", "Category 0", "Category 1", "Category 2"}));
  const std::string text = render_prompt(task, rotated, nullptr).user[1].text;
  EXPECT_NE(text.find("categories:\n\nCategory 0: smooth and cigar-shaped galaxy"),
            std::string::npos);
  EXPECT_NE(text.find("\n\nCategory 3: smooth and round galaxy. Should"), std::string::npos);
  EXPECT_NE(text.find("Note that categories 0 and 1 tend"), std::string::npos);
  EXPECT_NE(text.find("belongs to category 0. Does it"), std::string::npos);
  EXPECT_NE(text.find("belongs to category 1.\n"), std::string::npos);
}

TEST(GalaxyMorphology, NamesTheClassesWithoutDescriptions) {
  const auto prompt =
      render_prompt(load_task("galaxy-morphology"), {.descriptions = false, .order = {}}, nullptr);
  EXPECT_EQ(prompt.user[1].text,
            "\nYou are tasked to classify images depicting galaxies, into four morphological "
            "categories:\n\nCategory 0: smooth and round galaxy\n\nCategory 1: smooth and "
            "cigar-shaped galaxy\n\nCategory 2: edge-on disk galaxy\n\nCategory 3: unbarred spiral "
            "galaxy\n\nTo which category does the image belong?");
}

TEST(LoadTask, NamesTheNearestBuiltinTask) {
  const std::string message = usage_error([] { load_task("galaxy-morpholgy"); });
  EXPECT_EQ(message,
            "task 'galaxy-morpholgy': is neither built in nor a file; did you mean "
            "'galaxy-morphology'?");
}

TEST(LoadTask, FoldersAndEndlessDevicesAreRefused) {
  EXPECT_NE(usage_error([] { load_task("/tmp/"); }).find("is a folder"), std::string::npos);
  EXPECT_NE(usage_error([] { load_task("/dev/zero"); }).find("larger than"), std::string::npos);
}

TEST(LoadTask, MissingFileIsAUsageError) {
  EXPECT_NE(usage_error([] { load_task("/nowhere/task.yaml"); }).find("/nowhere/task.yaml"),
            std::string::npos);
}

}  // namespace
}  // namespace firstlight
