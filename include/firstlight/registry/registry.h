#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/hosted/options.h"
#include "firstlight/model/classifier.h"
#include "firstlight/model/model.h"
#include "firstlight/model/reason.h"
#include "firstlight/score/domain.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// Opens MODEL as a vision-language model: embedded | hf:DIR[?dtype=f32|bf16] | openai:NAME |
/// openai:URL#NAME (hosted/hosted.h); a bare folder with a config.json is hf:. `server` is for the
/// last two only. Throws Error.
std::shared_ptr<const VisionLanguageModel> open_vlm(std::string_view spec,
                                                    const hosted::Options& server = {});

/// What the model's folder knows of its training (domain.safetensors), for this task; nothing where
/// it has no such file or lies on a server. Throws Error::input for a damaged one.
std::optional<DomainCheck> open_domain_check(std::string_view spec, const Task& task);

/// How a model that knows `known` of its training gives reasons for a task's labels: by the task's
/// vocabulary where it was trained for the task, with the fit that its folder has for it, else in
/// its own words. Throws Error::input for a damaged fit or one of another vocabulary.
ReasonWriter reason_writer(std::string_view spec, const std::optional<DomainCheck>& known,
                           const Task& task);

/// The folder that a MODEL other than openai: lies in. Throws Error::usage where there is none.
std::string model_folder(std::string_view spec);

/// Opens MODEL as a classifier for `task`: any of the above, or a network, cnn:DIR | vit:DIR, with
/// examples in its prompt where there are any.
std::unique_ptr<Classifier> open_classifier(std::string_view spec, const Task& task,
                                            const hosted::Options& server = {},
                                            std::vector<Shot> shots = {});

}  // namespace firstlight
