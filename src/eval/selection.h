#pragma once

#include <vector>

#include "firstlight/eval/evaluation.h"

namespace firstlight {

// `input` has been checked by evaluate() and has `classes` classes; labels are in `predicted`.

std::vector<BackgroundMetrics> background_metrics(const EvaluationInput& input, std::size_t classes,
                                                  const EvaluationOptions& options);
std::vector<SelectionMetrics> selection_metrics(const EvaluationInput& input, std::size_t classes,
                                                const EvaluationOptions& options);
std::vector<SetMetrics> set_metrics(const EvaluationInput& input, const EvaluationOptions& options);
/// Throws Error::usage where a column has no values to bin, or too many distinct texts.
std::vector<Against> against_columns(const EvaluationInput& input, std::size_t classes,
                                     const EvaluationOptions& options);

}  // namespace firstlight
