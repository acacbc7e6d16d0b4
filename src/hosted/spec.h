#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/score/label_scores.h"
#include "url.h"

namespace firstlight::hosted {

/// How answers are read, from best to worst.
enum class Reading {
  kForced,   ///< exact: each label as the prompt's last turn, scored by `prompt_logprobs`
  kGrammar,  ///< exact: each label forced by a grammar, scored by its tokens' log-probabilities
  kTop20,
  kSchema,
  kText,
};
ScoreKind kind_of(Reading reading);

/// `openai:...` in parts.
struct ModelSpec {
  std::string text;
  std::vector<Url> endpoints;
  std::string name;
  bool official = false;  ///< api.openai.com by its short form
  std::string read = "auto";
  bool jpeg = false;
  int quality = 95;
  std::string detail = "auto";
  std::int64_t seed = 0;
  std::optional<int> max_tokens;  ///< of every answer
  std::string key_variable;
  std::string ca_file;
};

/// Throws Error::usage.
ModelSpec parse_model_spec(std::string_view text);

}  // namespace firstlight::hosted
