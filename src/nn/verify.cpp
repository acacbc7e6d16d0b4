#include "firstlight/nn/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>

#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/vlm.h"
#include "json_reader.h"
#include "stages.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

struct Inputs {
  std::vector<Image> images;
  std::vector<std::int32_t> ids;
};

/// {"role": ..., "content": a text or a list of {"type": "image"} and {"type": "text", "text":
/// ...}}.
std::vector<ChatMessage> read_messages(const JsonReader& r, const json& list) {
  const Error malformed = r.error(
      "messages", "must be a list of objects with role and content, as transformers has them");
  if (!list.is_array()) throw malformed;
  std::vector<ChatMessage> messages;
  for (const json& entry : list) {
    if (!entry.is_object() || !entry.contains("role") || !entry["role"].is_string() ||
        !entry.contains("content")) {
      throw malformed;
    }
    ChatMessage message{entry["role"].get<std::string>(), {}};
    const json& content = entry["content"];
    if (content.is_string()) {
      message.content.push_back({PromptPart::Kind::kText, content.get<std::string>()});
    } else if (content.is_array()) {
      for (const json& part : content) {
        const std::string type =
            part.is_object() && part.contains("type") && part["type"].is_string()
                ? part["type"].get<std::string>()
                : "";
        if (type == "image") {
          message.content.push_back({PromptPart::Kind::kImage, "image"});
        } else if (type == "text" && part.contains("text") && part["text"].is_string()) {
          message.content.push_back({PromptPart::Kind::kText, part["text"].get<std::string>()});
        } else {
          throw malformed;
        }
      }
    } else {
      throw malformed;
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

Inputs read_inputs(const std::string& path, const VlmModel& model) {
  const json object = parse_object(text::read_file(path), path);
  const JsonReader r(object, path);
  Inputs inputs;
  if (const json* images = r.find("images")) {
    if (!images->is_array()) throw r.error("images", "must be a list of files");
    for (const json& name : *images) {
      if (!name.is_string()) throw r.error("images", "must be a list of files");
      const std::string file =
          (std::filesystem::path(path).parent_path() / name.get<std::string>()).string();
      Result<Pixels> pixels = read_image(file);
      if (!pixels) throw pixels.error();
      Image* image = std::get_if<Image>(&pixels.value());
      if (image == nullptr) throw Error::input(file, "is not an 8-bit picture");
      if (image->channels == 1) {
        Image colour{image->width, image->height, 3, {}};
        for (const std::uint8_t v : image->pixels) colour.pixels.insert(colour.pixels.end(), 3, v);
        *image = std::move(colour);
      }
      inputs.images.push_back(std::move(*image));
    }
  }
  const VlmProcessor& processor = model.processor();
  std::vector<std::size_t> positions;
  for (const Image& image : inputs.images) {
    positions.push_back(model.positions(image.width, image.height));
  }
  if (const auto ids = r.token_ids("input_ids")) {
    inputs.ids = *ids;
  } else if (r.has("text")) {
    inputs.ids = processor.encode(r.string("text", {}), positions);
  } else if (const json* messages = r.find("messages")) {
    inputs.ids =
        processor.encode(processor.chat_text(read_messages(r, *messages), true), positions);
  } else {
    throw Error::input(path, "needs 'text', 'messages' or 'input_ids'");
  }
  return inputs;
}

std::vector<Stage> run(const std::string& folder, const std::string& inputs_path) {
  VlmOptions options;
  options.precision = kernels::Precision::kF32;
  const auto model = open_vlm_model(folder, kernels::Kernels::active(), options);
  const Inputs inputs = read_inputs(inputs_path, *model);
  return run_stages(*model, inputs.ids, inputs.images);
}

double base_tolerance(const std::string& name) {
  for (const char* exact :
       {"input_ids", "image_sizes", "aspect_ratio_ids", "aspect_ratio_mask", "num_tiles"}) {
    if (name == exact) return 0.0;
  }
  if (name == "pixel_values") return 1e-5;
  if (name == "vision_features" || name == "projected" || name == "packed") return 1e-4;
  return 1e-3;
}

/// Shapes without sides of 1, so that a batch dimension more or less does not matter.
std::vector<std::int64_t> squeezed(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> sides;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(sides),
               [](std::int64_t side) { return side != 1; });
  return sides;
}

std::vector<double> numbers_of(const TensorView& view) {
  std::vector<double> numbers;
  if (view.dtype == Dtype::kI64 || view.dtype == Dtype::kI32) {
    for (std::size_t i = 0; i < view.numel(); ++i) {
      std::int64_t value = 0;
      std::int32_t small = 0;
      if (view.dtype == Dtype::kI64) {
        std::memcpy(&value, view.data + i * 8, 8);
      } else {
        std::memcpy(&small, view.data + i * 4, 4);
        value = small;
      }
      numbers.push_back(static_cast<double>(value));
    }
    return numbers;
  }
  const std::vector<float> values = view.to_f32();
  return {values.begin(), values.end()};
}

StageDifference compare(const Stage& ours, const TensorView& view) {
  StageDifference d{ours.name, 0.0, base_tolerance(ours.name), {}};
  if (squeezed(ours.shape) != squeezed(view.shape)) {
    TensorView shape;
    shape.shape = ours.shape;
    d.difference = std::numeric_limits<double>::infinity();
    d.note = "shape " + shape.shape_text() + ", the reference's is " + view.shape_text();
    return d;
  }
  const std::vector<double> expected = numbers_of(view);
  double largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double value = ours.ids.empty() ? ours.values[i] : static_cast<double>(ours.ids[i]);
    const double difference = std::abs(value - expected[i]);
    if (!(difference <= std::numeric_limits<double>::max())) {
      d.difference = std::numeric_limits<double>::infinity();
      d.note = "not a number at place " + std::to_string(i);
      return d;
    }
    d.difference = std::max(d.difference, difference);
    largest = std::max(largest, std::abs(expected[i]));
  }
  d.tolerance *= std::max(1.0, largest / 10.0);
  return d;
}

}  // namespace

const StageDifference* VerifyReport::first_different() const {
  for (const StageDifference& stage : stages) {
    if (!stage.equal()) return &stage;
  }
  return nullptr;
}

void dump_model(const std::string& folder, const std::string& inputs, const std::string& out) {
  const std::vector<Stage> stages = run(folder, inputs);
  std::vector<TensorToWrite> tensors;
  for (const Stage& stage : stages) {
    const bool ids = !stage.ids.empty();
    tensors.push_back({stage.name, ids ? Dtype::kI64 : Dtype::kF32, stage.shape,
                       ids ? static_cast<const void*>(stage.ids.data()) : stage.values.data()});
  }
  write_safetensors(out, tensors, {{"format", "pt"}});
}

VerifyReport verify_model(const std::string& folder, const std::string& fixture) {
  const SafetensorsFile expected = SafetensorsFile::open(fixture + "/expected.safetensors");
  const std::vector<Stage> stages = run(folder, fixture + "/inputs.json");
  VerifyReport report;
  std::map<std::string, bool> known;
  for (const Stage& stage : stages) {
    known[stage.name] = true;
    if (const TensorView* view = expected.find(stage.name)) {
      report.stages.push_back(compare(stage, *view));
    }
  }
  for (const auto& [name, view] : expected.tensors()) {
    if (known.contains(name)) continue;
    report.stages.push_back(
        {name, std::numeric_limits<double>::infinity(), 0.0, "the model has no such stage"});
  }
  if (report.stages.empty()) {
    throw Error::input(expected.path(), "holds no array", "see docs/verifying-a-model.md");
  }
  return report;
}

}  // namespace firstlight::nn
