#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/aten/llava_shape.h"
#include "firstlight/data/source.h"
#include "firstlight/task/condition.h"
#include "firstlight/train/map_changes.h"

namespace firstlight::train {

/// Which concepts (wordings file) a sample shows: all rules whose condition holds add theirs.
struct ConceptRule : Condition {
  std::vector<std::string> concepts;
};

/// A set of images to learn from.
struct StreamSpec {
  std::string name;
  std::string data;    ///< DATA spec; a relative path counts from the working folder
  std::string domain;  ///< as in the wordings' questions
  Selection selection;
  std::vector<ConceptRule> rules;
  bool upright = false;  ///< augment by flips and quarter turns only, without scaling or shifting
  /// Sparse maps: the built-in task whose views a sample shows, each as a picture of its own; empty
  /// = the first view is one picture.
  std::string task;
  MapChanges changes;  ///< random changes of sparse maps
};

/// A built-in task whose own prompt is trained on, with the concept that each class means.
struct TaskSpec {
  std::string task;
  std::string domain;
  std::vector<std::string> concepts;  ///< by ClassId
};

struct Stage {
  enum class Kind {
    kVision,    ///< vision tower alone: linear heads on its mean feature answer every question
    kLanguage,  ///< the whole model, answers' log-probabilities under drawn prompts
  };
  std::string name;
  Kind kind = Kind::kVision;
  std::int64_t steps = 1000;
  double rate = 1e-3;  ///< peak learning rate
  std::int64_t warmup = 100;
  double weight_decay = 0.05;
  double vision_rate = 1.0;               ///< factor on the rate of the vision tower; 0 freezes it
  std::map<std::string, double> streams;  ///< name -> share
  int batch = 128;                        ///< vision: images in a step
  int text_first_groups = 4;              ///< language: one prompt shared by `branches` images
  int image_first_groups = 8;             ///< language: one image shared by `branches` prompts
  int branches = 8;                       ///< text first
  int image_branches = 4;                 ///< image first
  double task_share = 0.3;                ///< prompts that are a built-in task's own, by domain
  /// Of the other image-first groups, how many are of brief prompts (draw_brief_task), four times
  /// as many of them.
  double brief = 0;
  /// Of a task's own, how many give the numbers of the classes in their lines alone.
  double lines_alone = 0;
  double lines = 0;  ///< language: weight of what the middle of the decoder is asked (LineTargets)
  double reason_share = 0;      ///< of a task's own, how many ask for the label's reason
  double task_reworded = 0.65;  ///< of those, how many describe the classes in new words
  double task_reordered = 0.6;  ///< of those, how many shuffle the classes
  /// Of those that show names, how many shuffle the names against the descriptions, which decide.
  double exchanged_names = 0;
  double fewer_classes = 0;    ///< of those, how many leave some classes out
  double other_answers = 0;    ///< of those, how many are answered by name or by key
  double reason_weight = 0.1;  ///< of a reason's token in the loss; a label's is 1
  /// Language: the stage ends with the exponential moving average of its weights, w' = a w' + (1 -
  /// a) w after each step (Polyak & Juditsky 1992); 0 = with the last weights.
  double average = 0;
};

/// A recipe: everything that `firstlight train vlm` needs (docs/training.md).
struct Recipe {
  std::string name;
  std::string folder;  ///< where the recipe lies; its files are named relative to it
  std::uint64_t seed = 1;
  std::string tokenizer;
  std::string chat_template;
  std::string wordings;
  std::vector<double> image_mean;
  std::vector<double> image_std;
  int pool_side = 112;  ///< pixels of the images kept in memory
  aten::LlavaShape shape;
  std::vector<StreamSpec> streams;
  std::vector<StreamSpec> validation;
  std::vector<TaskSpec> tasks;
  std::vector<Stage> stages;
  std::string text;  ///< the YAML as read

  /// Throws Error::usage with file and line.
  static Recipe load(const std::string& path);
};

}  // namespace firstlight::train
