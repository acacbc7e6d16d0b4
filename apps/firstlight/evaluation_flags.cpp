#include "evaluation_flags.h"

namespace firstlight::app {

void EvaluationFlags::add(CLI::App& command) {
  command
      .add_option("--against", against_,
                  "accuracy, efficiency and purity against a metadata column: 10 bins of equal "
                  "width, N bins, or those between the edges; a column of texts has a bin for each")
      ->type_name("COLUMN[:N|:EDGES]")
      ->allow_extra_args(false);
  command.add_option("--weight", weight_, "metadata column with event weights")
      ->type_name("COLUMN");
  command
      .add_option("--exposure", exposure_,
                  "what sums of weights in S / sqrt(S + B) are multiplied by")
      ->type_name("X")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--background-efficiency", background_efficiencies_,
                  "a working point: the fraction of other classes that may be accepted (default "
                  "0.01 and 0.1)")
      ->type_name("F")
      ->check(CLI::Range(1e-9, 1.0))
      ->allow_extra_args(false);
}

EvaluationColumns EvaluationFlags::columns() const {
  EvaluationColumns columns;
  for (const std::string& item : against_) columns.against.push_back(parse_binning(item));
  columns.weight = weight_;
  return columns;
}

void EvaluationFlags::apply(EvaluationOptions& options) const {
  options.exposure = exposure_;
  if (!background_efficiencies_.empty()) options.background_efficiencies = background_efficiencies_;
}

}  // namespace firstlight::app
