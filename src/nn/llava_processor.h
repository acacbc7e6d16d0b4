#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/nn/config.h"
#include "firstlight/nn/image_processor.h"
#include "firstlight/nn/tokenizer.h"

namespace firstlight::nn {

/// What LlavaProcessor of transformers does: pictures to pixel values, text to token ids with the
/// image token as often as an image has positions. Immutable; safe from any thread.
class LlavaProcessor {
 public:
  /// Throws Error::input where a file is missing or contradicts `config`.
  LlavaProcessor(const std::string& folder, const LlavaConfig& config);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const ImageProcessor& image_processor() const { return image_processor_; }
  const std::string& image_token() const { return config_.image_token; }

  /// Ids of a text with one marker an image; every marker becomes image_tokens() positions.
  std::vector<std::int32_t> encode(std::string_view text) const;
  std::int64_t image_tokens() const { return image_tokens_; }

 private:
  ProcessorConfig config_;
  ImageProcessor image_processor_;
  Tokenizer tokenizer_;
  std::int64_t image_tokens_ = 0;
};

}  // namespace firstlight::nn
