#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

/// Put at the end of a class line, it marks the place and is taken out again.
inline constexpr char kLineEnd = '\x1f';

/// What a class line says.
struct LineMeaning {
  std::int64_t meaning = 0;  ///< the concept, by place in the wordings
  std::int64_t mark = 0;     ///< the token by which its answer has parted from all others
};

/// Turns a task's prompt and answers into token ids exactly as the finished model folder will.
class PromptEncoder {
 public:
  /// Reads tokenizer and chat template of the recipe.
  explicit PromptEncoder(const Recipe& recipe);

  /// A conversation up to where the answer starts, split at its images, which stand one after the
  /// other: ids before and after.
  struct Prompt {
    std::vector<std::int32_t> before;
    std::vector<std::int32_t> after;
    std::size_t images = 1;
    /// Where the lines of the classes end (kLineEnd), in order: places in `before`, then `after`.
    std::vector<std::size_t> lines;
  };
  /// Ids of an answer, end of text included.
  struct Answer {
    std::vector<std::int32_t> ids;
    std::size_t label = 0;     ///< the first of them, which are the label's; 0 = all
    bool label_given = false;  ///< the label is put there, not learnt
    /// What the lines of the prompt are about (see LineTargets), and the place of the label's.
    std::vector<LineMeaning> lines = {};
    std::size_t line = 0;
    std::size_t size() const { return ids.size(); }
  };

  /// Throws Error::usage unless the prompt holds images, with nothing between them.
  Prompt encode(const RenderedPrompt& prompt) const;
  /// `label` is the beginning of `answer` before a reason.
  Answer encode_answer(const std::string& answer, const std::string& label = {}) const;
  std::size_t vocab_size() const { return tokenizer_.vocab_size(); }

 private:
  nn::Tokenizer tokenizer_;
  nn::ChatTemplate template_;
  SpecialTokens special_;
};

class ReasonSource;

/// A sample of a stream.
using Picture = std::pair<const ImagePool*, std::size_t>;

/// A task's prompt for a sample of a stream: of the task's views those that the sample has, and its
/// measured columns. Throws Error::usage for a field that the sample has not.
RenderedPrompt render_for(const Task& task, const PromptVariant& variant, const Picture& sample);

/// Place in `answers[which]` of the token by which it has parted from all others; the last place
/// where another begins with it.
std::size_t first_own_token(const std::vector<std::vector<std::int32_t>>& answers,
                            std::size_t which);

/// What is asked of the middle of the decoder (docs/training.md): where a class line ends, which
/// concept it describes and what its answer is; where an answer's label is learnt, which of the
/// listed concepts the sample shows.
struct LineTargets {
  torch::Tensor rows;            ///< i64 [n]: ends of lines
  torch::Tensor meanings;        ///< i64 [n]: concepts, by place in the wordings
  torch::Tensor marks;           ///< i64 [n]: tokens
  torch::Tensor answer_rows;     ///< i64 [m]
  torch::Tensor answer_meaning;  ///< i64 [m]
  torch::Tensor answer_lines;    ///< i64 [m]: the row where the line of the label ends
  torch::Tensor listed;          ///< bool [m, concepts]: what the prompt lists
};

/// Rows for one step of the decoder and what it should say.
struct LanguageBatch {
  aten::PackedText text;
  std::vector<Picture> images;  ///< samples; image_index counts their pictures one by one
  torch::Tensor wanted;         ///< i64 [n]: rows whose next token is learnt
  torch::Tensor targets;        ///< i64 [n]
  torch::Tensor answer;         ///< i64 [n]: which answer a target belongs to, from 0
  torch::Tensor weight;         ///< f32 [n]: of a target in the loss
  std::int64_t answers = 0;
  LineTargets lines;
};

/// Collects groups (aten::PackedGroup) row by row. One thread at a time.
class BatchBuilder {
 public:
  /// `reason_weight`: of a reason's token in the loss.
  explicit BatchBuilder(std::int64_t image_tokens, double reason_weight = 1,
                        std::int64_t concepts = 0)
      : image_tokens_(image_tokens),
        reason_weight_(static_cast<float>(reason_weight)),
        concepts_(concepts) {}

  /// Prompts whose text comes before the images (all with the same `before`): one branch for each
  /// sample with its prompt and answer.
  void add_text_first(const std::vector<PromptEncoder::Prompt>& prompts,
                      const std::vector<Picture>& samples,
                      const std::vector<PromptEncoder::Answer>& answers);
  /// A sample with several prompts (all with the same `before`), each with its answer.
  void add_image_first(const Picture& sample, const std::vector<PromptEncoder::Prompt>& prompts,
                       const std::vector<PromptEncoder::Answer>& answers);
  /// A sample with one prompt and all answers of a task, for scoring.
  void add_scored(const Picture& sample, const PromptEncoder::Prompt& prompt,
                  const std::vector<PromptEncoder::Answer>& answers);
  LanguageBatch finish();

