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

/// Scores prompts one after the other and twice, with a text written in between, and compares them
/// with those of models that saw nothing before: what a model keeps changes no bit.
inline void expect_same_bits_after_others(const std::string& folder, const VlmOptions& options,
                                          std::span<const ScoreRequest> requests) {
  const auto used = load_vlm(folder, options);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto fresh = load_vlm(folder, options);
      const auto expected = fresh->score({&requests[i], 1});
      const auto scores = used->score({&requests[i], 1});
      ASSERT_TRUE(scores[0].ok()) << scores[0].error().what();
      for (std::size_t a = 0; a < requests[i].answers.size(); ++a) {
        EXPECT_EQ(scores[0].value().answers[a].logprobs, expected[0].value().answers[a].logprobs)
            << "prompt " << i << ", round " << round;
      }
      const GenerateRequest generate{requests[i].prompt, requests[i].images, 5};
      const auto written = used->generate(generate);
      ASSERT_TRUE(written.ok()) << written.error().what();
      EXPECT_EQ(written.value().logprobs, fresh->generate(generate).value().logprobs);
      EXPECT_EQ(written.value().logprobs,
                load_vlm(folder, options)->generate(generate).value().logprobs);
    }
  }
}

/// Prompts about two pictures that begin alike in one way or another.
inline std::vector<ScoreRequest> related_prompts(const Image& first, const Image& second) {
  const auto text = [](const std::string& s) { return PromptPart{PromptPart::Kind::kText, s}; };
  const PromptPart image{PromptPart::Kind::kImage, "image"};
  const std::vector<std::string> answers = {"spiral galaxy", "smooth", "spiral disk"};
  std::vector<ScoreRequest> requests;
  const auto add = [&](std::vector<PromptPart> parts, std::vector<const Image*> images) {
    ScoreRequest request;
    request.prompt.user = std::move(parts);
    request.images = std::move(images);
    request.answers = answers;
    requests.push_back(std::move(request));
  };
  add({image, text("Is it a: arms, b: none?")}, {&first});
  add({image, text("Is it b: none, a: arms?")}, {&first});  // another order of the classes
  add({image, text("Is it b: none, a: arms?" + std::string(150, 'x'))}, {&first});  // far longer
  add({image, text("Is it b: none, a: arms?")}, {&second});
  add({text("Is it a: arms, b: none?"), image}, {&second});
  add({text("Is it b: none, a: arms?"), image}, {&second});
  add({image, image, text("Are they alike?")}, {&second, &first});
  add({image, image, text("Are they equal?")}, {&second, &second});
  add({image, text("Is it a: arms, b: none?")}, {&first});
  requests.back().answers = {"smooth", "ring", "artifact"};
  return requests;
}

}  // namespace firstlight::nn
