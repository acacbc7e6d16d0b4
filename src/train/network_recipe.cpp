#include "firstlight/train/network_recipe.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/registry/source.h"
#include "recipe_reader.h"

namespace firstlight::train {
namespace {

using yaml::Node;

NetworkStream read_stream(const Node& node) {
  node.require_known({"name", "data", "split", "fold", "not_fold"});
  return {node.at("name").text(), node.at("data").text(), read_selection(node)};
}

NetworkStage read_stage(const Node& node, const std::vector<NetworkStream>& streams) {
  node.require_known({"name", "epochs", "epoch_samples", "patience", "batch", "rate", "schedule",
                      "warmup", "weight_decay", "beta2", "smoothing", "class_weights", "streams",
                      "changes"});
  NetworkStage stage;
  stage.name = node.at("name").text();
  take(node, "epochs", stage.epochs);
  take(node, "epoch_samples", stage.epoch_samples);
  take(node, "patience", stage.patience, 0);
  take(node, "batch", stage.batch);
  take(node, "rate", stage.rate);
  if (const Node* schedule = node.find("schedule")) {
    if (schedule->text() != "constant" && schedule->text() != "cosine") {
      throw schedule->error("is constant or cosine, not '" + schedule->text() + "'");
    }
    stage.constant = schedule->text() == "constant";
  }
  take(node, "warmup", stage.warmup, 0);
  take(node, "weight_decay", stage.weight_decay);
  take(node, "beta2", stage.beta2, 0.99999);
  take(node, "smoothing", stage.smoothing, 0.99);
  if (const Node* weights = node.find("class_weights")) {
    if (weights->text() != "balanced" && weights->text() != "none") {
      throw weights->error("is balanced or none, not '" + weights->text() + "'");
    }
    stage.balanced = weights->text() == "balanced";
  }
  const Node& shares = node.at("streams");
  for (const std::string& name : shares.keys()) {
    const bool known = std::any_of(streams.begin(), streams.end(),
                                   [&](const NetworkStream& s) { return s.name == name; });
    if (!known) throw shares.at(name).error("the recipe has no stream '" + name + "'");
    const double share = shares.at(name).number(0, kHugeNumber);
    if (share <= 0) throw shares.at(name).error("a share is above 0");
    stage.streams.emplace(name, share);
  }
  if (stage.streams.empty()) throw shares.error("names no stream");
  if (const Node* changes = node.find("changes")) stage.changes = read_changes(*changes);
  return stage;
}

}  // namespace

NetworkRecipe NetworkRecipe::load(const std::string& path) {
  NetworkRecipe recipe;
  recipe.text = text::read_file(path);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  recipe.folder = parent.empty() ? std::string(".") : parent.string();
  const Node root = yaml::parse(recipe.text, path);
  root.require_known({"name", "seed", "task", "architecture", "streams", "validation", "stages"});
  recipe.name = root.at("name").text();
  recipe.seed = static_cast<std::uint64_t>(
      root.at("seed").integer(0, std::numeric_limits<std::int64_t>::max()));
  recipe.task = root.at("task").text();
  recipe.architecture = root.at("architecture").text();
  for (const Node& node : root.at("streams").items()) recipe.streams.push_back(read_stream(node));
  for (const Node& node : root.at("validation").items()) {
    recipe.validation.push_back(read_stream(node));
  }
  for (const Node& node : root.at("stages").items()) {
    recipe.stages.push_back(read_stage(node, recipe.streams));
  }
  if (recipe.stages.empty()) throw root.at("stages").error("a recipe has at least one stage");
  return recipe;
}

}  // namespace firstlight::train
