// The trainable networks against the native ones, and training itself.
#include "firstlight/aten/network.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>

#include "firstlight/aten/cnn.h"
#include "firstlight/aten/site_ops.h"
#include "firstlight/aten/vit.h"
#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "firstlight/nn/config.h"
#include "firstlight/nn/network.h"
#include "firstlight/nn/safetensors.h"
#include "firstlight/train/map_pool.h"
#include "firstlight/train/network_trainer.h"
#include "mllama_start.h"
#include "temporary_folder.h"

namespace firstlight::train {
namespace {

namespace fs = std::filesystem;
using Mode = aten::Network::Mode;

constexpr const char* kCnn = R"({
  "model_type": "siamese_cnn", "classes": ["a", "b", "c"], "input": {"channels": 1},
  "branch": [
    {"type": "conv", "kernel": 3, "stride": 2, "out": 8},
    {"type": "inverted_residual", "kernel": 3, "out": 8},
    {"type": "inverted_residual", "kernel": 5, "stride": 2, "expand": 20, "out": 12, "squeeze": true}
  ],
  "trunk": [
    {"type": "max_pool", "kernel": 2, "stride": 2},
    {"type": "inverted_residual", "expand": 36, "out": 24, "squeeze": true, "activation": "hard_swish"}
  ],
  "head": {"hidden": [10], "dropout": 0.2}
})";

constexpr const char* kVit = R"({
  "model_type": "vit", "classes": ["a", "b", "c"], "input": {"channels": 1}, "patch_size": 8,
  "grid": 8, "hidden_size": 24, "layers": 2, "heads": 3, "mlp_size": 40, "dropout": 0.1
})";

std::vector<std::vector<nn::ChargeMap>> some_samples(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<std::vector<nn::ChargeMap>> samples(count);
  for (auto& sample : samples) {
    sample.resize(1 + random.below(3));
    for (nn::ChargeMap& map : sample) {
      map.height = 40 + static_cast<int>(random.below(24));
      map.width = 40 + static_cast<int>(random.below(24));
      for (std::int32_t p = 0; p < map.height * map.width; ++p) {
        if (!random.chance(0.03)) continue;
        map.places.push_back(p);
        map.charges.push_back(static_cast<std::uint8_t>(1 + random.below(255)));
      }
    }
  }
  samples.back().front().places.clear();
  samples.back().front().charges.clear();
  return samples;
}

/// Norms, biases and statistics away from where training starts them.
void stir(aten::Network& network) {
  const torch::NoGradGuard no_grad;
  auto tensors = network.tensors().exported();
  torch::manual_seed(3);
  for (auto& [name, tensor] : tensors) {
    if (tensor.dim() > 1) continue;
    const torch::Tensor noise = torch::randn(tensor.sizes()) * 0.3;
    tensor = name.ends_with("running_var") ? 1 + noise.abs() : tensor + noise;
  }
  network.tensors().import(tensors, "");
}

std::string folder_of(aten::Network& network, const std::string& config, const std::string& path) {
  const auto tensors = network.tensors().exported();
  std::vector<nn::TensorToWrite> list;
  for (const auto& [name, tensor] : tensors) {
    list.push_back({name, nn::Dtype::kF32, tensor.sizes().vec(), tensor.data_ptr()});
  }
  fs::create_directories(path);
  nn::write_safetensors(path + "/model.safetensors", list);
  std::ofstream(path + "/config.json") << config;
  return path;
}

std::unique_ptr<aten::Network> make(const std::string& config) {
  if (config == kVit) return std::make_unique<aten::Vit>(nn::parse_vit_config(config, "vit"), 5);
  return std::make_unique<aten::SiameseCnn>(nn::parse_cnn_config(config, "cnn"), 5);
}

class Twin : public testing::TestWithParam<std::string> {
 protected:
  static std::string config() { return GetParam() == "vit" ? kVit : kCnn; }
};

TEST_P(Twin, GivesTheLogitsOfTheNativeNetwork) {
  const TemporaryFolder temporary;
  const auto network = make(config());
  stir(*network);
  const auto native = nn::load_network(folder_of(*network, config(), temporary.path() + "/n"));
  const auto samples = some_samples(1, 6);
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = network->logits(samples, Mode::kF32);
  const torch::Tensor rounded = network->logits(samples, Mode::kBf16);
  EXPECT_GT(logits.std(0).max().item<double>(), 0.02);
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const std::vector<float> expected = native->logits(samples[s]);
    for (std::size_t c = 0; c < expected.size(); ++c) {
      const auto row = static_cast<std::int64_t>(s);
      const auto column = static_cast<std::int64_t>(c);
      EXPECT_NEAR(logits[row][column].item<float>(), expected[c], 1e-4) << s;
      EXPECT_NEAR(rounded[row][column].item<float>(), expected[c], 0.15) << s;
    }
  }
}

