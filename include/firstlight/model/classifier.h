#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firstlight/data/sample.h"
#include "firstlight/model/model.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// One look at a sample: the main prompt, or one that measures the model's bias.
struct Pass {
  enum class Kind {
    kMain,            ///< "main"
    kBlank,           ///< "blank": a uniform mid-grey image of the same size in place of each view
    kNoDescriptions,  ///< "no_descriptions"
    kOrder,           ///< "order_k": classes rotated left by k places
    kOrientation,     ///< "orientation_k": each view as oriented() gives it (image/orientation.h)
  };
  Kind kind = Kind::kMain;
  int k = 0;  ///< of order_k, 1 <= k < classes, and orientation_k, 1 <= k < kOrientations

  std::string name() const;
  friend bool operator==(const Pass&, const Pass&) = default;
};

/// A sample as a classifier gets it: views already stretched, cropped and resized by the task.
struct PreparedSample {
  std::string id;
  struct View {
    std::string name;
    Image image;
  };
  std::vector<View> views;
  std::vector<Metadata> metadata;  ///< measured and truth; a classifier may read measured only
};

/// What a model writes about a sample in the main prompt.
struct Writing {
  int max_tokens = 64;       ///< of free text, >= 1
  bool constrained = false;  ///< only the task's answers can be written, each to its end
  int beams = 1;             ///< of constrained decoding; 1 is greedy, as free text is
  /// The prompt asks for a reason and the answer begins with this class's: only the reason is
  /// written.
  std::optional<ClassId> label = {};
};

/// Task and model joined: what a run calls. Same thread contract as VisionLanguageModel.
class Classifier {
 public:
  virtual ~Classifier() = default;

  virtual Capabilities capabilities() const = 0;
  virtual std::string content_hash() const = 0;
  /// One result a sample, each independent of the rest of the batch.
  virtual std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                                    const Pass& pass) const = 0;
  /// The prompt of a sample as the model gets it; Error for models without a prompt.
  virtual Result<PromptDescription> describe(const PreparedSample& sample,
                                             const Pass& pass) const = 0;
  /// Text by the model; Error, the default, for models that write none.
  virtual Result<Generated> generate(const PreparedSample& sample, const Writing& writing) const;
  /// log P of each text, to its end, as the reason of a label: the prompt asks for a reason and the
  /// answer begins with the label's, whose own part is in every number. Error, the default, for
  /// models that write no text.
  virtual Result<std::vector<double>> score_reasons(const PreparedSample& sample, ClassId label,
                                                    std::span<const std::string> texts) const;
};

/// A sample with its answer, shown in the prompt before the question.
struct Shot {
  PreparedSample sample;
  ClassId truth;
};

/// Joins a VLM with a task. `shots` stand in this order before the task's own prompt, each with its
/// views and the answer of its class. A sample whose pictures are those of a shot is refused.
/// Throws Error::usage where they do not fit: two answers that tokenise alike, more pictures than
/// the model takes, a literal chat form without what the model needs or with shots.
std::unique_ptr<Classifier> make_vlm_classifier(std::shared_ptr<const VisionLanguageModel> model,
                                                Task task, std::vector<Shot> shots = {});

}  // namespace firstlight
