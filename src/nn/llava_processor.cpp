#include "llava_processor.h"

#include "firstlight/base/error.h"

namespace firstlight::nn {

LlavaProcessor::LlavaProcessor(const std::string& folder, const LlavaConfig& config)
    : config_(ProcessorConfig::from_folder(folder)),
      image_processor_(ImageProcessor::from_folder(folder)),
      tokenizer_(Tokenizer::from_file(folder + "/tokenizer.json")) {
  const auto id = tokenizer_.token_to_id(config_.image_token);
  if (id != config.image_token) {
    throw Error::input(folder + "/tokenizer.json",
                       "the image token '" + config_.image_token + "' " +
                           (id ? "has the id " + std::to_string(*id) : "is no token") +
                           ", config.json says " + std::to_string(config.image_token));
  }
  // Positions an image takes: the processor's own sum where it names the patch size.
  image_tokens_ = config.image_tokens();
  if (config_.patch_size) {
    const std::int64_t side = config.vision.image_size / *config_.patch_size;
    const std::int64_t expected = side * side + config_.additional_image_tokens -
                                  (config_.drop_class_token.value_or(false) ? 1 : 0);
    if (expected != image_tokens_) {
      throw Error::input(folder + "/processor_config.json",
                         "gives an image " + std::to_string(expected) + " positions, config.json " +
                             std::to_string(image_tokens_),
                         "check patch_size, num_additional_image_tokens and "
                         "vision_feature_select_strategy");
    }
  }
}

std::vector<std::int32_t> LlavaProcessor::encode(std::string_view text) const {
  const std::string& marker = config_.image_token;
  std::string expanded;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = text.find(marker, at);
    expanded += text.substr(at, next - at);
    if (next == std::string_view::npos) break;
    for (std::int64_t i = 0; i < image_tokens_; ++i) expanded += marker;
    at = next + marker.size();
  }
  return tokenizer_.encode(expanded, true);
}

}  // namespace firstlight::nn
