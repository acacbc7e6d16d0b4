#pragma once

#include <span>
#include <vector>

#include "cross_attention.h"
#include "vlm_model.h"

namespace firstlight::nn {

/// The pictures of one prompt as a decoder that attends to pictures takes them.
struct PromptPictures {
  PromptPictures() = default;
  /// Throws Error::input where ids and pictures do not fit.
  PromptPictures(const VlmModel& model, std::span<const std::int32_t> ids,
                 const std::vector<const ImageFeatures*>& features);
  /// The same pictures in another prompt.
  void move_to(const VlmModel& model, std::span<const std::int32_t> ids);

  /// For rows from position `first` of the prompt on.
  CrossInput input(std::size_t first) const {
    return {&state, plan.visible.data() + first, plan.before.data() + first};
  }
  /// Room for `more` rows behind the prompt, which see what its last position sees.
  void extend(std::size_t more);

  std::vector<std::size_t> own_rows, all_rows;  ///< of each picture, as in CrossPlan
  CrossState state;
  CrossPlan plan;
};

}  // namespace firstlight::nn
