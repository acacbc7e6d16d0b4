#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/json_fields.h"

namespace firstlight::nn {

/// What the post-processor of tokenizer.json does to the ids of one text: puts others around them.
struct PostProcessor {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> after;
};

/// Throws Error::input for a malformed or unsupported one, or an id that is negative or too large.
PostProcessor make_post_processor(const JsonObject& json);

}  // namespace firstlight::nn
