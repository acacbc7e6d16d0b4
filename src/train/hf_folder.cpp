#include "firstlight/train/hf_folder.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "firstlight/aten/llava.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/train/special_tokens.h"

namespace firstlight::train {
namespace {

using nlohmann::json;

json config_json(const aten::LlavaShape& shape, const SpecialTokens& special) {
  const auto& v = shape.vision;
  const auto& t = shape.text;
  return {
      {"architectures", {"LlavaForConditionalGeneration"}},
      {"model_type", "llava"},
      {"torch_dtype", "bfloat16"},
      {"image_token_index", special.image.id},
      {"image_seq_length", v.patches()},
      {"vision_feature_layer", -1},
      {"vision_feature_select_strategy", "default"},
      {"projector_hidden_act", "gelu"},
      {"multimodal_projector_bias", true},
      {"tie_word_embeddings", true},
      {"bos_token_id", special.begin.id},
      {"eos_token_id", special.end.id},
      {"pad_token_id", special.pad.id},
      {"vision_config",
       {{"model_type", "clip_vision_model"},
        {"hidden_size", v.hidden_size},
        {"intermediate_size", v.intermediate_size},
        {"num_hidden_layers", v.num_hidden_layers},
        {"num_attention_heads", v.num_attention_heads},
        {"image_size", v.image_size},
        {"patch_size", v.patch_size},
        {"hidden_act", "gelu"},
        {"layer_norm_eps", v.layer_norm_eps},
        {"num_channels", 3}}},
      {"text_config",
       {{"model_type", "llama"},
        {"vocab_size", t.vocab_size},
        {"hidden_size", t.hidden_size},
        {"intermediate_size", t.intermediate_size},
        {"num_hidden_layers", t.num_hidden_layers},
        {"num_attention_heads", t.num_attention_heads},
        {"num_key_value_heads", t.num_key_value_heads},
        {"head_dim", t.head_dim()},
        {"max_position_embeddings", t.max_position_embeddings},
        {"rms_norm_eps", t.rms_norm_eps},
        {"rope_theta", t.rope_theta},
        {"hidden_act", "silu"},
        {"attention_bias", false},
        {"mlp_bias", false},
        {"tie_word_embeddings", true},
        {"bos_token_id", special.begin.id},
        {"eos_token_id", special.end.id},
        {"pad_token_id", special.pad.id}}},
  };
}

}  // namespace

void write_hf_folder(const aten::Llava& model, const Recipe& recipe, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, const std::string& content) {
    text::write_file_atomically(folder + "/" + name, content);
  };
  const auto write_json = [&](const std::string& name, const json& content) {
    write(name, content.dump(2) + "\n");
  };
  const auto& v = model.shape().vision;
  const std::string tokenizer_file = recipe.folder + "/" + recipe.tokenizer;
  const SpecialTokens special =
      find_special_tokens(nn::Tokenizer::from_file(tokenizer_file), tokenizer_file);
  const std::string chat_template = text::read_file(recipe.folder + "/" + recipe.chat_template);
  write_json("config.json", config_json(model.shape(), special));
  write("tokenizer.json", text::read_file(tokenizer_file));
  write("chat_template.jinja", chat_template);
  write_json("tokenizer_config.json",
             {{"tokenizer_class", "PreTrainedTokenizerFast"},
              {"bos_token", special.begin.text},
              {"eos_token", special.end.text},
              {"unk_token", special.unknown.text},
              {"pad_token", special.pad.text},
              {"image_token", special.image.text},
              {"clean_up_tokenization_spaces", false},
              {"model_max_length", model.shape().text.max_position_embeddings},
              {"processor_class", "LlavaProcessor"}});
  write_json("special_tokens_map.json", {{"bos_token", special.begin.text},
                                         {"eos_token", special.end.text},
                                         {"unk_token", special.unknown.text},
                                         {"pad_token", special.pad.text}});
  write_json("generation_config.json", {{"bos_token_id", special.begin.id},
                                        {"eos_token_id", special.end.id},
                                        {"pad_token_id", special.pad.id}});
  write_json("preprocessor_config.json",
             {{"image_processor_type", "CLIPImageProcessor"},
              {"do_convert_rgb", true},
              {"do_resize", true},
              {"size", {{"shortest_edge", v.image_size}}},
              {"resample", 3},
              {"do_center_crop", true},
              {"crop_size", {{"height", v.image_size}, {"width", v.image_size}}},
              {"do_rescale", true},
              {"rescale_factor", 1.0 / 255},
              {"do_normalize", true},
              {"image_mean", recipe.image_mean},
              {"image_std", recipe.image_std}});
  write_json("processor_config.json", {{"processor_class", "LlavaProcessor"},
                                       {"image_token", special.image.text},
                                       {"patch_size", v.patch_size},
                                       {"num_additional_image_tokens", 1},
                                       {"vision_feature_select_strategy", "default"}});

  std::vector<nn::TensorToWrite> tensors;
  std::vector<torch::Tensor> kept;
  for (const auto& [name, tensor] : model.export_tensors()) {
    kept.push_back(tensor.to(torch::kBFloat16).contiguous());
    const auto sizes = kept.back().sizes();
    tensors.push_back(
        {name, nn::Dtype::kBf16, {sizes.begin(), sizes.end()}, kept.back().data_ptr()});
  }
  nn::write_safetensors(folder + "/model.safetensors", tensors, {{"format", "pt"}});
}

void read_hf_weights(const std::string& folder, aten::Llava& model) {
  const nn::Weights weights = nn::Weights::open(folder);
  std::map<std::string, torch::Tensor> tensors;
  for (const std::string& name : weights.names()) {
    const nn::TensorView& view = *weights.find(name);
    const std::vector<float> values = view.to_f32();
    tensors.emplace(name, torch::tensor(values).view(view.shape));
  }
  model.import_tensors(tensors);
}

}  // namespace firstlight::train