 private:
  struct Row {
    std::int64_t token = 0;
    std::int64_t position = 0;
  };
  void tokens(const std::vector<std::int32_t>& ids, std::int64_t position);
  /// The next `count` pictures; returns how many rows they take.
  std::int64_t pictures(std::size_t count, std::int64_t position);
  /// `before` is the row that predicts the answer's first token.
  void answer(const PromptEncoder::Answer& ids, std::int64_t position, std::int64_t before);
  /// The lines of a prompt whose texts begin at these rows.
  void lines(const PromptEncoder::Prompt& prompt, const PromptEncoder::Answer& answer,
             std::int64_t before, std::int64_t after);
  std::int64_t last_row() const { return static_cast<std::int64_t>(rows_.size()) - 1; }
  void pad(std::int64_t rows);
  std::int64_t rows_of(std::size_t pictures) const {
    return static_cast<std::int64_t>(pictures) * image_tokens_;
  }

  std::int64_t image_tokens_;
  float reason_weight_;
  std::int64_t concepts_;
  std::int64_t next_picture_ = 0;
  std::vector<Row> rows_;
  std::vector<std::int64_t> image_rows_;
  std::vector<std::int64_t> image_index_;
  std::vector<std::int64_t> wanted_;
  std::vector<std::int64_t> targets_;
  std::vector<std::int64_t> answer_of_;
  std::vector<float> weights_;
  std::vector<std::int64_t> line_rows_;
  std::vector<std::int64_t> line_meanings_;
  std::vector<std::int64_t> line_marks_;
  std::vector<std::int64_t> answer_rows_;
  std::vector<std::int64_t> answer_lines_;
  std::vector<std::int64_t> answer_meanings_;
  std::vector<std::vector<std::int64_t>> listed_;
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
  /// A sample of one of the stage's streams.
  Picture image(const Stage& stage, Random& random) const;

 private:
  const ImagePool* stream(const Stage& stage, const std::string& domain, Random& random) const;
  const Question& question(const std::string& domain, Random& random) const;
  /// Places in `tasks_` of those of a domain whose prompt lists the classes before the images, or
  /// not before them.
  std::vector<std::size_t> own_tasks(const std::string& domain, bool text_leads) const;
  void text_first(const Stage& stage, BatchBuilder& builder, Random& random) const;
  void image_first(const Stage& stage, BatchBuilder& builder, Random& random) const;
  /// A task and how it is asked. A built-in one sometimes with fewer classes, another answer
  /// template, its classes in new words, in another order or undescribed.
  struct AskedTask {
    std::size_t which = 0;
    Task task;
    std::vector<std::string> concepts;  ///< by class of `task`
    PromptVariant variant;
    std::vector<LineMeaning> lines = {};  ///< in the prompt's order; empty where not asked about
    /// Which class stands at a place of the prompt.
    std::size_t class_at(std::size_t place) const {
      return variant.order.empty() ? place : variant.order[place].index();
    }
  };
  /// Shuffles the names of the classes against their descriptions.
  static void exchange_names(AskedTask& own, Random& random);
  /// Leaves some classes out, and at least two in.
  static void ask_fewer(AskedTask& own, Random& random);
  AskedTask draw_own(const std::vector<std::size_t>& fitting, const Stage& stage,
                     Random& random) const;
  /// A label with a reason that is true of the sample. Sometimes the label is any of them, and
  /// given. nullopt where nothing is known of the sample.
  std::optional<PromptEncoder::Answer> reason(const AskedTask& own, const Picture& picture,
                                              std::size_t label, Random& random) const;
  static AskedTask as_asked(DrawnTask drawn);
  /// A task drawn from the wordings for one of their questions.
  AskedTask draw_other(const Question& question, bool image_first, const Stage& stage,
                       Random& random) const;
  /// One prompt with its answer.
  struct Asked {
    PromptEncoder::Prompt prompt;
    PromptEncoder::Answer answer;
  };
  /// Puts a task to a sample; nullopt where the sample shows none of its concepts, or more than
  /// one, or no reason is known.
  std::optional<Asked> ask(const AskedTask& asked, const Picture& picture, Random& random) const;
  /// With its lines marked and their meanings, where the stage asks about lines.
  AskedTask with_lines(AskedTask asked, const Stage& stage) const;
  /// Puts a drawn task to a sample, image first.
  std::optional<Asked> ask_other(const Picture& picture, bool brief, const Stage& stage,
                                 Random& random) const;

  const Recipe& recipe_;
  const std::vector<ImagePool>& pools_;
  const Wordings& wordings_;
  const PromptEncoder& encoder_;
  std::vector<Task> tasks_;
  std::vector<std::shared_ptr<const ReasonSource>> reasons_;  ///< by task; null without any
};

}  // namespace firstlight::train
