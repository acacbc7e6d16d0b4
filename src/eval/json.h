#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "firstlight/eval/evaluation.h"

/// How figures are written as JSON: what is not finite is null, counts are whole where they can be.
namespace firstlight::eval_json {

using Json = nlohmann::ordered_json;

Json number(double value);
Json numbers(const std::vector<double>& values);
/// Whole numbers stay whole: counts are integers unless events are weighted.
Json count(double value);
Json counts(const std::vector<double>& values);
/// {"value", "low", "high", "level", "method"}, "one_sigma" and "undefined" where there are any.
Json estimate(const Estimate& estimate, double level);

/// `{CLASS: make(k)}`.
template <typename Make>
Json by_class(const std::vector<std::string>& classes, const Make& make) {
  Json out = Json::object();
  for (std::size_t k = 0; k < classes.size(); ++k) out[classes[k]] = make(k);
  return out;
}

/// The keys that selection.h is about: matrices normalised by truth and by prediction,
/// working_points, significance, backgrounds, against.
void add_selection(const Evaluation& evaluation, Json& out);

}  // namespace firstlight::eval_json
