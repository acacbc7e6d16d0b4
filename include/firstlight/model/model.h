#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/image/image.h"
#include "firstlight/score/label_scores.h"
#include "firstlight/task/prompt.h"

namespace firstlight {

/// What a model can do, as data.
struct Capabilities {
  std::string name;  ///< for reports, e.g. "firstlight-small"
  std::string type;  ///< "llava", "siamese_cnn", "openai", ...
  ScoreKind kind = ScoreKind::kExact;
  bool can_generate = false;
  bool reads_prompt = true;  ///< else there is only the pass main
  int max_images = 1;        ///< images in one prompt
  int image_side = 0;        ///< side of the square that every picture becomes; 0 = it varies
  std::int64_t context = 0;  ///< tokens, 0 = unknown
  std::string dtype;         ///< "f32", "bf16", "nf4"
  std::string device = "cpu";
  std::string instruction_set;  ///< e.g. "avx512bf16"
  int preferred_batch = 1;      ///< samples at once that keep it busy; a run takes at least as many
};

struct ScoreRequest {
  RenderedPrompt prompt;
  std::vector<const Image*> images;  ///< one for each image part of the prompt; not owned
  std::vector<std::string> answers;  ///< by ClassId
  std::size_t examples = 0;  ///< of the images, those that come first and are not asked about
};

struct GenerateRequest {
  RenderedPrompt prompt;
  std::vector<const Image*> images;
  int max_tokens = 64;
  int top_logprobs = 0;  ///< likeliest tokens to list in each place
  /// Where there are any, only these can be written (constrained_choice in score/score.h), each to
  /// its end; `max_tokens` does not count then.
  std::vector<std::string> answers = {};
  int beams = 1;  ///< of constrained decoding
  /// What the answer begins with; only what follows is written. Not together with `answers`.
  std::string start = {};
};

struct Generated {
  std::string text;
  std::vector<std::int32_t> token_ids;
  std::vector<double> logprobs;
  bool ended = false;  ///< the last token is the end of text, else max_tokens was reached
  struct Token {
    std::int32_t id = 0;
    std::string text;  ///< what it adds to the text; special tokens by their name
    double logprob = 0.0;
  };
  /// With GenerateRequest::top_logprobs: for each token its text, and that many likeliest ones in
  /// its place, from the best.
  std::vector<std::string> token_texts;
  std::vector<std::vector<Token>> top;
};

/// How a prompt and answers reach the model (`firstlight prompt --json`).
struct PromptDescription {
  struct ImageSpan {
    std::string view;
    std::size_t start = 0;   ///< first image position in token_ids
    std::size_t length = 0;  ///< positions
  };
  struct Answer {
    std::string text;
    std::vector<std::int32_t> token_ids;
    std::vector<std::string> token_texts =
        {};  ///< what each token adds; special tokens by their name
  };
  std::string text;  ///< as the processor of transformers takes it, one marker an image
  std::vector<std::int32_t> token_ids;  ///< image positions expanded
  std::vector<ImageSpan> images;
  std::vector<Answer> answers;  ///< by ClassId
  /// Tokens of the prompt by a rough rule, where a server has the tokeniser; else 0.
  double estimated_tokens = 0.0;
};

/// A model that scores texts given images. Const, but called from one thread at a time: it may keep
/// caches (prefix states, vision features) and uses parallel_for inside.
class VisionLanguageModel {
 public:
  virtual ~VisionLanguageModel() = default;

  virtual Capabilities capabilities() const = 0;
  /// SHA-256 over everything that decides the numbers (weights, configuration, tokeniser).
  virtual std::string content_hash() const = 0;
  /// One result a request. The numbers of a request do not depend on what else is in the batch.
  virtual std::vector<Result<LabelScores>> score(std::span<const ScoreRequest> requests) const = 0;
  /// Greedy decoding, until end of text or max_tokens, or constrained decoding.
  virtual Result<Generated> generate(const GenerateRequest& request) const = 0;
  /// Throws Error::usage where two answers tokenise alike, or the prompt does not fit the model.
  virtual PromptDescription describe(const ScoreRequest& request) const = 0;
};

}  // namespace firstlight
