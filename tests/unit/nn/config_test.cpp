#include "firstlight/nn/config.h"

#include <gtest/gtest.h>

#include <cmath>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

LlavaConfig parse(const std::string& json) { return parse_llava_config(json, "config.json"); }

std::string message(const std::string& json) {
  try {
    parse(json);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(LlavaConfig, AbsentKeysTakeTheDefaultsOfTheirType) {
  const LlavaConfig c = parse(R"({"model_type": "llava"})");
  EXPECT_EQ(c.vision.hidden_size, 1024);
  EXPECT_EQ(c.vision.image_size, 336);
  EXPECT_EQ(c.vision.patch_size, 14);
  EXPECT_EQ(c.text.type, "llama");
  EXPECT_EQ(c.text.intermediate_size, 11008);
  EXPECT_EQ(c.text.key_value_heads, 32);
  EXPECT_EQ(c.text.max_positions, 2048);
  EXPECT_EQ(c.image_token, 32000);
  EXPECT_EQ(c.feature_layers, std::vector<std::int64_t>{-2});
  EXPECT_TRUE(c.drop_class_token);
  EXPECT_TRUE(c.projector_bias);
  EXPECT_FALSE(c.tie_word_embeddings);
  EXPECT_EQ(c.image_tokens(), 576);

  // A vision_config that is there takes the class's defaults, not those of LLaVA's own tower.
  const LlavaConfig d = parse(
      R"({"model_type": "llava", "vision_config": {}, "text_config": {"model_type": "mistral"}})");
  EXPECT_EQ(d.vision.hidden_size, 768);
  EXPECT_EQ(d.vision.patch_size, 32);
  EXPECT_EQ(d.text.intermediate_size, 14336);
  EXPECT_EQ(d.text.key_value_heads, 8);
  EXPECT_EQ(d.text.sliding_window, 4096);
  EXPECT_EQ(d.text.max_positions, 131072);
}

TEST(LlavaConfig, NullMeansAbsentOrNone) {
  const LlavaConfig c = parse(R"({"model_type": "llava", "text_config": {"model_type": "mistral",
      "sliding_window": null, "num_key_value_heads": null, "head_dim": null}})");
  EXPECT_FALSE(c.text.sliding_window.has_value());
  EXPECT_EQ(c.text.key_value_heads, 32);
  EXPECT_EQ(c.text.head_size, 128);
}

TEST(LlavaConfig, BothFormsOfRotaryParameters) {
  const LlavaConfig old_form = parse(R"({"model_type": "llava", "text_config": {
      "rope_theta": 500000.0, "rope_scaling": {"type": "linear", "factor": 4.0}}})");
  const LlavaConfig new_form = parse(R"({"model_type": "llava", "text_config": {
      "rope_parameters": {"rope_type": "linear", "rope_theta": 500000.0, "factor": 4.0}}})");
  EXPECT_EQ(old_form.text.rope.theta, 500000.0);
  EXPECT_EQ(old_form.text.rope.inverse_frequencies(64), new_form.text.rope.inverse_frequencies(64));
  EXPECT_FLOAT_EQ(old_form.text.rope.inverse_frequencies(64)[0], 0.25f);
}

TEST(LlavaConfig, Llama3FrequenciesFollowTheirDefinition) {
  RopeConfig rope;
  rope.type = RopeConfig::Type::kLlama3;
  rope.theta = 500000.0;
  rope.factor = 8.0;
  rope.original_max_positions = 8192.0;
  RopeConfig plain;
  plain.theta = rope.theta;
  const std::vector<float> scaled = rope.inverse_frequencies(128);
  const std::vector<float> base = plain.inverse_frequencies(128);
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double wavelength = 2.0 * std::acos(-1.0) / base[i];
    double expected = base[i];
    if (wavelength > 8192.0) {
      expected = base[i] / 8.0;
    } else if (wavelength > 2048.0) {
      const double smooth = (8192.0 / wavelength - 1.0) / 3.0;
      expected = (1.0 - smooth) * base[i] / 8.0 + smooth * base[i];
    }
    EXPECT_NEAR(scaled[i], expected, 1e-6 * expected);
  }
  EXPECT_NE(scaled.back(), base.back());
}

