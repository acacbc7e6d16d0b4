#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "firstlight/nn/vlm.h"
#include "parity/cases.h"

namespace firstlight::nn {

/// Compares scores.json of a checkpoint (tests/parity/llava/make_scores.py): prompt,
/// log-probability of every token of every answer, greedy and constrained decoding.
inline void expect_scores_equal(const std::string& type, const std::string& name) {
  const std::string folder = fixture_dir(type) + "/" + name;
  const auto model = load_vlm(folder, {kernels::Precision::kF32});
  for (const auto& c : nlohmann::json::parse(text::read_file(folder + "/scores.json"))) {
    std::vector<Image> images;
    for (const auto& image : c["images"]) {
      images.push_back(read_picture(type, image.get<std::string>()));
    }
    ScoreRequest request;
    for (const Image& image : images) {
      request.images.push_back(&image);
      request.prompt.user.push_back({PromptPart::Kind::kImage, "image"});
    }
    request.prompt.user.push_back({PromptPart::Kind::kText, c["user"].get<std::string>()});
    for (const auto& a : c["answers"]) request.answers.push_back(a["text"].get<std::string>());

    const PromptDescription description = model->describe(request);
    EXPECT_EQ(description.text, c["text"].get<std::string>());
    EXPECT_EQ(description.token_ids, c["token_ids"].get<std::vector<std::int32_t>>());
    EXPECT_EQ(description.images.size(), images.size());
    const auto scores = model->score({&request, 1});
    ASSERT_TRUE(scores[0].ok()) << scores[0].error().what();
    for (std::size_t a = 0; a < request.answers.size(); ++a) {
      const AnswerScore& ours = scores[0].value().answers[a];
      EXPECT_EQ(ours.token_ids, c["answers"][a]["token_ids"].get<std::vector<std::int32_t>>());
      EXPECT_EQ(ours.token_ids, description.answers[a].token_ids);
      for (std::size_t i = 0; i < ours.logprobs.size(); ++i) {
        EXPECT_NEAR(ours.logprobs[i], c["answers"][a]["logprobs"][i].get<double>(), 1e-4)
            << request.answers[a] << " token " << i;
      }
    }
    GenerateRequest generate{request.prompt, request.images, 12};
    const auto generated = model->generate(generate);
    ASSERT_TRUE(generated.ok()) << generated.error().what();
    EXPECT_EQ(generated.value().token_ids, c["generated"].get<std::vector<std::int32_t>>());
    if (!c.contains("constrained")) continue;
    generate.answers = request.answers;
    for (generate.beams = 1; generate.beams <= 3; ++generate.beams) {
      const auto written = model->generate(generate);
      ASSERT_TRUE(written.ok()) << written.error().what();
      EXPECT_EQ(written.value().token_ids,
                c["constrained"][generate.beams - 1].get<std::vector<std::int32_t>>())
          << generate.beams << " beams";
    }
  }
}

}  // namespace firstlight::nn
