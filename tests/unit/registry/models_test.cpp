// Opening models, and task and model joined, on the small random checkpoints of tests/parity.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/registry/registry.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

std::string model(const std::string& name) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/parity/llava/" + name;
}

Task task(const std::string& prompt, const std::string& more = "") {
  return parse_task("name: t\nprompt: '" + prompt + "'\nanswer: 'Category {index}'\n" + more +
                        "classes: [{key: a, name: spiral, description: with arms}, {key: b, name: "
                        "round}, {key: c, name: edge-on}]\n",
                    "t.yaml");
}

PreparedSample sample(std::uint8_t shade) {
  Image image{40, 30, 3, {}};
  for (int i = 0; i < 40 * 30 * 3; ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(shade + i * shade % 97));
  }
  PreparedSample s;
  s.id = "s" + std::to_string(shade);
  s.views.push_back({"image", std::move(image)});
  s.metadata = {{"z", 0.5, Provenance::kMeasured},
                {"type", std::string("spiral"), Provenance::kTruth}};
  return s;
}

double first_logprob(const Result<LabelScores>& r, std::size_t answer = 0) {
  EXPECT_TRUE(r.ok()) << (r.ok() ? "" : r.error().what());
  double sum = 0.0;
  if (r.ok()) {
    for (const double p : r.value().answers[answer].logprobs) sum += p;
  }
  return sum;
}

TEST(OpenVlm, FoldersSpecsAndNumberTypes) {
  EXPECT_EQ(open_vlm(model("llama"))->capabilities().name, "llama");
  EXPECT_EQ(open_vlm(model("llama") + "/")->capabilities().name, "llama");
  EXPECT_EQ(open_vlm("hf:" + model("llama") + "?dtype=f32")->capabilities().dtype, "f32");
  EXPECT_EQ(open_vlm("hf:" + model("llama") + "?dtype=bf16")->capabilities().dtype, "bf16");
  EXPECT_NE(open_vlm("hf:" + model("llama") + "?dtype=f32")->content_hash(),
            open_vlm("hf:" + model("mistral") + "?dtype=f32")->content_hash());
  for (const std::string& spec :
       {std::string("hf:/no/such/folder"), std::string("/no/such/folder"),
        "hf:" + model("llama") + "?dtype=f64", "hf:" + model("llama") + "?dtyp=f32",
        std::string(FIRSTLIGHT_TEST_DIR)}) {
    EXPECT_THROW(open_vlm(spec), Error) << spec;
  }
}

TEST(OpenVlm, TheDeviceIsTheCpu) {
  const std::string folder = "hf:" + model("llama");
  EXPECT_EQ(open_vlm(folder + "?device=cpu")->capabilities().device, "cpu");
  for (const char* device : {"cuda", "tpu"}) {
    try {
      open_vlm(folder + "?device=" + device);
      FAIL() << device;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    }
  }
}

TEST(VlmClassifier, PassesChangeWhatTheModelSees) {
  const auto classifier =
      open_classifier("hf:" + model("llama") + "?dtype=f32", task("{image} {classes} which?"));
  const std::vector<PreparedSample> samples = {sample(10), sample(20)};
  const auto main = classifier->classify(samples, {Pass::Kind::kMain, 0});
  const auto blank = classifier->classify(samples, {Pass::Kind::kBlank, 0});
  const auto bare = classifier->classify(samples, {Pass::Kind::kNoDescriptions, 0});
  const auto turned = classifier->classify(samples, {Pass::Kind::kOrder, 1});
  EXPECT_NE(first_logprob(main[0]), first_logprob(main[1]));
  EXPECT_EQ(first_logprob(blank[0]), first_logprob(blank[1]));
  EXPECT_NE(first_logprob(main[0]), first_logprob(bare[0]));
  EXPECT_NE(first_logprob(main[0]), first_logprob(turned[0]));
  // In order_1 class a is the last of three: its answer is Category 2.
  const auto prompt = classifier->describe(samples[0], {Pass::Kind::kOrder, 1});
  EXPECT_EQ(prompt.value().answers[0].text, " Category 2");
  EXPECT_EQ(prompt.value().answers[1].text, " Category 0");
  EXPECT_EQ((Pass{Pass::Kind::kOrder, 2}.name()), "order_2");
}

TEST(VlmClassifier, FieldsAreMeasuredOnesOnly) {
  const auto with_field = [&](const std::string& field) {
    const auto classifier =
        open_classifier(model("llama"), task("{image} at {field:" + field + "}"));
    const std::vector<PreparedSample> samples = {sample(10)};
    const auto result = classifier->classify(samples, Pass{});
    return result[0].ok() ? std::string("no error") : std::string(result[0].error().what());
  };
  EXPECT_EQ(with_field("z"), "no error");
  EXPECT_NE(with_field("type").find("truth"), std::string::npos);
  EXPECT_NE(with_field("y").find("'y'"), std::string::npos);
}

TEST(VlmClassifier, OneBadSampleFailsAlone) {
  const auto classifier = open_classifier(model("llama"), task("{image} which?"));
  std::vector<PreparedSample> samples = {sample(10), sample(20), sample(10)};
  samples[1].views[0].name = "other";
  const auto results = classifier->classify(samples, Pass{});
  EXPECT_TRUE(results[0].ok());
  EXPECT_FALSE(results[1].ok());
  EXPECT_EQ(first_logprob(results[0]), first_logprob(results[2]));
}

TEST(VlmClassifier, MisfitsAreFoundBeforeTheFirstSample) {
  const auto refused = [&](const Task& t) {
    try {
      open_classifier(model("llama"), t);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refused(task("{image} which?")), "no error");
  std::string long_prompt = "{image}";
  for (int i = 0; i < 400; ++i) long_prompt += " galaxy";
  EXPECT_NE(refused(task(long_prompt)).find("positions"), std::string::npos);
  std::string many;
  for (int i = 0; i < 20; ++i) many += "{image}";
  EXPECT_NE(refused(task(many)).find("20 pictures"), std::string::npos);
}

}  // namespace
}  // namespace firstlight
