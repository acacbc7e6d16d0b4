#pragma once

#include <utility>
#include <vector>

#include "firstlight/aten/llava.h"
#include "firstlight/train/batch.h"
#include "firstlight/train/pool.h"
#include "vision_heads.h"

namespace firstlight::train {

/// All pictures of samples as the model takes them, f32 [n, 3, size, size]: changed at random where
/// `random` is given, else only resized.
torch::Tensor picture_pixels(const Recipe& recipe, const std::vector<Picture>& images,
                             Random* random);

/// Projected patch features of images, [images * patches, text hidden].
torch::Tensor projected_patches(const aten::Llava& model, const torch::Tensor& pixel_values);

/// Samples of a validation set that a question could be put to, and how many were answered right.
struct ValidationCount {
  int asked = 0;
  int right = 0;
};

/// Measures a model in training by the built-in tasks' own prompts, or its vision tower by the
/// linear heads. The references must outlive it. One thread at a time.
class Validation {
 public:
  Validation(const Recipe& recipe, const Wordings& wordings, const PromptEncoder& encoder,
             const std::vector<Task>& tasks);

  /// The heads' answers to the first question of the set's domain.
  ValidationCount vision(const aten::Llava& model, const VisionHeads& heads,
                         const ImagePool& pool) const;
  /// The most probable answer, scored token by token, to the first task of the set's domain.
  ValidationCount language(const aten::Llava& model, const ImagePool& pool) const;

 private:
  const Recipe& recipe_;
  const Wordings& wordings_;
  const PromptEncoder& encoder_;
  const std::vector<Task>& tasks_;  ///< by position in the recipe's `tasks`
};

}  // namespace firstlight::train
