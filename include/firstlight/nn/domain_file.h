#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstlight/score/domain.h"

namespace firstlight::nn {

/// What a model folder says of the model's training.
struct KnownDomains {
  double false_alarms = 0;  ///< that the thresholds are for
  std::vector<Domain> domains;
};

/// The name of the file, beside the weights. For each stream it holds the tensors
/// `DOMAIN.PLACE.mean` and `DOMAIN.PLACE.whitening` in f32; tasks, words, data and thresholds are
/// JSON text, the bytes of the tensor `domains`.
inline constexpr const char* kDomainFile = "domain.safetensors";

/// Nothing where the folder has no such file, or, with a warning, where the file was written for
/// other weights. Throws Error::input for a damaged one.
std::optional<KnownDomains> read_domains(const std::string& folder);

/// Throws Error::internal where the file cannot be written.
void write_domains(const std::string& folder, const KnownDomains& known);

}  // namespace firstlight::nn
