#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/model/model.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// Opens MODEL as a vision-language model: embedded | hf:DIR[?dtype=f32|bf16]; a bare folder with a
/// config.json is hf:. Throws Error.
std::shared_ptr<const VisionLanguageModel> open_vlm(std::string_view spec);

/// The folder that a MODEL of these kinds lies in. Throws Error::usage where there is none.
std::string model_folder(std::string_view spec);

/// Opens MODEL as a classifier for `task`.
std::unique_ptr<Classifier> open_classifier(std::string_view spec, const Task& task);

}  // namespace firstlight