TEST(LlavaConfig, RotaryFactorsFollowFromTheLengths) {
  const auto rope = [](const std::string& scaling) {
    return parse(R"({"model_type": "llava", "text_config": {"hidden_size": 32,
        "num_attention_heads": 4, "max_position_embeddings": 400, "rope_scaling": )" +
                 scaling + "}}")
        .text.rope;
  };
  const RopeConfig yarn =
      rope(R"({"rope_type": "yarn", "original_max_position_embeddings": 100, "factor": null})");
  EXPECT_EQ(yarn.factor, 4.0);
  EXPECT_NEAR(yarn.attention_factor, 0.1 * std::log(4.0) + 1.0, 1e-12);
  const std::string lists = R"("short_factor": [1, 1, 1, 1], "long_factor": [1, 2, 3, 4]})";
  const RopeConfig longrope =
      rope(R"({"type": "longrope", "original_max_position_embeddings": 100, )" + lists);
  EXPECT_NEAR(longrope.attention_factor, std::sqrt(1.0 + std::log(4.0) / std::log(100.0)), 1e-12);
  EXPECT_FALSE(longrope.stretches(100));
  EXPECT_TRUE(longrope.stretches(101));
  EXPECT_EQ(longrope.inverse_frequencies(8, 100), RopeConfig{}.inverse_frequencies(8));
  EXPECT_FLOAT_EQ(longrope.inverse_frequencies(8, 101)[3],
                  RopeConfig{}.inverse_frequencies(8)[3] / 4);
  const RopeConfig dynamic = rope(R"({"type": "dynamic", "factor": 2})");
  EXPECT_EQ(dynamic.inverse_frequencies(8, 400), RopeConfig{}.inverse_frequencies(8));
  // Twice the length at factor 2: the base grows by (2 * 2 - 1) ^ (8 / 6).
  RopeConfig grown;
  grown.theta *= std::pow(3.0, 8.0 / 6.0);
  EXPECT_EQ(dynamic.inverse_frequencies(8, 800), grown.inverse_frequencies(8));
}

TEST(LlavaConfig, WhatIsNotSupportedIsAnErrorThatNamesTheKey) {
  const auto names = [](const std::string& json, const std::string& key) {
    EXPECT_NE(message(json).find(key), std::string::npos) << message(json);
  };
  names(R"({"model_type": "mllama"})", "model_type");
  names(R"({})", "model_type");
  names(R"([])", "config.json");
  names(R"({"model_type": "llava", "text_config": {"model_type": "gemma"}})",
        "text_config.model_type");
  names(R"({"model_type": "llava", "vision_config": {"model_type": "siglip"}})",
        "vision_config.model_type");
  names(R"({"model_type": "llava", "text_config": {"hidden_act": "mish"}})", "hidden_act");
  names(R"({"model_type": "llava", "text_config": {"num_key_value_heads": 5}})",
        "num_attention_heads");
  names(R"({"model_type": "llava", "text_config": {"hidden_size": 4095}})", "hidden_size");
  names(R"({"model_type": "llava", "text_config": {"hidden_size": -1}})", "hidden_size");
  names(R"({"model_type": "llava", "text_config": {"hidden_size": 18446744073709551615}})",
        "hidden_size");
  names(R"({"model_type": "llava", "text_config": {"hidden_size": "big"}})", "hidden_size");
  names(R"({"model_type": "llava", "text_config": {"rope_scaling": {"type": "su"}}})", "rope_type");
  names(R"({"model_type": "llava", "text_config": {"rope_scaling": {"type": "linear"}}})",
        "factor");
  names(R"({"model_type": "llava", "text_config": {"rope_scaling": {"type": "longrope",
      "short_factor": [1, 2], "long_factor": "no"}}})",
        "short_factor");
  names(R"({"model_type": "llava", "text_config": {"rope_scaling": {"type": "yarn",
      "original_max_position_embeddings": 0}}})",
        "original_max_position_embeddings");
  names(R"({"model_type": "llava", "text_config": {"rope_scaling": {"type": "linear", "factor": 2,
      "partial_rotary_factor": 0.5}}})",
        "partial_rotary_factor");
  names(R"({"model_type": "llava", "vision_feature_layer": 30})", "vision_feature_layer");
  names(R"({"model_type": "llava", "vision_feature_layer": []})", "vision_feature_layer");
  names(R"({"model_type": "llava", "vision_feature_select_strategy": "cls"})",
        "vision_feature_select_strategy");
}

}  // namespace
}  // namespace firstlight::nn
