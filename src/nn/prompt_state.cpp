#include "prompt_state.h"

#include <algorithm>

namespace firstlight::nn {

std::size_t common_positions(const PromptState& kept, const PromptNeeds& needs) {
  if (kept.state.frequencies != needs.frequencies) return 0;
  if (needs.attends && kept.keys != needs.keys) return 0;
  const std::vector<std::int32_t>& a = kept.prompt->ids;
  const std::vector<std::int32_t>& b = needs.prompt.ids;
  auto common = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  common = std::min(common, b.size() - 1);
  if (needs.attends) return common;
  const auto& theirs = kept.prompt->images;
  for (std::size_t i = 0; i < needs.prompt.images.size(); ++i) {
    const auto& image = needs.prompt.images[i];
    if (image.start >= common) break;
    const bool same = i < theirs.size() && theirs[i].start == image.start &&
                      theirs[i].length == image.length && kept.keys[i] == needs.keys[i];
    if (!same || image.start + image.length > common) return image.start;
  }
  return common;
}

std::optional<PromptState> PromptStates::take(const PromptNeeds& needs, std::size_t least) {
  auto best = kept_.end();
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    const std::size_t common = common_positions(*at, needs);
    if (common <= least) continue;
    least = common;
    best = at;
  }
  if (best == kept_.end()) return std::nullopt;
  std::optional<PromptState> taken(std::move(*best));
  kept_.erase(best);
  return taken;
}

void PromptStates::put(PromptState state, std::size_t most) {
  kept_.push_front(std::move(state));
  while (kept_.size() > most) kept_.pop_back();
}

}  // namespace firstlight::nn
