#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/nn/verify.h"
#include "parity/checkpoint.h"

namespace firstlight::nn {

inline void expect_equal(const std::string& folder, const std::string& fixture) {
  const VerifyReport report = verify_model(folder, fixture);
  for (const StageDifference& stage : report.stages) {
    EXPECT_LE(stage.difference, stage.tolerance) << stage.name << " " << stage.note;
  }
  EXPECT_TRUE(report.equal());
}

/// The same on every instruction set of this machine.
inline void expect_equal_everywhere(const std::string& folder, const std::string& fixture) {
  for (const kernels::Isa isa : kernels::available_isas()) {
    SCOPED_TRACE(to_string(isa));
    setenv("FIRSTLIGHT_ISA", to_string(isa).c_str(), 1);
    expect_equal(folder, fixture);
  }
  unsetenv("FIRSTLIGHT_ISA");
}

inline double logits_difference(const std::string& folder, const std::string& fixture) {
  for (const StageDifference& stage : verify_model(folder, fixture).stages) {
    if (stage.name == "logits") return stage.difference;
  }
  ADD_FAILURE() << "no logits";
  return 0.0;
}

/// A part of a model that can be taken away by its numbers.
struct Removal {
  std::vector<std::string> tensors;
  float value = 0.0f;  ///< at which the part does nothing
};

/// Without a part the logits must move by 20 times their tolerance, or a comparison with the
/// reference could not tell whether the part is there.
inline void expect_parts_show(const std::string& type, const std::string& name,
                              const std::string& fixture, const std::vector<Removal>& removals) {
  const TemporaryFolder temporary;
  for (const Removal& removal : removals) {
    Checkpoint checkpoint(name, type);
    for (const std::string& tensor : removal.tensors) checkpoint.fill(tensor, removal.value);
    checkpoint.write(temporary.path("changed"));
    EXPECT_GT(logits_difference(temporary.path("changed"), fixture), 20 * 1e-3)
        << removal.tensors.front();
  }
}

}  // namespace firstlight::nn
