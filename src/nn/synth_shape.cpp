#include "synth_shape.h"

#include <algorithm>
#include <cmath>

namespace firstlight::nn {
namespace {

using nlohmann::ordered_json;
using Kind = SynthTensor::Kind;

/// `n` times `scale`, a multiple of `step`, at least one step.
std::int64_t scaled(std::int64_t n, double scale, std::int64_t step = 1) {
  const double steps = static_cast<double>(n) * scale / static_cast<double>(step);
  return std::max<std::int64_t>(1, std::llround(steps)) * step;
}

/// Collects tensors under a prefix.
class List {
 public:
  List(std::vector<SynthTensor>& tensors, std::string prefix)
      : tensors_(tensors), prefix_(std::move(prefix)) {}
  List under(const std::string& more) const { return List(tensors_, prefix_ + more); }

  /// Inputs of unit size give outputs of about unit size.
  void linear(const std::string& name, std::int64_t outputs, std::int64_t inputs, bool bias) const {
    add(name + ".weight", {outputs, inputs}, Kind::kLinear,
        1.0f / std::sqrt(static_cast<float>(inputs)));
    if (bias) add(name + ".bias", {outputs}, Kind::kOther, 0.02f);
  }
  void norm(const std::string& name, std::int64_t size, bool bias) const {
    add(name + ".weight", {size}, Kind::kNorm, 0.1f);
    if (bias) add(name + ".bias", {size}, Kind::kOther, 0.02f);
  }
  void add(const std::string& name, std::vector<std::int64_t> shape, Kind kind,
           float spread) const {
    tensors_.push_back({prefix_ + name, std::move(shape), kind, spread});
  }

 private:
  std::vector<SynthTensor>& tensors_;
  std::string prefix_;
};

struct Text {
  std::int64_t hidden, wide, heads, groups, layers, vocabulary, extra;
};

void mlp(const List& layer, const Text& t) {
  layer.linear("mlp.gate_proj", t.wide, t.hidden, false);
  layer.linear("mlp.up_proj", t.wide, t.hidden, false);
  layer.linear("mlp.down_proj", t.hidden, t.wide, false);
  layer.norm("input_layernorm", t.hidden, false);
  layer.norm("post_attention_layernorm", t.hidden, false);
}

constexpr std::int64_t kHeadSize = 128;

void attention(const List& layer, const Text& t, const std::string& name) {
  layer.linear(name + ".q_proj", t.heads * kHeadSize, t.hidden, false);
  layer.linear(name + ".k_proj", t.groups * kHeadSize, t.hidden, false);
  layer.linear(name + ".v_proj", t.groups * kHeadSize, t.hidden, false);
  layer.linear(name + ".o_proj", t.hidden, t.heads * kHeadSize, false);
}

void decoder(std::vector<SynthTensor>& tensors, const Text& t,
             const std::vector<std::int64_t>& cross) {
  const List model(tensors, "language_model.model.");
  model.add("embed_tokens.weight", {t.vocabulary + t.extra, t.hidden}, Kind::kOther, 1.0f);
  for (std::int64_t i = 0; i < t.layers; ++i) {
    const List layer = model.under("layers." + std::to_string(i) + ".");
    mlp(layer, t);
    if (std::find(cross.begin(), cross.end(), i) == cross.end()) {
      attention(layer, t, "self_attn");
      continue;
    }
    attention(layer, t, "cross_attn");
    layer.norm("cross_attn.q_norm", kHeadSize, false);
    layer.norm("cross_attn.k_norm", kHeadSize, false);
    layer.add("cross_attn_attn_gate", {1}, Kind::kOther, 0.5f);
    layer.add("cross_attn_mlp_gate", {1}, Kind::kOther, 0.5f);
  }
  model.norm("norm", t.hidden, false);
  List(tensors, "language_model.")
      .add("lm_head.weight", {t.vocabulary, t.hidden}, Kind::kOther,
           1.0f / std::sqrt(static_cast<float>(t.hidden)));
}

Text text_of(std::int64_t layers, std::int64_t vocabulary, std::int64_t extra, double scale) {
  // Four query heads share a key head, at any scale.
  const std::int64_t groups = scaled(8, scale);
  const std::int64_t heads = 4 * groups;
  return {heads * kHeadSize,
          scaled(14336, scale, 64),
          heads,
          groups,
          scaled(layers, scale),
          vocabulary,
          extra};
}

ordered_json special(const std::vector<std::pair<std::string, std::string>>& tokens) {
  ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                         {"clean_up_tokenization_spaces", false}};
  for (const auto& [key, token] : tokens) config[key] = token;
  return config;
}

}  // namespace

