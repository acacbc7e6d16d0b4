#include "firstlight/model/classifier.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

/// Keeps what it is asked, so that prompts can be looked at.
class RecordingModel : public VisionLanguageModel {
 public:
  Capabilities capabilities() const override {
    Capabilities c;
    c.max_images = 4;
    c.image_side = side;
    return c;
  }
  std::string content_hash() const override { return "0"; }
  std::vector<Result<LabelScores>> score(std::span<const ScoreRequest> requests) const override {
    asked.assign(requests.begin(), requests.end());
    levels.clear();
    widths.clear();
    std::vector<Result<LabelScores>> results;
    for (const ScoreRequest& request : requests) {
      levels.emplace_back();
      widths.emplace_back();
      for (const Image* image : request.images) {
        levels.back().push_back(image->pixels.at(0));
        widths.back().push_back(image->width);
      }
      results.emplace_back(LabelScores{});
    }
    return results;
  }
  Result<Generated> generate(const GenerateRequest& request) const override {
    written = request;
    Generated out;
    out.text = "flat";
    return out;
  }
  PromptDescription describe(const ScoreRequest& request) const override {
    EXPECT_EQ(request.images.size(), request.prompt.image_views().size());
    return {};
  }

  mutable std::vector<ScoreRequest> asked;
  mutable GenerateRequest written;
  mutable std::vector<std::vector<int>> levels;  ///< first pixel of each picture
  mutable std::vector<std::vector<int>> widths;
  int side = 0;
};

PreparedSample sample(const std::string& id, std::uint8_t level) {
  PreparedSample s;
  s.id = id;
  s.views.push_back({"image", Image{1, 1, 3, {level, level, level}}});
  return s;
}

Task task() {
  return parse_task(
      "name: t\nclasses: [{key: round}, {key: flat}]\nprompt: \"{image}Which?\\n{classes}\"\n"
      "answer: \"{index}\"\n",
      "test");
}

std::string all_text(const RenderedPrompt& prompt) {
  std::string out;
  for (const PromptPart& part : prompt.user) {
    out += part.kind == PromptPart::Kind::kImage ? "[" + part.text + "]" : part.text;
  }
  return out;
}

TEST(VlmClassifier, ShotsStandBeforeTheQuestionWithTheirAnswers) {
  const auto model = std::make_shared<RecordingModel>();
  const auto classifier = make_vlm_classifier(
      model, task(), {{sample("a", 10), ClassId{0}}, {sample("b", 20), ClassId{1}}});
  const std::vector<PreparedSample> samples = {sample("x", 30)};
  classifier->classify(samples, Pass{});
  ASSERT_EQ(model->asked.size(), 1u);
  EXPECT_EQ(all_text(model->asked[0].prompt),
            "Here are examples with their answers.\n\n[example 1 image]\nAnswer: 0\n\n"
            "[example 2 image]\nAnswer: 1\n\nNow the one that is asked about.\n\n"
            "[image]Which?\n0. round\n1. flat");
  EXPECT_EQ(model->levels[0], (std::vector<int>{10, 20, 30}));
  // In another order the numbers of the examples change with those of the classes.
  classifier->classify(samples, Pass{Pass::Kind::kOrder, 1});
  EXPECT_NE(all_text(model->asked[0].prompt).find("[example 1 image]\nAnswer: 1"),
            std::string::npos);
  // A blank picture takes the place of the sample's, not of the examples'.
  classifier->classify(samples, Pass{Pass::Kind::kBlank, 0});
  EXPECT_EQ(model->levels[0], (std::vector<int>{10, 20, 128}));
}

TEST(VlmClassifier, AnOrientationTurnsThePictureOfTheSampleAlone) {
  const auto model = std::make_shared<RecordingModel>();
  PreparedSample x = sample("x", 30);
  x.views[0].image = {2, 1, 1, {30, 40}};
  const auto classifier = make_vlm_classifier(model, task(), {{sample("a", 10), ClassId{0}}});
  classifier->classify({&x, 1}, Pass{});
  const std::string asked = all_text(model->asked[0].prompt);
  EXPECT_EQ(model->levels[0], (std::vector<int>{10, 30}));
  classifier->classify({&x, 1}, Pass{Pass::Kind::kOrientation, 2});
  EXPECT_EQ(model->levels[0], (std::vector<int>{10, 40}));
  EXPECT_EQ(all_text(model->asked[0].prompt), asked);
  EXPECT_EQ((Pass{Pass::Kind::kOrientation, 2}.name()), "orientation_2");
}

