#include <algorithm>
#include <filesystem>

#include "firstlight/base/paths.h"
#include "firstlight/base/spec.h"
#include "firstlight/base/text.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/domain_file.h"
#include "firstlight/nn/network.h"
#include "firstlight/nn/statement_file.h"
#include "firstlight/nn/vlm.h"
#include "firstlight/registry/registry.h"

namespace firstlight {
namespace {

const std::vector<std::string> kSchemes = {"hf", "cnn", "vit"};

bool is_network(const Spec& spec) { return spec.scheme == "cnn" || spec.scheme == "vit"; }

nn::VlmOptions options_of(const Spec& spec) {
  spec.require_known({"device", "dtype", "tiles", "quant", "double_quant"});
  nn::VlmOptions options;
  if (const auto device = spec.option("device"); device && *device != "cpu") {
    if (*device != "cuda") {
      throw Error::usage(spec.text, "device '" + *device + "' does not exist", "use cpu or cuda");
    }
    throw Error::usage(spec.text, "this program computes on the CPU alone",
                       "leave device out; on CUDA, libtorch programs run the same models by "
                       "aten::VisionLanguage");
  }
  if (const auto dtype = spec.option("dtype")) {
    if (*dtype == "f32") {
      options.precision = kernels::Precision::kF32;
    } else if (*dtype == "bf16") {
      options.precision = kernels::Precision::kBf16;
    } else {
      throw Error::usage(spec.text, "dtype '" + *dtype + "' does not exist", "use f32 or bf16");
    }
  }
  if (const auto quant = spec.option("quant")) {
    const auto type = nn::four_bit_type(*quant);
    if (!type)
      throw Error::usage(spec.text, "quant '" + *quant + "' does not exist", "use nf4 or fp4");
    options.quant = nn::QuantizeOptions{*type, false, 64};
  }
  if (const auto twice = spec.option("double_quant")) {
    if (!options.quant) throw Error::usage(spec.text, "double_quant belongs to quant");
    if (*twice != "true" && *twice != "false") {
      throw Error::usage(spec.text, "double_quant is '" + *twice + "'", "use true or false");
    }
    options.quant->double_quant = *twice == "true";
  }
  if (const auto tiles = spec.option("tiles")) {
    const auto number = text::parse_int(*tiles);
    if (!number || *number < 0 || *number > 1024) {
      throw Error::usage(spec.text, "tiles is '" + *tiles + "'", "use a whole number from 0 on");
    }
    options.tiles = static_cast<int>(*number);
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
  return folder_of(parse_spec(spec, kSchemes));
}

std::optional<DomainCheck> open_domain_check(std::string_view spec, const Task& task) {
  if (hosted::is_hosted(spec)) return std::nullopt;
  const auto known = nn::read_domains(model_folder(spec));
  if (!known) return std::nullopt;
  std::vector<std::string> names;
  for (const ClassDefinition& definition : task.classes) names.push_back(definition.name);
  return domain_check(known->domains, known->false_alarms, task.name, names);
}

ReasonWriter reason_writer(std::string_view spec, const std::optional<DomainCheck>& known,
                           const Task& task) {
  const auto has_task = [&](const std::vector<std::string>& tasks) {
    return std::find(tasks.begin(), tasks.end(), task.name) != tasks.end();
  };
  const bool trained =
      known && std::any_of(known->domains.begin(), known->domains.end(),
                           [&](const Domain& domain) { return has_task(domain.tasks); });
  ReasonWriter writer;
  if (trained) writer.vocabulary = Vocabulary::of_task(task.name);
  if (!writer.vocabulary) return writer;
  const std::string folder = model_folder(spec);
  for (StatementFit& fit : nn::read_statement_fits(folder)) {
    if (!has_task(fit.tasks)) continue;
    if (!fits_vocabulary(fit, *writer.vocabulary)) {
      throw Error::input(folder + "/" + nn::kStatementFile,
                         "was fitted to other statements than those of '" + task.name + "'",
                         "write it again: firstlight model statements");
    }
    writer.fits.push_back(std::move(fit));
  }
  return writer;
}

std::shared_ptr<const VisionLanguageModel> open_vlm(std::string_view text,
                                                    const hosted::Options& server) {
  if (hosted::is_hosted(text)) return hosted::open_model(text, server);
  const Spec spec = parse_spec(text, kSchemes);
  if (is_network(spec)) {
    throw Error::usage(text, "is a network without a prompt; a vision-language model is needed");
  }
  const nn::VlmOptions options = options_of(spec);
  return nn::load_vlm(folder_of(spec), options);
}

std::unique_ptr<Classifier> open_classifier(std::string_view spec, const Task& task,
                                            const hosted::Options& server,
                                            std::vector<Shot> shots) {
  if (!hosted::is_hosted(spec)) {
    const Spec parsed = parse_spec(spec, kSchemes);
    if (is_network(parsed)) {
      parsed.require_known({});
      if (!shots.empty()) {
        throw Error::usage(spec, "is a network without a prompt, so that it takes no examples");
      }
      const std::string folder = folder_of(parsed);
      const std::string type = nn::read_model_type(folder);
      if (type != (parsed.scheme == "cnn" ? "siamese_cnn" : "vit")) {
        throw Error::usage(spec, "holds a model of type " + type);
      }
      return nn::make_network_classifier(folder, task);
    }
  }
  return make_vlm_classifier(open_vlm(spec, server), task, std::move(shots));
}

}  // namespace firstlight
