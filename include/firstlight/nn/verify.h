#pragma once

#include <string>
#include <vector>

namespace firstlight::nn {

/// One stage of the forward pass, ours against the reference's.
struct StageDifference {
  std::string name;
  double difference = 0.0;  ///< largest absolute one; infinite where shapes differ or a NaN occurs
  double tolerance = 0.0;
  std::string note;  ///< what is wrong where it is not the numbers

  bool equal() const { return difference <= tolerance; }
};

struct VerifyReport {
  std::vector<StageDifference> stages;  ///< in the order of the forward pass

  bool equal() const { return first_different() == nullptr; }
  /// The first stage that differs; null where all are equal.
  const StageDifference* first_different() const;
};

/// Runs the `llava` model in `folder` in f32 on `inputs` (docs/verifying-a-model.md) and writes
/// input_ids, pixel_values, vision_features, projected, hidden.N and logits to a safetensors file.
/// Throws Error.
void dump_model(const std::string& folder, const std::string& inputs, const std::string& out);

/// Runs the model on fixture/inputs.json in f32 and compares every array of
/// fixture/expected.safetensors. Tolerances, as largest absolute difference: ids equal, pixel
/// values 1e-5, vision features and projection 1e-4, hidden states and logits 1e-3; where the
/// reference's numbers exceed 10, a tenth of the largest times as much. Throws Error.
VerifyReport verify_model(const std::string& folder, const std::string& fixture);

}  // namespace firstlight::nn