/// Along a random direction of the parameters, the loss changes as its gradient says.
TEST_P(Twin, GradientsAreThoseOfFiniteDifferences) {
  const auto network = make(config());
  stir(*network);
  const auto samples = some_samples(2, 5);
  const torch::Tensor wanted = torch::tensor({0, 1, 2, 1, 0}, torch::kLong);
  aten::FlatTensors& tensors = network->tensors();
  const auto loss = [&] {
    return at::cross_entropy_loss(network->logits(samples, Mode::kF32), wanted);
  };
  tensors.gradients().zero_();
  loss().backward();
  torch::manual_seed(9);
  for (int trial = 0; trial < 5; ++trial) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor direction = torch::randn_like(tensors.parameters());
    const double expected = (direction * tensors.gradients()).sum().item<double>();
    const torch::Tensor start = tensors.parameters().clone();
    const double step = 1e-4;
    tensors.parameters().copy_(start + step * direction);
    const double above = loss().item<double>();
    tensors.parameters().copy_(start - step * direction);
    const double below = loss().item<double>();
    tensors.parameters().copy_(start);
    EXPECT_NEAR((above - below) / (2 * step), expected, 0.03 * std::abs(expected) + 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Twin, testing::Values("cnn", "vit"));

TEST(NormRows, InTrainingIsAtensBatchNorm) {
  torch::manual_seed(4);
  for (const auto activation :
       {aten::RowActivation::kNone, aten::RowActivation::kRelu6, aten::RowActivation::kHardSwish}) {
    torch::Tensor x = (torch::randn({700, 20}) * 2 + 1).set_requires_grad(true);
    torch::Tensor w = torch::randn({20}).set_requires_grad(true);
    torch::Tensor b = torch::randn({20}).set_requires_grad(true);
    torch::Tensor mean = torch::zeros({20}), variance = torch::ones({20});
    torch::Tensor mean2 = mean.clone(), variance2 = variance.clone();
    torch::Tensor y = aten::norm_rows(x, w, b, mean, variance, 1e-3, 0.1, true, activation);
    torch::Tensor z = at::batch_norm(x, w, b, mean2, variance2, true, 0.1, 1e-3, false);
    if (activation == aten::RowActivation::kRelu6) z = z.clamp(0, 6);
    if (activation == aten::RowActivation::kHardSwish) z = z * (z + 3).clamp(0, 6) / 6;
    EXPECT_TRUE(at::allclose(y, z, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(mean, mean2, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(variance, variance2, 1e-4, 1e-5));
    const torch::Tensor g = torch::randn({700, 20});
    const auto ours = torch::autograd::grad({y}, {x, w, b}, {g});
    const auto theirs = torch::autograd::grad({z}, {x, w, b}, {g});
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(at::allclose(ours[i], theirs[i], 1e-3, 1e-4)) << i;
    }
  }
}

/// The small random checkpoint of Llama 3.2 Vision that the parity tests have.
TEST(MllamaStart, PutsTheTowerIntoATransformer) {
  const std::string folder = std::string(FIRSTLIGHT_TEST_DIR) + "/parity/mllama/grouped";
  const auto shape = nn::read_mllama_config(folder).vision;
  const std::string architecture =
      R"({"model_type": "vit", "classes": ["a", "b"], "input": {"inverted": true}, "patch_size": )" +
      std::to_string(shape.patch_size) + R"(, "grid": )" + std::to_string(shape.grid()) +
      R"(, "hidden_size": )" + std::to_string(shape.hidden_size) + R"(, "layers": )" +
      std::to_string(shape.layers) + R"(, "heads": )" + std::to_string(shape.heads) +
      R"(, "mlp_size": )" + std::to_string(shape.intermediate_size) + "}";
  const nn::VitConfig config = nn::parse_vit_config(architecture, "test");
  aten::Vit network(config, 1);
  const auto tensors = mllama_tower_tensors(folder, config);
  network.tensors().import(tensors, network.last_layer());

  // A patch in white is what the tower's patch embedding makes of normalised white.
  const auto weights = nn::Weights::open(folder);
  const auto raw = [&](const std::string& name) {
    for (const char* prefix : {"vision_model.", "model.vision_model."}) {
      const nn::TensorView* view = weights.find(prefix + name);
      if (view != nullptr) return torch::tensor(view->to_f32()).view(view->shape);
    }
    throw Error::input(name, "is missing");
  };
  const torch::Tensor white = (1 - torch::tensor({0.48145466F, 0.4578275F, 0.40821073F})) /
                              torch::tensor({0.26862954F, 0.26130258F, 0.27577711F});
  const torch::Tensor embedded =
      (raw("patch_embedding.weight") * white.view({1, 3, 1, 1})).sum({1, 2, 3});
  const torch::Tensor tile =
      raw("pre_tile_positional_embedding.gate").tanh() *
      raw("pre_tile_positional_embedding.embedding.weight")[1].narrow(0, 0, shape.hidden_size);
  EXPECT_TRUE(at::allclose(tensors.at("patch.bias"), embedded + tile, 1e-4, 1e-5));
  // ... and charge of 1 everywhere is black.
  const torch::Tensor black = tensors.at("patch.bias") + tensors.at("patch.weight").sum({1, 2, 3});
  const torch::Tensor dark = -torch::tensor({0.48145466F, 0.4578275F, 0.40821073F}) /
                             torch::tensor({0.26862954F, 0.26130258F, 0.27577711F});
  EXPECT_TRUE(at::allclose(
      black, (raw("patch_embedding.weight") * dark.view({1, 3, 1, 1})).sum({1, 2, 3}) + tile, 1e-4,
      1e-4));
  const std::string last = std::to_string(shape.layers - 1);
  EXPECT_TRUE(at::equal(tensors.at("layers." + last + ".fc2.weight"),
                        raw("transformer.layers." + last + ".mlp.fc2.weight")));
  nn::VitConfig wider = config;
  wider.hidden_size *= 2;
  EXPECT_THROW(mllama_tower_tensors(folder, wider), Error);
}

nn::ChargeMap three_sites() { return {4, 6, {1, 8, 22}, {10, 20, 30}}; }

TEST(MapChanges, CoarserTakesTheGreatestCharge) {
  const nn::ChargeMap map = coarser({4, 4, {0, 5, 10}, {7, 9, 3}}, 2, 1);
  EXPECT_EQ(map.height, 2);
  EXPECT_EQ(map.places, (std::vector<std::int32_t>{0, 3}));
  EXPECT_EQ(map.charges, (std::vector<std::uint8_t>{9, 3}));
}

TEST(MapChanges, FlipsKeepEverySiteInOrder) {
  MapChanges changes;
  changes.flip_vertical = MapChanges::Flip::kTogether;
  const MapSample sample{{three_sites()}, 0};
  std::set<std::vector<std::int32_t>> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const auto views = changed(sample, changes, 1, random);
    EXPECT_TRUE(std::is_sorted(views[0].places.begin(), views[0].places.end()));
    seen.insert(views[0].places);
  }
  // (0, 1), (1, 2), (3, 4) upside down: (0, 4), (2, 2), (3, 1).
  EXPECT_EQ(seen, (std::set<std::vector<std::int32_t>>{{1, 8, 22}, {4, 14, 19}}));
}

TEST(MapChanges, ShiftsLoseWhatLeaves) {
  MapChanges changes;
  changes.shift = 3;
  const MapSample sample{{three_sites()}, 0};
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const auto views = changed(sample, changes, 1, random);
    EXPECT_LE(views[0].places.size(), 3U);
    EXPECT_EQ(views[0].places.size(), views[0].charges.size());
    lost = lost || views[0].places.size() < 3;
  }
  EXPECT_TRUE(lost);
}

