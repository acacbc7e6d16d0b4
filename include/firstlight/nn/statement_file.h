#pragma once

#include <string>
#include <vector>

#include "firstlight/model/reason.h"

namespace firstlight::nn {

/// The name of the file, beside the weights: JSON, a StatementFit for each vocabulary and
/// number of views.
inline constexpr const char* kStatementFile = "statements.json";

/// Empty where the folder has no such file, or, with a warning, where it was written for other
/// weights. Throws Error::input for a damaged one.
std::vector<StatementFit> read_statement_fits(const std::string& folder);

/// Adds fits to the file, or puts them in the place of those for the same tasks and number of
/// views; fits for other weights are dropped. Throws Error::internal where the file cannot be
/// written.
void add_statement_fits(const std::string& folder, const std::vector<StatementFit>& added);

}  // namespace firstlight::nn
