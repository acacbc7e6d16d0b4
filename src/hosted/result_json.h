#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "firstlight/score/label_scores.h"

namespace firstlight::hosted {

/// A read answer as one line of JSON, to be kept until the run's tables hold it.
std::string to_json(const LabelScores& scores);
/// nullopt where the text is damaged or of another number of classes.
std::optional<LabelScores> scores_from_json(const std::string& json, std::size_t classes);

}  // namespace firstlight::hosted
