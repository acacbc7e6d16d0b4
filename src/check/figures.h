#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/eval/comparison.h"
#include "firstlight/eval/intervals.h"

/// What the checks share: outputs of a trial, and how figures are written.
namespace firstlight::check_detail {

using Json = nlohmann::ordered_json;

/// Labels and probabilities from rows of log-scores.
ClassifierOutput output_of(const std::string& name, const std::vector<double>& log_scores,
                           std::size_t classes);

std::string samples_line(std::size_t n, std::size_t failed, std::size_t without_truth,
                         double level);

Json estimate(const Estimate& estimate, double level);
Json samples_json(std::size_t n, std::size_t failed, std::size_t without_truth);

}  // namespace firstlight::check_detail
