#include "firstlight/train/recipe.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::train {
namespace {

/// A YAML mapping whose keys are taken one by one; the ones left over are errors.
class Mapping {
 public:
  Mapping(const YAML::Node& node, std::string file) : node_(node), file_(std::move(file)) {
    if (!node.IsMap()) throw Error::usage(where(node), "a mapping is needed");
  }

  std::string where(const YAML::Node& node) const {
    return file_ + ":" + std::to_string(node.Mark().line + 1);
  }
  const std::string& file() const { return file_; }

  YAML::Node take(const std::string& key) {
    known_.push_back(key);
    return node_[key];
  }
  YAML::Node need(const std::string& key) {
    YAML::Node value = take(key);
    if (!value) throw Error::usage(where(node_), "the key '" + key + "' is missing");
    return value;
  }
  template <typename T>
  T value(const std::string& key) {
    return convert<T>(need(key), key);
  }
  template <typename T>
  void maybe(const std::string& key, T& target) {
    if (const YAML::Node node = take(key)) target = convert<T>(node, key);
  }
  void finish() const {
    for (const auto& entry : node_) {
      const auto key = entry.first.as<std::string>();
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        throw Error::unknown_key(where(entry.first), key, known_);
      }
    }
  }

 private:
  template <typename T>
  T convert(const YAML::Node& node, const std::string& key) const {
    try {
      return node.as<T>();
    } catch (const YAML::Exception&) {
      throw Error::usage(where(node), "'" + key + "' has the wrong type");
    }
  }

  YAML::Node node_;
  std::string file_;
  std::vector<std::string> known_;
};

ConceptRule read_rule(const YAML::Node& node, const std::string& file) {
  Mapping map(node, file);
  ConceptRule rule;
  if (const YAML::Node truth = map.take("truth")) rule.truth = truth.as<std::string>();
  map.maybe("is", rule.is);
  if (const YAML::Node where = map.take("where")) {
    for (const auto& column : where) {
      const auto range = column.second.as<std::vector<double>>();
      if (range.size() != 2) {
        throw Error::usage(map.where(column.second), "a range is [low, high]");
      }
      rule.where.emplace(column.first.as<std::string>(), std::pair(range[0], range[1]));
    }
  }
  rule.concepts = map.value<std::vector<std::string>>("concepts");
  map.finish();
  return rule;
}

StreamSpec read_stream(const YAML::Node& node, const std::string& file) {
  Mapping map(node, file);
  StreamSpec stream;
  stream.name = map.value<std::string>("name");
  stream.data = map.value<std::string>("data");
  stream.domain = map.value<std::string>("domain");
  map.maybe("upright", stream.upright);
  if (const YAML::Node split = map.take("split")) {
    stream.selection.split = parse_split(split.as<std::string>());
  }
  const auto fold = [&](const char* key) -> std::optional<std::pair<int, int>> {
    const YAML::Node value = map.take(key);
    if (!value) return std::nullopt;
    const auto pair = value.as<std::vector<int>>();
    if (pair.size() != 2) throw Error::usage(map.where(value), "a fold is [i, k]");
    return std::pair(pair[0], pair[1]);
  };
  stream.selection.fold = fold("fold");
  stream.selection.not_fold = fold("not_fold");
  for (const YAML::Node& rule : map.need("rules")) stream.rules.push_back(read_rule(rule, file));
  map.finish();
  return stream;
}

Stage read_stage(const YAML::Node& node, const std::string& file) {
  Mapping map(node, file);
  Stage stage;
  stage.name = map.value<std::string>("name");
  const auto kind = map.value<std::string>("kind");
  if (kind != "vision" && kind != "language") {
    throw Error::usage(map.where(node), "'kind' is vision or language, not '" + kind + "'");
  }
  stage.kind = kind == "vision" ? Stage::Kind::kVision : Stage::Kind::kLanguage;
  map.maybe("steps", stage.steps);
  map.maybe("rate", stage.rate);
  map.maybe("warmup", stage.warmup);
  map.maybe("weight_decay", stage.weight_decay);
  map.maybe("vision_rate", stage.vision_rate);
  map.maybe("batch", stage.batch);
  map.maybe("text_first_groups", stage.text_first_groups);
  map.maybe("image_first_groups", stage.image_first_groups);
  map.maybe("branches", stage.branches);
  map.maybe("image_branches", stage.image_branches);
  map.maybe("task_share", stage.task_share);
  stage.streams = map.value<std::map<std::string, double>>("streams");
  map.finish();
  return stage;
}

