#include "firstlight/score/label_scores.h"

#include <utility>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

constexpr std::pair<ScoreKind, const char*> kKinds[] = {
    {ScoreKind::kExact, "exact"}, {ScoreKind::kTop20, "top20"},   {ScoreKind::kSchema, "schema"},
    {ScoreKind::kText, "text"},   {ScoreKind::kLogits, "logits"},
};

}  // namespace

std::string to_string(ScoreKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  throw Error::internal("score kind", "no such value");
}

std::optional<ScoreKind> score_kind(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (name == known) return value;
  }
  return std::nullopt;
}

}  // namespace firstlight
