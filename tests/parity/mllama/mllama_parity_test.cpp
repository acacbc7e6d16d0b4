// Against transformers 5.23 on the checkpoints that make_checkpoints.py wrote.
#include <gtest/gtest.h>

#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/nn/vlm.h"
#include "parity/cases.h"
#include "parity/scores.h"
#include "parity/stages.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

std::string folder_of(const std::string& model) { return fixture_dir("mllama") + "/" + model; }
std::string fixture_of(const Case& c) { return folder_of(c.model) + "/" + c.fixture; }

Image picture(const std::string& name) { return read_picture("mllama", name); }

class Parity : public testing::TestWithParam<Case> {};

TEST_P(Parity, EveryStageEqualsTransformers) {
  expect_equal_everywhere(folder_of(GetParam().model), fixture_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Mllama, Parity,
                         testing::Values(Case{"grouped", "tiny"}, Case{"grouped", "pair"},
                                         Case{"grouped", "apart"}, Case{"three-tiles", "wide"},
                                         Case{"three-tiles", "two"}, Case{"three-tiles", "ids"}),
                         testing::PrintToStringParamName());

TEST(Layouts, PublishedFolders) {
  const TemporaryFolder temporary;
  for (const Case& c : {Case{"grouped", "pair"}, Case{"three-tiles", "two"}}) {
    Checkpoint checkpoint(c.model, "mllama");
    const std::string folder = temporary.path(c.model);
    write_published(checkpoint, folder);
    const std::string chat = text::read_file(folder + "/chat_template.jinja");
    text::write_file_atomically(folder + "/chat_template.json",
                                json{{"chat_template", chat}}.dump());
    std::filesystem::remove(folder + "/chat_template.jinja");
    expect_equal(folder, fixture_of(c));
  }
}

TEST(Layouts, EverythingUnderModel) {
  const TemporaryFolder temporary;
  for (const Case& c : {Case{"grouped", "apart"}, Case{"three-tiles", "wide"}}) {
    Checkpoint checkpoint(c.model, "mllama");
    checkpoint.rename(under_model);
    checkpoint.write(temporary.path(c.model));
    expect_equal(temporary.path(c.model), fixture_of(c));
  }
}

TEST(Stages, EachOneShowsInTheResult) {
  const std::string vision = "vision_model.";
  const std::string layer = vision + "transformer.layers.1.";
  const std::string global = vision + "global_transformer.layers.";
  const std::string text = "language_model.model.layers.";
  const std::vector<Removal> removals = {
      {{vision + "class_embedding"}, 0},
      {{vision + "pre_tile_positional_embedding.gate"}, 0},
      {{vision + "post_tile_positional_embedding.gate"}, 0},
      {{vision + "gated_positional_embedding.gate"}, 0},
      {{vision + "gated_positional_embedding.embedding"}, 0},
      {{vision + "gated_positional_embedding.tile_embedding.weight"}, 0},
      {{vision + "layernorm_pre.weight"}, 1},
      {{vision + "layernorm_pre.bias"}, 0},
      {{vision + "layernorm_post.weight"}, 1},
      {{vision + "layernorm_post.bias"}, 0},
      {{layer + "input_layernorm.bias"}, 0},
      {{layer + "post_attention_layernorm.weight"}, 1},
      {{layer + "mlp.fc1.bias"}, 0},
      {{layer + "mlp.fc2.bias"}, 0},
      {{global + "0.gate_attn"}, 0},
      {{global + "0.gate_ffn"}, 0},
      {{global + "1.gate_attn"}, 0},
      {{global + "1.gate_ffn"}, 0},
      {{global + "0.gate_attn", global + "0.gate_ffn", global + "1.gate_attn",
        global + "1.gate_ffn"},
       0},
      {{"multi_modal_projector.bias"}, 0},
      {{text + "1.cross_attn_attn_gate"}, 0},
      {{text + "1.cross_attn_mlp_gate"}, 0},
      {{text + "3.cross_attn_attn_gate"}, 0},
      {{text + "3.cross_attn_mlp_gate"}, 0},
      {{text + "1.cross_attn_attn_gate", text + "1.cross_attn_mlp_gate"}, 0},
      {{text + "3.cross_attn_attn_gate", text + "3.cross_attn_mlp_gate"}, 0},
      {{text + "1.cross_attn.q_norm.weight"}, 1},
      {{text + "1.cross_attn.k_norm.weight"}, 1},
      {{text + "3.input_layernorm.weight"}, 1},
      {{text + "3.post_attention_layernorm.weight"}, 1},
  };
  expect_parts_show("mllama", "grouped", fixture_of({"grouped", "pair"}), removals);
}

TEST(Stages, EachSettingShowsInTheResult) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path("changed");
  const std::vector<std::pair<Case, json>> changes = {
      {{"grouped", "pair"}, {{"vision_config", {{"num_global_layers", 1}}}}},
      {{"grouped", "pair"}, {{"vision_config", {{"num_global_layers", 0}}}}},
      {{"grouped", "pair"}, {{"vision_config", {{"intermediate_layers_indices", {0, 3}}}}}},
      {{"grouped", "pair"}, {{"vision_config", {{"norm_eps", 0.1}}}}},
      {{"grouped", "pair"}, {{"vision_config", {{"hidden_act", "quick_gelu"}}}}},
      {{"grouped", "pair"}, {{"text_config", {{"rope_parameters", {{"factor", 2.0}}}}}}},
      {{"three-tiles", "two"}, {{"vision_config", {{"intermediate_layers_indices", {0, 1, 2}}}}}},
  };
  for (const auto& [c, patch] : changes) {
    Checkpoint checkpoint(c.model, "mllama");
    checkpoint.config.merge_patch(patch);
    checkpoint.write(folder);
    EXPECT_GT(logits_difference(folder, fixture_of(c)), 20 * 1e-3) << patch;
  }
}

