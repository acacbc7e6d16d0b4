#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "firstlight/eval/evaluation.h"
#include "firstlight/report/overview.h"

namespace firstlight::app {

/// --against, --weight, --exposure and --background-efficiency.
class EvaluationFlags {
 public:
  void add(CLI::App& command);
  EvaluationColumns columns() const;
  /// Writes what was given into `options`.
  void apply(EvaluationOptions& options) const;

 private:
  std::vector<std::string> against_;
  std::string weight_;
  double exposure_ = 1.0;
  std::vector<double> background_efficiencies_;
};

}  // namespace firstlight::app
