#include "prompt_pictures.h"

namespace firstlight::nn {

PromptPictures::PromptPictures(const VlmModel& model, std::span<const std::int32_t> ids,
                               const std::vector<const ImageFeatures*>& features) {
  const Decoder& decoder = model.decoder();
  std::vector<Decoder::CrossStates> pictures;
  for (const ImageFeatures* f : features) {
    own_rows.push_back(f->filled);
    all_rows.push_back(f->rows.size() / decoder.hidden());
    pictures.push_back({f->rows.data(), own_rows.back(), all_rows.back()});
  }
  move_to(model, ids);
  state = decoder.make_cross_state(pictures);
}

void PromptPictures::move_to(const VlmModel& model, std::span<const std::int32_t> ids) {
  plan = plan_cross_attention(ids, model.processor().image_token_id(), own_rows, all_rows);
}

void PromptPictures::extend(std::size_t more) {
  plan.visible.resize(plan.visible.size() + more, plan.visible.back());
  plan.before.resize(plan.before.size() + more, plan.before.back());
}

}  // namespace firstlight::nn
