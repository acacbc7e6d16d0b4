// Against transformers 5.23 on the checkpoints that make_checkpoints.py wrote.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/nn/verify.h"
#include "parity/cases.h"
#include "parity/stages.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

class Parity : public testing::TestWithParam<Case> {};

TEST_P(Parity, EveryStageEqualsTransformers) {
  const std::string folder = fixture_dir() + "/" + GetParam().model;
  expect_equal_everywhere(folder, folder + "/" + GetParam().fixture);
}

INSTANTIATE_TEST_SUITE_P(Llava, Parity,
                         testing::Values(Case{"llama", "wide"}, Case{"llama", "pair"},
                                         Case{"llama", "chat"}, Case{"mistral", "tall"},
                                         Case{"mistral", "two"}, Case{"mistral", "ids"}),
                         testing::PrintToStringParamName());

TEST(Layouts, PublishedFolders) {
  const TemporaryFolder temporary;
  for (const auto& [model, fixture] : {Case{"llama", "wide"}, Case{"mistral", "tall"}}) {
    Checkpoint checkpoint(model);
    checkpoint.rename(in_vision_model);
    const std::string folder = temporary.path(model);
    write_published(checkpoint, folder);
    expect_equal(folder, fixture_dir() + "/" + model + "/" + fixture);
  }
}

TEST(Layouts, EverythingUnderModelAndInShards) {
  const TemporaryFolder temporary;
  for (const auto& [model, fixture] : {Case{"llama", "pair"}, Case{"mistral", "two"}}) {
    Checkpoint checkpoint(model);
    checkpoint.rename(under_model);
    const std::string folder = temporary.path(model);
    checkpoint.write(folder);
    expect_equal(folder, fixture_dir() + "/" + model + "/" + fixture);

    const auto vision = [](const std::string& name) { return name.find("vision") != name.npos; };
    json map;
    for (const auto& [name, tensor] : checkpoint.tensors) {
      map[name] =
          vision(name) ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    }
    std::filesystem::remove(folder + "/model.safetensors");
    checkpoint.write_weights(folder + "/model-00001-of-00002.safetensors", vision);
    checkpoint.write_weights(folder + "/model-00002-of-00002.safetensors",
                             [&](const std::string& name) { return !vision(name); });
    text::write_file_atomically(folder + "/model.safetensors.index.json",
                                json{{"weight_map", map}}.dump());
    expect_equal(folder, fixture_dir() + "/" + model + "/" + fixture);
  }
}

TEST(Layouts, WeightsDecideWhetherTheOutputLayerIsTied) {
  const TemporaryFolder temporary;
  // The configuration ties what the file holds twice, with different numbers.
  Checkpoint apart("llama");
  apart.config["tie_word_embeddings"] = true;
  apart.write(temporary.path("apart"));
  expect_equal(temporary.path("apart"), fixture_dir() + "/llama/wide");
  // Twice the same numbers are tied numbers.
  Checkpoint twice("mistral");
  twice.tensors["lm_head.weight"] = twice.tensors.at("language_model.model.embed_tokens.weight");
  twice.write(temporary.path("twice"));
  expect_equal(temporary.path("twice"), fixture_dir() + "/mistral/tall");
}

TEST(Stages, EachOneShowsInTheResult) {
  const std::string tower = "vision_tower.";
  const std::string layer = tower + "encoder.layers.1.";
  const std::string text = "language_model.model.";
  expect_parts_show("llava", "llama", fixture_dir() + "/llama/wide",
                    {
                        {{tower + "embeddings.class_embedding"}, 0},
                        {{tower + "embeddings.patch_embedding.weight"}, 0},
                        {{tower + "embeddings.position_embedding.weight"}, 0},
                        {{tower + "pre_layrnorm.weight"}, 1},
                        {{tower + "pre_layrnorm.bias"}, 0},
                        {{layer + "layer_norm1.weight"}, 1},
                        {{layer + "layer_norm1.bias"}, 0},
                        {{layer + "layer_norm2.weight"}, 1},
                        {{layer + "layer_norm2.bias"}, 0},
                        {{layer + "self_attn.q_proj.bias"}, 0},
                        {{layer + "self_attn.v_proj.bias"}, 0},
                        {{layer + "self_attn.out_proj.bias"}, 0},
                        {{layer + "mlp.fc1.bias"}, 0},
                        {{layer + "mlp.fc2.bias"}, 0},
                        {{"multi_modal_projector.linear_1.bias"}, 0},
                        {{"multi_modal_projector.linear_2.bias"}, 0},
                        {{text + "layers.1.input_layernorm.weight"}, 1},
                        {{text + "layers.1.post_attention_layernorm.weight"}, 1},
                        {{text + "layers.1.self_attn.q_proj.bias"}, 0},
                        {{text + "layers.1.self_attn.v_proj.bias"}, 0},
                        {{text + "layers.1.self_attn.o_proj.bias"}, 0},
                        {{text + "layers.1.mlp.gate_proj.bias"}, 0},
                        {{text + "layers.1.mlp.up_proj.bias"}, 0},
                        {{text + "layers.1.mlp.down_proj.bias"}, 0},
                        {{text + "norm.weight"}, 1},
                    });
}