TEST(VlmClassifier, WritesFreelyOrHeldToTheAnswers) {
  const auto model = std::make_shared<RecordingModel>();
  const auto classifier = make_vlm_classifier(model, task());
  const PreparedSample x = sample("x", 30);
  EXPECT_EQ(classifier->generate(x, {.max_tokens = 200}).value().text, "flat");
  EXPECT_EQ(all_text(model->written.prompt), "[image]Which?\n0. round\n1. flat");
  EXPECT_EQ(model->written.images.size(), 1u);
  EXPECT_EQ(model->written.max_tokens, 200);
  EXPECT_TRUE(model->written.answers.empty());
  ASSERT_TRUE(classifier->generate(x, {.constrained = true, .beams = 2}).ok());
  EXPECT_EQ(model->written.answers, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(model->written.beams, 2);
}

TEST(VlmClassifier, ASampleThatIsAShotIsRefused) {
  const auto model = std::make_shared<RecordingModel>();
  const auto classifier = make_vlm_classifier(model, task(), {{sample("a", 10), ClassId{0}}});
  const std::vector<PreparedSample> samples = {sample("x", 10), sample("y", 11)};
  const auto results = classifier->classify(samples, Pass{});
  ASSERT_FALSE(results[0].ok());
  EXPECT_NE(std::string(results[0].error().what()).find("example 'a'"), std::string::npos);
  EXPECT_TRUE(results[1].ok());
}

TEST(VlmClassifier, ShotsMustFit) {
  const auto model = std::make_shared<RecordingModel>();
  const std::vector<Shot> four(4, Shot{sample("a", 10), ClassId{0}});
  EXPECT_THROW(make_vlm_classifier(model, task(), four), Error) << "five pictures, four fit";
  const Task literal = parse_task(
      "name: t\nclasses: [{key: round}, {key: flat}]\nprompt: \"{classes}\"\n"
      "chat: \"USER: <image>{prompt} ASSISTANT:\"\n",
      "test");
  EXPECT_THROW(make_vlm_classifier(model, literal, {four[0]}), Error);
}

TEST(VlmClassifier, MapsShrinkByTheGreatestCharge) {
  const auto model = std::make_shared<RecordingModel>();
  model->side = 2;
  const Task maps = parse_task(
      "name: t\nclasses: [{key: round}, {key: flat}]\nprompt: \"{image}\\n{classes}\"\n"
      "views: [{name: image, invert: true, shrink: max}]\n",
      "test");
  // Dark on white: one dark pixel of sixteen stays dark.
  PreparedSample sparse;
  sparse.id = "a";
  Image map{4, 4, 3, std::vector<std::uint8_t>(48, 255)};
  for (int c = 0; c < 3; ++c) map.at(1, 1)[c] = 10;
  sparse.views.push_back({"image", map});
  make_vlm_classifier(model, maps)->classify({&sparse, 1}, Pass{});
  EXPECT_EQ(model->levels[0], std::vector<int>{10});
  EXPECT_EQ(model->widths[0], std::vector<int>{2});
  // A view that says nothing is the processor's affair, and so is a model of many sides.
  make_vlm_classifier(model, task())->classify({&sparse, 1}, Pass{});
  EXPECT_EQ(model->widths[0], std::vector<int>{4});
  model->side = 0;
  make_vlm_classifier(model, maps)->classify({&sparse, 1}, Pass{});
  EXPECT_EQ(model->widths[0], std::vector<int>{4});
}

TEST(VlmClassifier, AReasonFollowsTheLabel) {
  const auto model = std::make_shared<RecordingModel>();
  const auto classifier = make_vlm_classifier(model, task());
  ASSERT_TRUE(classifier->generate(sample("x", 30), {.max_tokens = 9, .label = ClassId{1}}));
  EXPECT_EQ(model->written.start, "1\n");
  EXPECT_EQ(model->written.max_tokens, 9);
  EXPECT_NE(all_text(model->written.prompt).find("Write the reason"), std::string::npos);
  ASSERT_TRUE(classifier->generate(sample("x", 30), {}));
  EXPECT_TRUE(model->written.start.empty());
  EXPECT_EQ(all_text(model->written.prompt).find("Write the reason"), std::string::npos);
}

TEST(VlmClassifier, ReasonsAreScoredBehindTheLabel) {
  const auto model = std::make_shared<RecordingModel>();
  const auto classifier = make_vlm_classifier(model, task());
  const std::vector<std::string> texts = {"It is flat.", "It is thin."};
  ASSERT_TRUE(classifier->score_reasons(sample("x", 30), ClassId{1}, texts));
  ASSERT_EQ(model->asked.size(), 1u);
  EXPECT_EQ(model->asked[0].answers,
            (std::vector<std::string>{"1\nIt is flat.", "1\nIt is thin."}));
  EXPECT_NE(all_text(model->asked[0].prompt).find("Write the reason"), std::string::npos);
}

}  // namespace
}  // namespace firstlight
