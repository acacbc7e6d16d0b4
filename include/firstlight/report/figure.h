#pragma once

#include <string>
#include <vector>

#include "firstlight/eval/evaluation.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// A confusion matrix as an SVG picture: the predicted class on y (from the top), the true class on
/// x, and in each cell the number of samples with, in brackets, its fraction of the true class; the
/// layout of Figure 1 of Tanoglidis & Jain (2024, arXiv:2406.17057). `lines` stand below the title,
/// `notes` below the picture. Every text is escaped.
std::string confusion_svg(const Evaluation& evaluation, const std::string& title,
                          const std::vector<std::string>& lines,
                          const std::vector<std::string>& notes);

/// What the figure of a run must say of its data: that they are simulated, or that some answers are
/// not exact probabilities.
std::vector<std::string> figure_notes(const RunStore& run);

}  // namespace firstlight