TEST(Stages, EachSettingShowsInTheResult) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path("changed");
  struct Change {
    Case fixture;
    json patch;
  };
  const std::vector<Change> changes = {
      {{"llama", "wide"}, {{"vision_feature_layer", -1}}},
      {{"llama", "wide"}, {{"projector_hidden_act", "relu"}}},
      {{"llama", "wide"}, {{"vision_config", {{"hidden_act", "gelu"}}}}},
      {{"llama", "wide"}, {{"vision_config", {{"layer_norm_eps", 0.1}}}}},
      {{"llama", "wide"}, {{"text_config", {{"rms_norm_eps", 0.1}}}}},
      {{"llama", "wide"}, {{"text_config", {{"hidden_act", "gelu"}}}}},
      {{"llama", "wide"}, {{"text_config", {{"rope_parameters", {{"rope_theta", 900.0}}}}}}},
      {{"llama", "wide"}, {{"text_config", {{"rope_parameters", {{"factor", 2.0}}}}}}},
      {{"llama", "wide"}, {{"text_config", {{"rope_parameters", {{"rope_type", "linear"}}}}}}},
      {{"mistral", "tall"}, {{"text_config", {{"sliding_window", 12}}}}},
      {{"mistral", "tall"}, {{"vision_feature_layer", {-2, 3}}}},
      {{"mistral", "tall"}, {{"vision_feature_layer", {3, -3}}}},
  };
  for (const Change& change : changes) {
    Checkpoint checkpoint(change.fixture.model);
    checkpoint.config.merge_patch(change.patch);
    checkpoint.write(folder);
    const std::string fixture =
        fixture_dir() + "/" + change.fixture.model + "/" + change.fixture.fixture;
    EXPECT_GT(logits_difference(folder, fixture), 20 * 1e-3) << change.patch;
  }
}

TEST(Verify, NamesTheFirstStageThatDiffers) {
  const TemporaryFolder temporary;
  Checkpoint checkpoint("llama");
  checkpoint.fill("multi_modal_projector.linear_2.bias", 0);
  checkpoint.write(temporary.path("changed"));
  const VerifyReport report =
      verify_model(temporary.path("changed"), fixture_dir() + "/llama/wide");
  ASSERT_NE(report.first_different(), nullptr);
  EXPECT_EQ(report.first_different()->name, "projected");
}

TEST(Verify, ADumpIsAFixture) {
  const TemporaryFolder temporary;
  const std::string folder = fixture_dir() + "/mistral";
  std::filesystem::create_directories(temporary.path("fixture"));
  dump_model(folder, folder + "/ids/inputs.json", temporary.path("fixture/expected.safetensors"));
  std::filesystem::copy(folder + "/ids/inputs.json", temporary.path("fixture"));
  const VerifyReport report = verify_model(folder, temporary.path("fixture"));
  for (const StageDifference& stage : report.stages) EXPECT_EQ(stage.difference, 0.0);
  EXPECT_EQ(report.stages.size(), 5u);  // input_ids, three hidden states, logits
}

TEST(BadFolders, OneErrorThatNamesFileAndTensor) {
  const auto message = [](const std::function<void(Checkpoint&)>& spoil) {
    return error_of(Checkpoint("llama"), spoil);
  };
  EXPECT_NE(message([](Checkpoint& c) {
              c.tensors.erase("vision_tower.pre_layrnorm.bias");
            }).find("vision_tower.pre_layrnorm.bias"),
            std::string::npos);
  EXPECT_NE(message([](Checkpoint& c) {
              c.config["text_config"]["hidden_size"] = 44;
            }).find("config.json asks for [44"),
            std::string::npos);
  EXPECT_NE(message([](Checkpoint& c) { c.config["model_type"] = "qwen"; }).find("model_type"),
            std::string::npos);
  EXPECT_NE(message([](Checkpoint& c) {
              c.config["text_config"]["model_type"] = "gpt2";
            }).find("text_config.model_type"),
            std::string::npos);
  EXPECT_NE(message([](Checkpoint& c) { c.config["image_token_index"] = 5; }).find("<image>"),
            std::string::npos);
  EXPECT_NE(message([](Checkpoint& c) {
              c.config["vision_feature_layer"] = 9;
            }).find("vision_feature_layer"),
            std::string::npos);
}

}  // namespace
}  // namespace firstlight::nn
