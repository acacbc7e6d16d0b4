#include "firstlight/nn/vit_config.h"

#include <map>

#include "network_config.h"

namespace firstlight::nn {

VitConfig parse_vit_config(std::string_view text, const std::string& origin) {
  const nlohmann::json object = parse_object(text, origin);
  const JsonReader r(object, origin);
  const std::string type = r.string("model_type", "");
  if (type != "vit") throw r.error("model_type", "is '" + type + "'; vit is what this reads");
  require_known(object, r,
                {"model_type", "classes", "task", "input", "patch_size", "grid", "hidden_size",
                 "layers", "heads", "mlp_size", "dropout", "norm_eps"});
  VitConfig c;
  c.json = std::string(text);
  c.classes = read_network_classes(r);
  c.task = r.string("task", "");
  c.input = read_site_input(r);
  c.patch_size = static_cast<int>(r.integer("patch_size", c.patch_size, 1, 256));
  c.grid = static_cast<int>(r.integer("grid", c.grid, 1, 1024));
  c.hidden_size = r.integer("hidden_size", c.hidden_size, 1, 1 << 16);
  c.layers = r.integer("layers", c.layers, 1, 256);
  c.heads = r.integer("heads", c.heads, 1, 1024);
  c.mlp_size = r.integer("mlp_size", 4 * c.hidden_size, 1, 1 << 18);
  c.dropout = read_rate(r, "dropout");
  c.norm_eps = r.number("norm_eps", c.norm_eps);
  if (c.norm_eps <= 0) throw r.error("norm_eps", "must be above 0");
  if (c.hidden_size % c.heads != 0) throw r.error("hidden_size", "is not a multiple of heads");
  return c;
}

VitConfig read_vit_config(const std::string& folder) {
  return read_trained(folder, parse_vit_config);
}

std::vector<NamedTensor> VitConfig::tensors() const {
  using Kind = NamedTensor::Kind;
  std::vector<NamedTensor> list;
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    list.push_back({name + ".weight", {out, in}, Kind::kMatrix});
    list.push_back({name + ".bias", {out}, Kind::kBias});
  };
  const auto norm = [&](const std::string& name) {
    list.push_back({name + ".weight", {hidden_size}, Kind::kNormWeight});
    list.push_back({name + ".bias", {hidden_size}, Kind::kNormBias});
  };
  list.push_back(
      {"patch.weight", {hidden_size, input.channels, patch_size, patch_size}, Kind::kMatrix});
  list.push_back({"patch.bias", {hidden_size}, Kind::kBias});
  list.push_back({"class_token", {hidden_size}, Kind::kEmbedding});
  list.push_back(
      {"position", {1 + static_cast<std::int64_t>(grid) * grid, hidden_size}, Kind::kEmbedding});
  norm("pre_norm");
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    norm(layer + "norm1");
    linear(layer + "query_key_value", 3 * hidden_size, hidden_size);
    linear(layer + "out", hidden_size, hidden_size);
    norm(layer + "norm2");
    linear(layer + "fc1", mlp_size, hidden_size);
    linear(layer + "fc2", hidden_size, mlp_size);
  }
  norm("norm");
  linear("head", static_cast<std::int64_t>(classes.size()), hidden_size);
  return list;
}

PatchTokens patch_tokens(const ChargeMap& map, const VitConfig& config) {
  const int patch = config.patch_size;
  const int rows = (map.height + patch - 1) / patch;
  const int columns = (map.width + patch - 1) / patch;
  if (rows > config.grid || columns > config.grid) {
    throw Error::input("picture", "has " + std::to_string(map.width) + " x " +
                                      std::to_string(map.height) +
                                      " pixels; the network takes at most " +
                                      std::to_string(config.grid * patch) + " each way");
  }
  PatchTokens tokens;
  const auto numbers = static_cast<std::size_t>(config.patch_numbers());
  const auto channels = static_cast<std::size_t>(config.input.channels);
  const auto area = static_cast<std::size_t>(patch) * static_cast<std::size_t>(patch);
  std::map<std::int32_t, std::size_t> rank;  // of a patch's token, by position
  for (const std::int32_t place : map.places) {
    rank.emplace(1 + place / map.width / patch * config.grid + place % map.width / patch, 0);
  }
  for (auto& [position, index] : rank) {
    index = tokens.positions.size();
    tokens.positions.push_back(position);
  }
  tokens.values.assign(tokens.positions.size() * numbers, 0.0F);
  for (std::size_t i = 0; i < map.places.size(); ++i) {
    const int y = map.places[i] / map.width;
    const int x = map.places[i] % map.width;
    const std::size_t token = rank.at(1 + y / patch * config.grid + x / patch);
    const auto inside = static_cast<std::size_t>(y % patch * patch + x % patch);
    for (std::size_t c = 0; c < channels; ++c) {
      tokens.values[token * numbers + c * area + inside] =
          static_cast<float>(map.charges[i * channels + c]) / 255.0F;
    }
  }
  return tokens;
}

}  // namespace firstlight::nn
