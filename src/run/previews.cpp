#include "previews.h"

#include <algorithm>

namespace firstlight::run_detail {
namespace {
constexpr std::size_t kKinds = 2;
}

PreviewContest::PreviewContest(std::size_t classes)
    : capacity_(kMaxPreviews / (kKinds * std::max<std::size_t>(classes, 1))), one_group_(false) {
  if (capacity_ == 0) {
    capacity_ = kMaxPreviews / kKinds;
    one_group_ = true;
  }
}

PreviewContest::Key PreviewContest::key(const PreviewChoice& choice) const {
  return {choice.kind, one_group_ ? std::string() : choice.group};
}

void PreviewContest::restore(std::uint64_t position, const PreviewChoice& choice) {
  places_[key(choice)].emplace(choice.rank, position);
  ++held_[position];
}

PreviewContest::Outcome PreviewContest::enter(std::uint64_t position,
                                              const std::vector<PreviewChoice>& choices) {
  Outcome outcome;
  for (PreviewChoice choice : choices) {
    const Key at = key(choice);
    choice.group = at.second;
    auto& places = places_[at];
    places.emplace(choice.rank, position);
    ++held_[position];
    if (places.size() <= capacity_) {
      outcome.won.push_back(choice);
      continue;
    }
    const auto last = std::prev(places.end());
    const auto [rank, loser] = *last;
    places.erase(last);
    const bool gone = --held_[loser] == 0;
    if (gone) held_.erase(loser);
    if (loser == position) continue;
    outcome.won.push_back(choice);
    outcome.lost.push_back({loser, {at.first, at.second, rank}});
    if (gone) outcome.removed.push_back(loser);
  }
  return outcome;
}

}  // namespace firstlight::run_detail
