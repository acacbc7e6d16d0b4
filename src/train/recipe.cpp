#include "firstlight/train/recipe.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/registry/source.h"
#include "firstlight/task/yaml.h"
#include "recipe_reader.h"

namespace firstlight::train {
namespace {

using yaml::Node;

constexpr double kHuge = kHugeNumber;

std::vector<double> three_numbers(const Node& list) {
  std::vector<double> values;
  for (const Node& item : list.items()) values.push_back(item.number(-kHuge, kHuge));
  if (values.size() != 3) throw list.error("needs three values, one a channel");
  return values;
}

ConceptRule read_rule(const Node& node) {
  node.require_known({"truth", "is", "where", "concepts"});
  ConceptRule rule;
  static_cast<Condition&>(rule) = read_condition(node);
  rule.concepts = texts(node.at("concepts"));
  return rule;
}

std::map<std::string, std::vector<ConceptRule>> read_rules(const Node& node) {
  std::map<std::string, std::vector<ConceptRule>> sets;
  for (const std::string& name : node.keys()) {
    for (const Node& rule : node.at(name).items()) sets[name].push_back(read_rule(rule));
  }
  return sets;
}

StreamSpec read_stream(const Node& node,
                       const std::map<std::string, std::vector<ConceptRule>>& rules) {
  node.require_known({"name", "data", "domain", "upright", "split", "fold", "not_fold", "rules",
                      "task", "changes"});
  StreamSpec stream;
  stream.name = node.at("name").text();
  stream.data = node.at("data").text();
  stream.domain = node.at("domain").text();
  if (const Node* upright = node.find("upright")) stream.upright = upright->boolean();
  stream.selection = read_selection(node);
  if (const Node* task = node.find("task")) stream.task = task->text();
  if (const Node* changes = node.find("changes")) {
    if (stream.task.empty()) throw changes->error("changes are for the maps of a 'task'");
    stream.changes = read_changes(*changes);
  }
  const Node& name = node.at("rules");
  const auto found = rules.find(name.text());
  if (found == rules.end()) {
    throw name.error("the recipe has no rules '" + name.text() + "'");
  }
  stream.rules = found->second;
  return stream;
}

Stage read_stage(const Node& node) {
  node.require_known({"name",
                      "kind",
                      "steps",
                      "rate",
                      "warmup",
                      "weight_decay",
                      "vision_rate",
                      "batch",
                      "text_first_groups",
                      "image_first_groups",
                      "branches",
                      "image_branches",
                      "task_share",
                      "reason_share",
                      "reason_weight",
                      "task_reworded",
                      "task_reordered",
                      "exchanged_names",
                      "fewer_classes",
                      "other_answers",
                      "brief",
                      "lines",
                      "lines_alone",
                      "average",
                      "streams"});
  Stage stage;
  stage.name = node.at("name").text();
  const Node& kind = node.at("kind");
  if (kind.text() != "vision" && kind.text() != "language") {
    throw kind.error("is vision or language, not '" + kind.text() + "'");
  }
  stage.kind = kind.text() == "vision" ? Stage::Kind::kVision : Stage::Kind::kLanguage;
  take(node, "steps", stage.steps);
  take(node, "rate", stage.rate);
  take(node, "warmup", stage.warmup, 0);
  take(node, "weight_decay", stage.weight_decay);
  take(node, "vision_rate", stage.vision_rate);
  take(node, "batch", stage.batch);
  take(node, "text_first_groups", stage.text_first_groups, 0);
  take(node, "image_first_groups", stage.image_first_groups, 0);
  take(node, "branches", stage.branches);
  take(node, "image_branches", stage.image_branches);
  take(node, "task_share", stage.task_share, 1.0);
  take(node, "reason_share", stage.reason_share, 1.0);
  take(node, "reason_weight", stage.reason_weight);
  take(node, "average", stage.average, 0.9999);
  if (stage.average > 0 && stage.kind == Stage::Kind::kVision) {
    throw node.at("average").error("is for language stages");
  }
  take(node, "task_reworded", stage.task_reworded, 1.0);
  take(node, "task_reordered", stage.task_reordered, 1.0);
  take(node, "exchanged_names", stage.exchanged_names, 1.0);
  take(node, "fewer_classes", stage.fewer_classes, 1.0);
  take(node, "other_answers", stage.other_answers, 1.0);
  take(node, "brief", stage.brief, 1.0);
  take(node, "lines", stage.lines, 100.0);
  take(node, "lines_alone", stage.lines_alone, 1.0);
  const Node& streams = node.at("streams");
  for (const std::string& name : streams.keys())
    stage.streams.emplace(name, streams.at(name).number(0, kHuge));
  return stage;
}

aten::LlavaShape read_shape(const Node& node) {
  node.require_known({"vision", "text"});
  aten::LlavaShape shape;
  const Node& vision = node.at("vision");
  vision.require_known({"image_size", "patch_size", "hidden_size", "num_hidden_layers",
                        "num_attention_heads", "intermediate_size"});
  take(vision, "image_size", shape.vision.image_size);
  take(vision, "patch_size", shape.vision.patch_size);
  take(vision, "hidden_size", shape.vision.hidden_size);
  take(vision, "num_hidden_layers", shape.vision.num_hidden_layers);
  take(vision, "num_attention_heads", shape.vision.num_attention_heads);
  take(vision, "intermediate_size", shape.vision.intermediate_size);
  const Node& text = node.at("text");
  text.require_known({"hidden_size", "num_hidden_layers", "num_attention_heads",
                      "num_key_value_heads", "intermediate_size", "max_position_embeddings"});
  take(text, "hidden_size", shape.text.hidden_size);
  take(text, "num_hidden_layers", shape.text.num_hidden_layers);
  take(text, "num_attention_heads", shape.text.num_attention_heads);
  take(text, "num_key_value_heads", shape.text.num_key_value_heads);
  take(text, "intermediate_size", shape.text.intermediate_size);
  take(text, "max_position_embeddings", shape.text.max_position_embeddings);
  return shape;
}

/// A stage may use only streams that the recipe has, and ask the middle of a decoder that has one.
void check_stages(const Node& stages, const Recipe& recipe) {
  for (const Node& stage : stages.items()) {
    if (const Node* lines = stage.find("lines");
        lines != nullptr && recipe.shape.text.num_hidden_layers < 2) {
      throw lines->error(
          "`lines` asks the middle of the text model, which needs two layers or more");
    }
    for (const std::string& name : stage.at("streams").keys()) {
      const bool known = std::any_of(recipe.streams.begin(), recipe.streams.end(),
                                     [&](const StreamSpec& s) { return s.name == name; });
      if (!known) {
        throw stage.at("streams").at(name).error("the recipe has no stream '" + name + "'");
      }
    }
  }
}

}  // namespace

Recipe Recipe::load(const std::string& path) {
  Recipe recipe;
  recipe.text = text::read_file(path);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  recipe.folder = parent.empty() ? std::string(".") : parent.string();
  const Node root = yaml::parse(recipe.text, path);
  root.require_known({"name", "seed", "tokenizer", "chat_template", "wordings", "image_mean",
                      "image_std", "pool_side", "shape", "rules", "streams", "validation", "tasks",
                      "stages"});
  recipe.name = root.at("name").text();
  recipe.seed = static_cast<std::uint64_t>(
      root.at("seed").integer(0, std::numeric_limits<std::int64_t>::max()));
  recipe.tokenizer = root.at("tokenizer").text();
  recipe.chat_template = root.at("chat_template").text();
  recipe.wordings = root.at("wordings").text();
  recipe.image_mean = three_numbers(root.at("image_mean"));
  recipe.image_std = three_numbers(root.at("image_std"));
  take(root, "pool_side", recipe.pool_side);
  recipe.shape = read_shape(root.at("shape"));
  const auto rules = read_rules(root.at("rules"));
  for (const Node& node : root.at("streams").items())
    recipe.streams.push_back(read_stream(node, rules));
  for (const Node& node : root.at("validation").items())
    recipe.validation.push_back(read_stream(node, rules));
  for (const Node& node : root.at("tasks").items()) {
    node.require_known({"task", "domain", "concepts"});
    recipe.tasks.push_back(
        {node.at("task").text(), node.at("domain").text(), texts(node.at("concepts"))});
  }
  for (const Node& node : root.at("stages").items()) recipe.stages.push_back(read_stage(node));
  check_stages(root.at("stages"), recipe);
  return recipe;
}

}  // namespace firstlight::train
