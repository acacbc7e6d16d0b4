#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <ostream>
#include <span>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/vlm.h"
#include "parity/checkpoint.h"

/// What the parity tests of the model types share beside their checkpoints.
namespace firstlight::nn {

/// A fixture of a checkpoint.
struct Case {
  std::string model;
  std::string fixture;
};

/// The name of a test.
inline std::ostream& operator<<(std::ostream& out, const Case& c) {
  std::string name = c.model + "_" + c.fixture;
  std::replace(name.begin(), name.end(), '-', '_');
  return out << name;
}

inline Image read_picture(const std::string& type, const std::string& name) {
  return std::get<Image>(read_image(fixture_dir(type) + "/images/" + name + ".png").value());
}

/// The name of a tensor where everything is under `model.`.
inline std::string under_model(const std::string& name) {
  if (name == "language_model.lm_head.weight") return "lm_head.weight";
  const std::string text = "language_model.model.";
  if (name.starts_with(text)) return "model.language_model." + name.substr(text.size());
  return "model." + name;
}

/// The name of a tensor of a CLIP tower in published folders.
inline std::string in_vision_model(const std::string& name) {
  const std::string tower = "vision_tower.";
  return name.starts_with(tower) ? tower + "vision_model." + name.substr(tower.size()) : name;
}

/// Writes the checkpoint as published folders are: rope_theta and rope_scaling in config.json, and
/// the image processor in preprocessor_config.json.
inline void write_published(Checkpoint checkpoint, const std::string& folder) {
  using nlohmann::json;
  json& text = checkpoint.config["text_config"];
  const json rope = text["rope_parameters"];
  text.erase("rope_parameters");
  text["rope_theta"] = rope["rope_theta"];
  if (rope["rope_type"] != "default") {
    text["rope_scaling"] = rope;
    text["rope_scaling"].erase("rope_theta");
  }
  checkpoint.write(folder);
  const json processor = json::parse(text::read_file(folder + "/processor_config.json"));
  text::write_file_atomically(folder + "/preprocessor_config.json",
                              processor["image_processor"].dump());
  std::filesystem::remove(folder + "/processor_config.json");
}

/// The error of opening the checkpoint as a model, after `spoil`; "no error" where there is none.
inline std::string error_of(Checkpoint checkpoint, const std::function<void(Checkpoint&)>& spoil) {
  const TemporaryFolder temporary;
  spoil(checkpoint);
  checkpoint.write(temporary.path("bad"));
  try {
    load_vlm(temporary.path("bad"));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

/// The answers of a request scored together, over a tree, equal each of them alone.
inline void expect_tree_equals_each_answer(const VisionLanguageModel& model,
                                           const ScoreRequest& request) {
  const auto together = model.score({&request, 1});
  ASSERT_TRUE(together[0].ok()) << together[0].error().what();
  for (std::size_t a = 0; a < request.answers.size(); ++a) {
    ScoreRequest alone = request;
    alone.answers = {request.answers[a]};
    const auto one = model.score({&alone, 1});
    ASSERT_TRUE(one[0].ok()) << one[0].error().what();
    const AnswerScore& expected = one[0].value().answers[0];
    const AnswerScore& ours = together[0].value().answers[a];
    ASSERT_EQ(ours.token_ids, expected.token_ids);
    for (std::size_t i = 0; i < ours.logprobs.size(); ++i) {
      EXPECT_NEAR(ours.logprobs[i], expected.logprobs[i], 1e-4);
    }
  }
}

/// Requests scored together and alone give the same bits.
inline void expect_same_bits_in_any_batch(const std::string& folder,
                                          std::span<const ScoreRequest> requests) {
  const auto together = load_vlm(folder, {kernels::Precision::kF32})->score(requests);
  const auto model = load_vlm(folder, {kernels::Precision::kF32});
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto alone = model->score({&requests[i], 1});
    ASSERT_TRUE(alone[0].ok()) << alone[0].error().what();
    ASSERT_TRUE(together[i].ok()) << together[i].error().what();
    for (std::size_t a = 0; a < requests[i].answers.size(); ++a) {
      EXPECT_EQ(alone[0].value().answers[a].logprobs, together[i].value().answers[a].logprobs);
    }
  }
}

}  // namespace firstlight::nn