SynthShape llava_next_shape(double scale) {
  SynthShape s;
  const Text t = text_of(32, 32064, 0, scale);
  const std::int64_t vision_heads = scaled(16, scale);
  const std::int64_t vision = vision_heads * 64;
  const std::int64_t vision_wide = 4 * vision;
  const std::int64_t vision_layers = std::max<std::int64_t>(2, scaled(24, scale));
  const ordered_json grid = {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};

  List top(s.tensors, "");
  top.add("image_newline", {t.hidden}, Kind::kOther, 0.5f);
  const List tower(s.tensors, "vision_tower.vision_model.");
  tower.add("embeddings.class_embedding", {vision}, Kind::kOther, 0.5f);
  tower.add("embeddings.patch_embedding.weight", {vision, 3, 14, 14}, Kind::kOther, 0.04f);
  tower.add("embeddings.position_embedding.weight", {577, vision}, Kind::kOther, 0.5f);
  tower.norm("pre_layrnorm", vision, true);
  for (std::int64_t i = 0; i < vision_layers; ++i) {
    const List layer = tower.under("encoder.layers." + std::to_string(i) + ".");
    layer.norm("layer_norm1", vision, true);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      layer.linear(std::string("self_attn.") + name, vision, vision, true);
    }
    layer.norm("layer_norm2", vision, true);
    layer.linear("mlp.fc1", vision_wide, vision, true);
    layer.linear("mlp.fc2", vision, vision_wide, true);
  }
  tower.norm("post_layernorm", vision, true);
  const List projector(s.tensors, "multi_modal_projector.");
  projector.linear("linear_1", t.hidden, vision, true);
  projector.linear("linear_2", t.hidden, t.hidden, true);
  decoder(s.tensors, t, {});

  s.config = {{"architectures", {"LlavaNextForConditionalGeneration"}},
              {"model_type", "llava_next"},
              {"image_grid_pinpoints", grid},
              {"image_token_index", 32000},
              {"projector_hidden_act", "gelu"},
              {"vision_feature_layer", -2},
              {"vision_feature_select_strategy", "default"},
              {"tie_word_embeddings", false},
              {"dtype", "bfloat16"},
              {"text_config",
               {{"model_type", "mistral"},
                {"hidden_size", t.hidden},
                {"intermediate_size", t.wide},
                {"num_hidden_layers", t.layers},
                {"num_attention_heads", t.heads},
                {"num_key_value_heads", t.groups},
                {"head_dim", kHeadSize},
                {"max_position_embeddings", 32768},
                {"rms_norm_eps", 1e-5},
                {"rope_theta", 1000000.0},
                {"sliding_window", nullptr},
                {"vocab_size", t.vocabulary},
                {"bos_token_id", 256},
                {"eos_token_id", 257}}},
              {"vision_config",
               {{"model_type", "clip_vision_model"},
                {"hidden_size", vision},
                {"intermediate_size", vision_wide},
                {"num_hidden_layers", vision_layers},
                {"num_attention_heads", vision_heads},
                {"image_size", 336},
                {"patch_size", 14},
                {"projection_dim", 768}}}};
  s.processor = {{"processor_class", "LlavaNextProcessor"},
                 {"image_token", "<image>"},
                 {"patch_size", 14},
                 {"num_additional_image_tokens", 1},
                 {"vision_feature_select_strategy", "default"},
                 {"image_processor",
                  {{"image_processor_type", "LlavaNextImageProcessor"},
                   {"image_grid_pinpoints", grid},
                   {"size", {{"shortest_edge", 336}}},
                   {"crop_size", {{"height", 336}, {"width", 336}}},
                   {"resample", 3}}}};
  s.special_tokens = {{"<s>", 256}, {"</s>", 257}, {"<image>", 32000}};
  s.tokenizer_config = special({{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  s.chat_template =
      "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
      "{{ '[INST] ' }}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
      "{{ '<image>\n' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ ' [/INST]' }}"
      "{% else %}{% for part in message['content'] %}{{ part['text'] + ' ' }}{% endfor %}"
      "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endif %}{% endfor %}";
  return s;
}

SynthShape mllama_shape(double scale) {
  SynthShape s;
  const Text t = text_of(40, 128256, 8, scale);
  const std::int64_t vision_heads = scaled(16, scale);
  const std::int64_t vision = vision_heads * 80;
  const std::int64_t vision_wide = 4 * vision;
  const std::int64_t vision_layers = scaled(32, scale);
  const std::int64_t global_layers = scaled(8, scale);
  const std::int64_t positions = 40 * 40 + 1;
  std::vector<std::int64_t> cross, taken;
  for (std::int64_t i = 3; i < t.layers; i += 5) cross.push_back(i);
  if (cross.empty()) cross.push_back(t.layers - 1);
  for (const std::int64_t i : {3, 7, 15, 23, 30}) {
    taken.push_back(std::min(scaled(i, scale), vision_layers - 1));
  }
  const std::int64_t features = vision * (1 + static_cast<std::int64_t>(taken.size()));

  const List tower(s.tensors, "vision_model.");
  tower.add("class_embedding", {vision}, Kind::kOther, 0.5f);
  tower.add("patch_embedding.weight", {vision, 3, 14, 14}, Kind::kOther, 0.04f);
  for (const char* name : {"pre_tile_positional_embedding", "post_tile_positional_embedding"}) {
    const List embedding = tower.under(std::string(name) + ".");
    embedding.add("embedding.weight", {9, 4 * vision}, Kind::kOther, 0.5f);
    embedding.add("gate", {1}, Kind::kOther, 0.5f);
  }
  const List place = tower.under("gated_positional_embedding.");
  place.add("embedding", {positions, vision}, Kind::kOther, 0.5f);
  place.add("gate", {1}, Kind::kOther, 0.5f);
  place.add("tile_embedding.weight", {9, 4 * positions * vision}, Kind::kOther, 0.5f);
  tower.norm("layernorm_pre", vision, true);
  tower.norm("layernorm_post", vision, true);
  for (const bool global : {false, true}) {
    for (std::int64_t i = 0; i < (global ? global_layers : vision_layers); ++i) {
      const List layer = tower.under(std::string(global ? "global_transformer" : "transformer") +
                                     ".layers." + std::to_string(i) + ".");
      layer.norm("input_layernorm", vision, true);
      for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
        layer.linear(std::string("self_attn.") + name, vision, vision, false);
      }
      layer.norm("post_attention_layernorm", vision, true);
      layer.linear("mlp.fc1", vision_wide, vision, true);
      layer.linear("mlp.fc2", vision, vision_wide, true);
      if (global) {
        layer.add("gate_attn", {1}, Kind::kOther, 0.5f);
        layer.add("gate_ffn", {1}, Kind::kOther, 0.5f);
      }
    }
  }
  List(s.tensors, "").linear("multi_modal_projector", t.hidden, features, true);
  decoder(s.tensors, t, cross);

  s.config = {{"architectures", {"MllamaForConditionalGeneration"}},
              {"model_type", "mllama"},
              {"image_token_index", 128256},
              {"dtype", "bfloat16"},
              {"text_config",
               {{"model_type", "mllama_text_model"},
                {"hidden_size", t.hidden},
                {"intermediate_size", t.wide},
                {"num_hidden_layers", t.layers},
                {"num_attention_heads", t.heads},
                {"num_key_value_heads", t.groups},
                {"cross_attention_layers", cross},
                {"max_position_embeddings", 131072},
                {"rms_norm_eps", 1e-5},
                {"rope_theta", 500000.0},
                {"rope_scaling",
                 {{"rope_type", "llama3"},
                  {"factor", 8.0},
                  {"low_freq_factor", 1.0},
                  {"high_freq_factor", 4.0},
                  {"original_max_position_embeddings", 8192}}},
                {"vocab_size", t.vocabulary},
                {"bos_token_id", 128000},
                {"eos_token_id", {128001, 128008, 128009}},
                {"pad_token_id", 128004}}},
              {"vision_config",
               {{"model_type", "mllama_vision_model"},
                {"hidden_size", vision},
                {"intermediate_size", vision_wide},
                {"num_hidden_layers", vision_layers},
                {"num_global_layers", global_layers},
                {"attention_heads", vision_heads},
                {"intermediate_layers_indices", taken},
                {"vision_output_dim", features},
                {"image_size", 560},
                {"patch_size", 14},
                {"max_num_tiles", 4}}}};
  s.processor = {{"processor_class", "MllamaProcessor"},
                 {"image_processor",
                  {{"image_processor_type", "MllamaImageProcessor"},
                   {"size", {{"height", 560}, {"width", 560}}},
                   {"max_image_tiles", 4},
                   {"resample", 2},
                   {"image_mean", {0.48145466, 0.4578275, 0.40821073}},
                   {"image_std", {0.26862954, 0.26130258, 0.27577711}}}}};
  s.special_tokens = {{"<|begin_of_text|>", 128000},
                      {"<|end_of_text|>", 128001},
                      {"<|finetune_right_pad_id|>", 128004},
                      {"<|start_header_id|>", 128006},
                      {"<|end_header_id|>", 128007},
                      {"<|eom_id|>", 128008},
                      {"<|eot_id|>", 128009},
                      {"<|python_tag|>", 128010},
                      {"<|image|>", 128256}};
  s.tokenizer_config = special({{"bos_token", "<|begin_of_text|>"},
                                {"eos_token", "<|eot_id|>"},
                                {"pad_token", "<|finetune_right_pad_id|>"}});
  s.chat_template =
      "{{ bos_token }}{% for message in messages %}"
      "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
      "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<|image|>' }}"
      "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<|eot_id|>' }}{% endfor %}"
      "{% if add_generation_prompt %}"
      "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";
  return s;
}

}  // namespace firstlight::nn
