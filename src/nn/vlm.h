#pragma once

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "firstlight/nn/vlm.h"
#include "prompt_encoder.h"
#include "prompt_state.h"
#include "vlm_model.h"

namespace firstlight::nn {

/// VisionLanguageModel over a VlmModel: prompts, caches and the sharing of work between threads.
class Vlm final : public VisionLanguageModel {
 public:
  Vlm(std::unique_ptr<const VlmModel> model, const VlmOptions& options);

  Capabilities capabilities() const override;
  std::string content_hash() const override;
  std::vector<Result<LabelScores>> score(std::span<const ScoreRequest> requests) const override;
  Result<Generated> generate(const GenerateRequest& request) const override;
  PromptDescription describe(const ScoreRequest& request) const override;

 private:
  using Features = std::shared_ptr<const ImageFeatures>;
  /// State after the prompt's positions before its first image.
  struct Prefix {
    std::vector<std::int32_t> ids;
    DecoderState state;
  };
  /// One request on its way: what it needs is looked up before threads share the work.
  struct Job {
    std::shared_ptr<const EncodedPrompt> prompt;
    std::vector<std::string> keys;  ///< of the pictures' pixels
    std::vector<Features> images;   ///< null where they are not needed
    std::shared_ptr<const Prefix> prefix;
    std::optional<PromptState> kept;    ///< of a prompt with the same beginning
    std::size_t first = 0;              ///< positions that prefix or kept state hold
    std::size_t examples = 0;           ///< of the images, as in ScoreRequest
    std::vector<FeatureSum> sums = {};  ///< of the pictures' features
  };

  Job prepare(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
              const std::vector<std::string>& answers) const;
  /// The prompt with the beginning of the answer behind it.
  std::shared_ptr<const EncodedPrompt> begun(const GenerateRequest& request) const;
  std::shared_ptr<const EncodedPrompt> encode(const RenderedPrompt& prompt,
                                              const std::vector<const Image*>& images,
                                              const std::vector<std::string>& answers) const;
  void load_features(std::span<Job> jobs, std::span<const std::vector<const Image*>> images,
                     std::span<std::optional<Error>> errors) const;
  std::shared_ptr<const Prefix> prefix_of(const EncodedPrompt& prompt) const;
  /// Looks for kept states; then, of a large model, no other one takes memory.
  void begin(std::span<Job> jobs, std::span<const std::optional<Error>> errors) const;
  /// The first picture of a job whose features its pass needs.
  std::size_t first_picture(const Job& job) const;
  /// The job's state of its first positions, with room for the prompt and `more`; kept.state of the
  /// job from then on.
  DecoderState& state_of(Job& job, std::size_t more) const;
  void keep(Job& job) const;
  /// Embeddings of the positions behind the prefix, and room for `more` rows.
  std::vector<float> rows_of(const Job& job, std::size_t more) const;
  /// Null where the decoder does not attend to pictures; room for `more` rows.
  const PromptPictures* pictures_of(Job& job, std::size_t more) const;
  LabelScores score_job(Job& job) const;
  /// The sums of the job's pictures: of features that are there, or as the kept state has them.
  void sum_features(Job& job) const;
  /// LabelScores::features.
  std::vector<float> mean_features(const Job& job) const;
  Generated generate_job(Job& job, int max_tokens, int top) const;
  /// What a token adds to the text of those before it.
  std::string token_text(std::span<const std::int32_t> before, std::int32_t token) const;
  /// The `count` tokens with the largest logits; `total` is the logarithm of their normalisation.
  std::vector<Generated::Token> likeliest(std::span<const float> logits, double total, int count,
                                          std::span<const std::int32_t> before) const;
  /// Whether each thread should take a whole sample: so small a model stays in the caches.
  bool small() const;

  std::unique_ptr<const VlmModel> model_;
  VlmOptions options_;
  std::vector<std::int32_t> eos_ids_;
  mutable PromptEncoder encoder_;
  mutable std::string hash_;

  struct Kept {
    Features features;
    std::list<std::string>::iterator place;
  };
  mutable std::list<std::string> feature_order_;  ///< most recent first
  mutable std::unordered_map<std::string, Kept> features_;
  mutable std::size_t feature_numbers_ = 0;
  mutable std::list<std::shared_ptr<const Prefix>> prefixes_;  ///< most recent first
  mutable PromptStates states_;
};

}  // namespace firstlight::nn
