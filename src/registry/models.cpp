#include <filesystem>

#include "firstlight/base/paths.h"
#include "firstlight/base/spec.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/llava.h"
#include "firstlight/registry/registry.h"

namespace firstlight {
namespace {

/// The visible list of model types: config.json's "model_type" and what opens it.
struct ModelType {
  const char* name;
  std::shared_ptr<const VisionLanguageModel> (*open)(const std::string& folder,
                                                     const nn::LlavaOptions& options);
};
constexpr ModelType kTypes[] = {{"llava", nn::load_llava}};

nn::LlavaOptions options_of(const Spec& spec) {
  spec.require_known({"dtype"});
  nn::LlavaOptions options;
  if (const auto dtype = spec.option("dtype")) {
    if (*dtype == "f32") {
      options.precision = kernels::Precision::kF32;
    } else if (*dtype == "bf16") {
      options.precision = kernels::Precision::kBf16;
    } else {
      throw Error::usage(spec.text, "dtype '" + *dtype + "' does not exist", "use f32 or bf16");
    }
  }
  return options;
}

std::string folder_of(const Spec& spec) {
  if (spec.scheme.empty() && spec.body == "embedded")
    return share_dir() + "/models/firstlight-small";
  if (!std::filesystem::is_directory(spec.body)) {
    throw Error::usage(spec.text, "is no model folder",
                       "name 'embedded' or a folder with a config.json");
  }
  return spec.body;
}

}  // namespace

std::string model_folder(std::string_view spec) {
  if (hosted::is_hosted(spec)) throw Error::usage(spec, "is on a server and in no folder");
  return folder_of(parse_spec(spec, {"hf"}));
}

std::shared_ptr<const VisionLanguageModel> open_vlm(std::string_view text,
                                                    const hosted::Options& server) {
  if (hosted::is_hosted(text)) return hosted::open_model(text, server);
  const Spec spec = parse_spec(text, {"hf"});
  const nn::LlavaOptions options = options_of(spec);
  const std::string folder = folder_of(spec);
  const std::string type = nn::read_model_type(folder);
  std::string known;
  for (const ModelType& candidate : kTypes) {
    if (type == candidate.name) return candidate.open(folder, options);
    known += (known.empty() ? "" : ", ") + std::string(candidate.name);
  }
  throw Error::input(folder + "/config.json", "model type '" + type + "' is not supported",
                     "supported: " + known);
}

std::unique_ptr<Classifier> open_classifier(std::string_view spec, const Task& task,
                                            const hosted::Options& server,
                                            std::vector<Shot> shots) {
  return make_vlm_classifier(open_vlm(spec, server), task, std::move(shots));
}

}  // namespace firstlight
