#include "firstlight/check/reading_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "firstlight/base/error.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

constexpr const char* kTask =
    "name: shades\n"
    "classes:\n"
    "  - {key: dark, name: one, description: black}\n"
    "  - {key: grey, name: two, description: grey}\n"
    "  - {key: light, name: three, description: white}\n"
    "prompt: \"{image} Which?\\n{classes}\"\n"
    "class_line: 'Category {index}: {description}'\n"
    "answer: Category {index}\n";

/// 30 pictures of three shades, called by their classes.
class Shades final : public SampleSource {
 public:
  std::size_t size() const override { return 30; }
  std::string id(std::size_t i) const override { return "p" + std::to_string(i); }
  std::optional<std::string> truth(std::size_t i) const override {
    return std::string(std::array{"dark", "grey", "light"}[i % 3]);
  }
  std::vector<ColumnInfo> columns() const override { return {}; }
  Result<Sample> load(std::size_t i) const override {
    Sample sample;
    sample.id = id(i);
    const auto level = static_cast<std::uint8_t>(127 * (i % 3));
    sample.views.push_back({"image", Image{1, 1, 3, {level, level, level}}});
    return sample;
  }
};

/// Knows words for shades. `reads`: it answers by the description that fits; else by the number
/// that the shade had in the task as it learnt it.
class Model final : public Classifier {
 public:
  Model(Task task, bool reads) : task_(std::move(task)), reads_(reads) {}
  Capabilities capabilities() const override { return {}; }
  std::string content_hash() const override { return ""; }
  Result<PromptDescription> describe(const PreparedSample&, const Pass&) const override {
    return Error::usage("model", "is not asked");
  }
  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    static const std::vector<std::vector<std::string>> words = {
        {"black", "like coal"}, {"grey", "like ash"}, {"white", "like snow"}};
    std::vector<Result<LabelScores>> results;
    for (const PreparedSample& sample : samples) {
      const std::size_t shade = sample.views[0].image.pixels[0] / 127u;
      LabelScores scores;
      for (std::size_t c = 0; c < task_.size(); ++c) {
        const std::string& text = task_.classes[c].description;
        const bool fits =
            std::find(words[shade].begin(), words[shade].end(), text) != words[shade].end();
        const bool told = pass.kind == Pass::Kind::kNoDescriptions ? c == 0
                          : reads_                                 ? fits
                                                                   : c == shade;
        scores.answers.push_back({{}, {told ? -0.1 : -3.0}});
      }
      results.emplace_back(std::move(scores));
    }
    return results;
  }

 private:
  Task task_;
  bool reads_;
};

ReadingCheck run(bool reads, const std::string& yaml = kTask, bool paraphrased = true) {
  const Task task = parse_task(yaml, "test");
  ReadingSettings settings;
  if (paraphrased) {
    Task other = task;
    other.classes[0].description = "like coal";
    other.classes[1].description = "like ash";
    other.classes[2].description = "like snow";
    settings.paraphrased = {other};
  }
  CheckOptions options;
  options.evaluation.resamples = 50;
  return check_reading(
      Shades(), task, [&](const Task& variant) { return std::make_unique<Model>(variant, reads); },
      settings, options);
}

const ReadingOutcome& find(const ReadingCheck& check, const std::string& kind,
                           const std::string& name) {
  for (const ReadingOutcome& outcome : check.outcomes) {
    if (outcome.kind == kind && outcome.name == name) return outcome;
  }
  throw std::runtime_error("no outcome " + kind + " " + name);
}