TEST(Verify, NamesTheFirstStageThatDiffers) {
  const TemporaryFolder temporary;
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"vision_model.post_tile_positional_embedding.gate", "vision_features"},
      {"multi_modal_projector.bias", "projected"},
      {"language_model.model.layers.1.cross_attn_attn_gate", "hidden.2"}};
  for (const auto& [tensor, stage] : expected) {
    Checkpoint checkpoint("grouped", "mllama");
    checkpoint.fill(tensor, 0);
    checkpoint.write(temporary.path("changed"));
    const VerifyReport report =
        verify_model(temporary.path("changed"), fixture_of({"grouped", "tiny"}));
    ASSERT_NE(report.first_different(), nullptr) << tensor;
    EXPECT_EQ(report.first_different()->name, stage);
  }
}

ScoreRequest request_for(const std::vector<const Image*>& images) {
  ScoreRequest request;
  for (std::size_t i = 0; i < images.size(); ++i) {
    request.prompt.user.push_back({PromptPart::Kind::kImage, "view" + std::to_string(i)});
  }
  request.prompt.user.push_back({PromptPart::Kind::kText, "shape?"});
  request.images = images;
  request.answers = {"spiral galaxy", "smooth", "spiral disk"};
  return request;
}

TEST(Scores, OfTheTreeEqualEachAnswerAlone) {
  const Image wide = picture("wide");
  const Image tall = picture("tall");
  for (const std::string name : {"grouped", "three-tiles"}) {
    const auto model = load_vlm(folder_of(name), {kernels::Precision::kF32, {}});
    expect_tree_equals_each_answer(*model, request_for({&wide, &tall}));
  }
}

TEST(Scores, EqualTransformersForEveryAnswer) {
  for (const std::string name : {"grouped", "three-tiles"}) expect_scores_equal("mllama", name);
}

TEST(Scores, HaveTheSameBitsInAnyBatch) {
  std::vector<Image> images;
  for (const char* name : {"wide", "tall", "tiny", "large", "strip", "square"}) {
    images.push_back(picture(name));
  }
  std::vector<ScoreRequest> requests;
  for (const Image& image : images) requests.push_back(request_for({&image}));
  expect_same_bits_in_any_batch(folder_of("grouped"), requests);
}

TEST(Scores, HaveTheSameBitsAfterOtherPrompts) {
  const Image wide = picture("wide");
  const Image tall = picture("tall");
  for (const auto precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
    expect_same_bits_after_others(folder_of("grouped"), {precision}, related_prompts(wide, tall));
  }
}

TEST(Tiles, FewerAreAnotherResult) {
  const Image image = picture("large");
  std::vector<double> first;
  for (const auto tiles : {std::optional<int>(), std::optional(4), std::optional(1)}) {
    const auto model = load_vlm(folder_of("grouped"), {kernels::Precision::kF32, tiles});
    const ScoreRequest request = request_for({&image});
    first.push_back(model->score({&request, 1})[0].value().answers[0].logprobs[0]);
  }
  EXPECT_EQ(first[0], first[1]);
  EXPECT_NE(first[0], first[2]);
  EXPECT_THROW(load_vlm(folder_of("grouped"), {kernels::Precision::kF32, 0}), Error);
}

TEST(BadFolders, OneErrorThatNamesTheContradiction) {
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"vision_config", {{"vision_output_dim", 64}}}}, "vision_output_dim"},
      {{{"vision_config", {{"intermediate_layers_indices", {1, 9}}}}}, "intermediate_layers"},
      {{{"vision_config", {{"image_size", 30}}}}, "image processor"},
      {{{"vision_config", {{"supported_aspect_ratios", json::array({json::array({1, 1})})}}}},
       "supported_aspect_ratios"},
      {{{"text_config", {{"cross_attention_layers", json::array()}}}}, "cross_attention_layers"},
      {{{"text_config", {{"cross_attention_layers", {2}}}}}, "layers.1.self_attn"},
      {{{"image_token_index", 400}}, "image_token_index"},
      {{{"image_token_index", 5}}, "<|image|>"},
  };
  for (const auto& [patch, text] : cases) {
    const std::string message = error_of(Checkpoint("grouped", "mllama"),
                                         [&](Checkpoint& c) { c.config.merge_patch(patch); });
    EXPECT_NE(message.find(text), std::string::npos) << patch << ": " << message;
  }
}

}  // namespace
}  // namespace firstlight::nn
