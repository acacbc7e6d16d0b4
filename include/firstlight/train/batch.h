#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/aten/llava.h"
#include "firstlight/base/random.h"
#include "firstlight/nn/chat_template.h"
#include "firstlight/nn/tokenizer.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"
#include "firstlight/train/pool.h"
#include "firstlight/train/recipe.h"
#include "firstlight/train/special_tokens.h"
#include "firstlight/train/wording.h"

namespace firstlight::train {

/// Turns a task's prompt and answers into token ids exactly as the finished model folder will.
class PromptEncoder {
 public:
  /// Reads tokenizer and chat template of the recipe.
  explicit PromptEncoder(const Recipe& recipe);

  /// A conversation up to where the answer starts, split at its only image: ids before and after.
  struct Prompt {
    std::vector<std::int32_t> before;
    std::vector<std::int32_t> after;
  };
  /// Ids of an answer, end of text included.
  using Answer = std::vector<std::int32_t>;

  /// Throws Error::usage unless the prompt holds one image.
  Prompt encode(const RenderedPrompt& prompt) const;
  Answer encode_answer(const std::string& answer) const;
  std::size_t vocab_size() const { return tokenizer_.vocab_size(); }

 private:
  nn::Tokenizer tokenizer_;
  nn::ChatTemplate template_;
  SpecialTokens special_;
};

/// For prompts rendered in training: throws Error::usage, since a stream's images have no columns.
std::string no_fields(const std::string& field);

/// Rows for one step of the decoder and what it should say.
struct LanguageBatch {
  aten::PackedText text;
  std::vector<std::pair<const ImagePool*, std::size_t>> images;  ///< in the order of image_index
  torch::Tensor wanted;   ///< i64 [n]: rows whose next token is learnt
  torch::Tensor targets;  ///< i64 [n]
  torch::Tensor answer;   ///< i64 [n]: which answer a target belongs to, from 0
  std::int64_t answers = 0;
};

/// Collects groups (aten::PackedGroup) row by row. One thread at a time.
class BatchBuilder {
 public:
  explicit BatchBuilder(std::int64_t image_tokens) : image_tokens_(image_tokens) {}

  /// A prompt whose text comes before the image: one branch for each (image, answer).
  void add_text_first(const PromptEncoder::Prompt& prompt,
                      const std::vector<std::pair<const ImagePool*, std::size_t>>& images,
                      const std::vector<PromptEncoder::Answer>& answers);
  /// An image with several prompts (all with the same `before`), each with its answer.
  void add_image_first(std::pair<const ImagePool*, std::size_t> image,
                       const std::vector<PromptEncoder::Prompt>& prompts,
                       const std::vector<PromptEncoder::Answer>& answers);
  /// An image with one prompt and all answers of a task, for scoring.
  void add_scored(std::pair<const ImagePool*, std::size_t> image,
                  const PromptEncoder::Prompt& prompt,
                  const std::vector<PromptEncoder::Answer>& answers);
  LanguageBatch finish();

 private:
  struct Row {
    std::int64_t token = 0;
    std::int64_t position = 0;
  };
  void tokens(const std::vector<std::int32_t>& ids, std::int64_t position);
  void image(std::size_t image, std::int64_t position);
  /// `before` is the row that predicts the answer's first token.
  void answer(const PromptEncoder::Answer& ids, std::int64_t position, std::int64_t before);
  std::int64_t last_row() const { return static_cast<std::int64_t>(rows_.size()) - 1; }
  void pad(std::int64_t rows);
  std::size_t add_image(std::pair<const ImagePool*, std::size_t> image);

  std::int64_t image_tokens_;
  std::vector<Row> rows_;
  std::vector<std::int64_t> image_rows_;
  std::vector<std::int64_t> image_index_;
  std::vector<std::int64_t> wanted_;
  std::vector<std::int64_t> targets_;
  std::vector<std::int64_t> answer_of_;
  LanguageBatch batch_;
};

/// Draws training batches: a pure function of (recipe, pools, stage, step).
class BatchSource {
 public:
  BatchSource(const Recipe& recipe, const std::vector<ImagePool>& pools, const Wordings& wordings,
              const PromptEncoder& encoder);

  LanguageBatch language(const Stage& stage, Random& random) const;
  /// The recipe's built-in tasks, in its order.
  const std::vector<Task>& tasks() const { return tasks_; }
  /// An image of one of the stage's streams.
  std::pair<const ImagePool*, std::size_t> image(const Stage& stage, Random& random) const;

 private:
  using Picture = std::pair<const ImagePool*, std::size_t>;
  const ImagePool* stream(const Stage& stage, const std::string& domain, Random& random) const;
  const Question& question(const std::string& domain, Random& random) const;
  void text_first(const Stage& stage, BatchBuilder& builder, Random& random) const;
  void image_first(const Stage& stage, BatchBuilder& builder, Random& random) const;
  /// A built-in task with its classes in new words.
  Task reword(std::size_t which, Random& random) const;
  bool own_prompt(const Picture& picture, Random& random, PromptEncoder::Prompt* prompt,
                  PromptEncoder::Answer* answer) const;
  bool drawn_prompt(const Picture& picture, Random& random, PromptEncoder::Prompt* prompt,
                    PromptEncoder::Answer* answer) const;

  const Recipe& recipe_;
  const std::vector<ImagePool>& pools_;
  const Wordings& wordings_;
  const PromptEncoder& encoder_;
  std::vector<Task> tasks_;
};

}  // namespace firstlight::train