TEST(ReadingCheck, AModelThatReads) {
  const ReadingCheck check = run(true);
  EXPECT_EQ(check.n, 30u);
  EXPECT_EQ(find(check, "plain", "").accuracy.value, 1);
  EXPECT_EQ(find(check, "paraphrase", "1").accuracy.value, 1);
  EXPECT_EQ(find(check, "swap", "all").ratio.value, 1);
  const ReadingOutcome& none = find(check, "no_descriptions", "");
  EXPECT_NEAR(none.accuracy.value, 1.0 / 3, 1e-12);
  EXPECT_NEAR(none.difference.value, -2.0 / 3, 1e-12);
  EXPECT_LT(none.difference.high, 0);
  const ReadingOutcome& pair = find(check, "subset", "dark light");
  EXPECT_EQ(pair.n, 20u);
  EXPECT_EQ(pair.chance, 0.5);
  EXPECT_EQ(pair.accuracy.value, 1);
  // Three choices of two, and no subset of three, which is the whole.
  EXPECT_EQ(find(check, "subset", "all of 2").n, 30u);
  EXPECT_EQ(std::count_if(check.outcomes.begin(), check.outcomes.end(),
                          [](const auto& outcome) { return outcome.kind == "subset"; }),
            4);
}

TEST(ReadingCheck, AModelThatKnowsTheNumbersByHeart) {
  const ReadingCheck check = run(false);
  EXPECT_EQ(find(check, "plain", "").accuracy.value, 1);
  EXPECT_EQ(find(check, "paraphrase", "1").accuracy.value, 1);
  // Exchanging dark and grey leaves only the light ones right.
  EXPECT_NEAR(find(check, "swap", "dark grey").accuracy.value, 1.0 / 3, 1e-12);
  EXPECT_NEAR(find(check, "swap", "all").ratio.value, 1.0 / 3, 1e-12);
  EXPECT_LT(find(check, "subset", "all of 2").accuracy.value, 1);
}

TEST(ReadingCheck, NamesStayWhereTheyAreShown) {
  std::string yaml = kTask;
  yaml.replace(yaml.find("answer: Category {index}"), 24, "answer: '{name}'");
  // With names the descriptions move alone: who goes by the place is wrong, who reads is right.
  EXPECT_EQ(find(run(true, yaml), "swap", "all").accuracy.value, 1);
  EXPECT_NEAR(find(run(false, yaml), "swap", "all").accuracy.value, 1.0 / 3, 1e-12);
}

TEST(ReadingCheck, LinesAloneWhereTheyAreAllThatIsLeft) {
  std::string yaml = kTask;
  yaml.replace(yaml.find("{classes}"), 9, "{classes} Not {index:dark}.");
  EXPECT_FALSE(find(run(true, yaml), "lines_alone", "").skipped.empty());
  yaml +=
      "prompt_without_descriptions: \"{image} Which?\\n{classes}\"\n"
      "class_line_without_descriptions: 'Category {index}: {name}'\n";
  EXPECT_EQ(find(run(true, yaml), "lines_alone", "").accuracy.value, 1);
  EXPECT_FALSE(find(run(true), "lines_alone", "").skipped.empty());
}

TEST(ReadingCheck, NumbersAloneTellNothing) {
  EXPECT_NEAR(find(run(true), "numbers_alone", "").accuracy.value, 1.0 / 3, 1e-12);
  EXPECT_EQ(find(run(false), "numbers_alone", "").accuracy.value, 1);  // known by heart
  std::string yaml = kTask;
  yaml.replace(yaml.find("answer: Category {index}"), 24, "answer: '{name}'");
  EXPECT_FALSE(find(run(true, yaml), "numbers_alone", "").skipped.empty());
}

TEST(ReadingCheck, SaysWhatCannotBeAsked) {
  std::string yaml = kTask;
  yaml.replace(yaml.find("{classes}"), 9, "{index:dark} {index:grey} {index:light}");
  const ReadingCheck check = run(true, yaml, false);
  EXPECT_FALSE(find(check, "subset", "dark grey").skipped.empty());
  EXPECT_EQ(find(check, "swap", "dark grey").accuracy.value, 1);
}

TEST(ReadingCheck, TextAndJson) {
  const ReadingCheck check = run(true);
  EXPECT_NE(to_text(check).find("swap dark grey"), std::string::npos);
  const auto json = nlohmann::json::parse(to_json(check));
  EXPECT_EQ(json["n"], 30);
  EXPECT_EQ(json["outcomes"][0]["kind"], "plain");
  EXPECT_EQ(json["outcomes"][0]["accuracy"]["value"], 1.0);
}

}  // namespace
}  // namespace firstlight