/// A recipe on a few simulated events that runs in seconds.
std::string write_recipe(const std::string& folder, const std::string& architecture, int epochs) {
  std::ofstream(folder + "/architecture.json") << architecture;
  std::ofstream(folder + "/recipe.yaml")
      << "name: net\nseed: 3\ntask: neutrino-flavour\narchitecture: architecture.json\n"
         "streams:\n  - {name: a, data: \"sim:lartpc?n=24&seed=5&size=128&pitch_mm=20\"}\n"
         "validation:\n  - {name: v, data: \"sim:lartpc?n=8&seed=6&size=128&pitch_mm=20\"}\n"
         "stages:\n  - {name: one, epochs: "
      << epochs
      << ", epoch_samples: 16, batch: 8, rate: 1.0e-3, warmup: 1, patience: 3, class_weights: "
         "balanced, streams: {a: 1}, changes: {flip_vertical: each, shift: 4, half: 0.5, charge: "
         "0.1, lost: 0.1}}\n";
  return folder + "/recipe.yaml";
}

std::string architecture_of(const std::string& config) {
  std::string text = config;
  const std::string classes = R"("classes": ["a", "b", "c"], )";
  text.erase(text.find(classes), classes.size());
  const std::string grid = R"("grid": 8)";
  if (const auto at = text.find(grid); at != std::string::npos) {
    text.replace(at, grid.size(), R"("grid": 16)");
  }
  return text;
}

TEST_P(Twin, StoppedTrainingGoesOnToTheSameWeights) {
  const TemporaryFolder temporary;
  const std::string type = GetParam() == "vit" ? "vit" : "siamese_cnn";
  const NetworkRecipe recipe =
      NetworkRecipe::load(write_recipe(temporary.path(), architecture_of(config()), 3));
  NetworkTrainOptions options;
  options.output = temporary.path() + "/whole";
  options.cache = temporary.path() + "/cache";
  const auto whole = train_network(recipe, type, options);
  ASSERT_TRUE(whole.finished);

  std::atomic<bool> stop = true;  // every call ends after one step
  options.output = temporary.path() + "/parts";
  options.stop = &stop;
  NetworkTrainOutcome parts;
  int calls = 0;
  while (!parts.finished && calls < 20) {
    parts = train_network(recipe, type, options);
    ++calls;
  }
  ASSERT_TRUE(parts.finished);
  EXPECT_EQ(text::read_file(whole.model + "/model.safetensors"),
            text::read_file(parts.model + "/model.safetensors"));
  EXPECT_GE(calls, 6);

  const NetworkRecipe other =
      NetworkRecipe::load(write_recipe(temporary.path(), architecture_of(config()), 4));
  EXPECT_THROW(train_network(other, type, options), Error);
}

}  // namespace
}  // namespace firstlight::train