aten::LlavaShape read_shape(const YAML::Node& node, const std::string& file) {
  Mapping map(node, file);
  aten::LlavaShape shape;
  Mapping vision(map.need("vision"), file);
  vision.maybe("image_size", shape.vision.image_size);
  vision.maybe("patch_size", shape.vision.patch_size);
  vision.maybe("hidden_size", shape.vision.hidden_size);
  vision.maybe("num_hidden_layers", shape.vision.num_hidden_layers);
  vision.maybe("num_attention_heads", shape.vision.num_attention_heads);
  vision.maybe("intermediate_size", shape.vision.intermediate_size);
  vision.finish();
  Mapping text(map.need("text"), file);
  text.maybe("hidden_size", shape.text.hidden_size);
  text.maybe("num_hidden_layers", shape.text.num_hidden_layers);
  text.maybe("num_attention_heads", shape.text.num_attention_heads);
  text.maybe("num_key_value_heads", shape.text.num_key_value_heads);
  text.maybe("intermediate_size", shape.text.intermediate_size);
  text.maybe("max_position_embeddings", shape.text.max_position_embeddings);
  text.finish();
  map.finish();
  return shape;
}

}  // namespace

Recipe Recipe::load(const std::string& path) {
  Recipe recipe;
  recipe.text = text::read_file(path);
  recipe.folder = std::filesystem::path(path).parent_path().string();
  if (recipe.folder.empty()) recipe.folder = ".";
  try {
    Mapping map(YAML::Load(recipe.text), path);
    recipe.name = map.value<std::string>("name");
    recipe.seed = map.value<std::uint64_t>("seed");
    recipe.tokenizer = map.value<std::string>("tokenizer");
    recipe.chat_template = map.value<std::string>("chat_template");
    recipe.wordings = map.value<std::string>("wordings");
    recipe.image_mean = map.value<std::vector<double>>("image_mean");
    recipe.image_std = map.value<std::vector<double>>("image_std");
    map.maybe("pool_side", recipe.pool_side);
    recipe.shape = read_shape(map.need("shape"), path);
    for (const YAML::Node& node : map.need("streams")) {
      recipe.streams.push_back(read_stream(node, path));
    }
    for (const YAML::Node& node : map.need("validation")) {
      recipe.validation.push_back(read_stream(node, path));
    }
    for (const YAML::Node& node : map.need("tasks")) {
      Mapping task(node, path);
      recipe.tasks.push_back({task.value<std::string>("task"), task.value<std::string>("domain"),
                              task.value<std::vector<std::string>>("concepts")});
      task.finish();
    }
    for (const YAML::Node& node : map.need("stages")) {
      recipe.stages.push_back(read_stage(node, path));
    }
    map.finish();
  } catch (const YAML::Exception& e) {
    throw Error::usage(path + ":" + std::to_string(e.mark.line + 1), e.msg);
  }
  if (recipe.image_mean.size() != 3 || recipe.image_std.size() != 3) {
    throw Error::usage(path, "image_mean and image_std have three values each");
  }
  for (const Stage& stage : recipe.stages) {
    for (const auto& [name, share] : stage.streams) {
      const bool known = std::any_of(recipe.streams.begin(), recipe.streams.end(),
                                     [&](const StreamSpec& s) { return s.name == name; });
      if (!known) {
        throw Error::usage(path, "stage '" + stage.name + "' uses the stream '" + name +
                                     "', which does not exist");
      }
    }
  }
  return recipe;
}

}  // namespace firstlight::train
