#include "prompt_pictures.h"

namespace firstlight::nn {

PromptPictures::PromptPictures(const VlmModel& model, std::span<const std::int32_t> ids,
                               const std::vector<const ImageFeatures*>& features) {
  const Decoder& decoder = model.decoder();
  std::vector<Decoder::CrossStates> pictures;
  std::vector<std::size_t> filled, all;
  for (const ImageFeatures* f : features) {
    filled.push_back(f->filled);
    all.push_back(f->rows.size() / decoder.hidden());
    pictures.push_back({f->rows.data(), filled.back(), all.back()});
  }
  plan = plan_cross_attention(ids, model.processor().image_token_id(), filled, all);
  state = decoder.make_cross_state(pictures);
}

void PromptPictures::extend(std::size_t more) {
  plan.visible.resize(plan.visible.size() + more, plan.visible.back());
  plan.before.resize(plan.before.size() + more, plan.before.back());
}

}  // namespace firstlight::nn
