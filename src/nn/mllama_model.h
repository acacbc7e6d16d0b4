#pragma once

#include <memory>
#include <string>

#include "vlm_model.h"

namespace firstlight::nn {

std::unique_ptr<const VlmModel> open_mllama(const std::string& folder,
                                            const kernels::Kernels& kernels,
                                            kernels::Precision precision,
                                            const VlmOptions& options);

}  // namespace firstlight::nn
