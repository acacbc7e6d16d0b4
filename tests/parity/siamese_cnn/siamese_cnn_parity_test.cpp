// Against siamese_cnn.py, the same network in PyTorch, on the folders that make_fixtures.py wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "firstlight/nn/network.h"
#include "firstlight/nn/safetensors.h"
#include "parity/checkpoint.h"

namespace firstlight::nn {
namespace {

constexpr float kTolerance = 1e-4F;

struct Sample {
  std::vector<ChargeMap> views;
  std::vector<float> logits;
  std::vector<float> class_map;
};

std::vector<Sample> samples_of(const std::string& folder, const SiteInput& input) {
  const auto file = SafetensorsFile::open(folder + "/expected.safetensors");
  std::vector<Sample> samples;
  for (int i = 0;; ++i) {
    const std::string name = std::to_string(i);
    const TensorView* logits = file.find(name + ".logits");
    if (logits == nullptr) return samples;
    Sample sample{{}, logits->to_f32(), file.at(name + ".class_map").to_f32()};
    for (int v = 0;; ++v) {
      const TensorView* view = file.find(name + ".view." + std::to_string(v));
      if (view == nullptr) break;
      Image image;
      image.height = static_cast<int>(view->shape[0]);
      image.width = static_cast<int>(view->shape[1]);
      image.channels = static_cast<int>(view->shape[2]);
      const auto* pixels = reinterpret_cast<const std::uint8_t*>(view->data);
      image.pixels.assign(pixels, pixels + view->bytes);
      sample.views.push_back(charge_map(image, input));
    }
    samples.push_back(std::move(sample));
  }
}

class Parity : public testing::TestWithParam<std::string> {};

TEST_P(Parity, LogitsAndClassMapsEqualPyTorch) {
  const std::string folder = fixture_dir("siamese_cnn") + "/" + GetParam();
  const auto network = load_network(folder);
  const auto samples = samples_of(folder, network->input());
  ASSERT_GE(samples.size(), 2U);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    SCOPED_TRACE("sample " + std::to_string(i));
    const std::vector<float> logits = network->logits(samples[i].views);
    ASSERT_EQ(logits.size(), samples[i].logits.size());
    for (std::size_t c = 0; c < logits.size(); ++c) {
      EXPECT_NEAR(logits[c], samples[i].logits[c], kTolerance);
    }
    const Network::ClassMap map = network->class_map(samples[i].views, 1);
    ASSERT_EQ(map.values.size(), samples[i].class_map.size());
    for (std::size_t p = 0; p < map.values.size(); ++p) {
      EXPECT_NEAR(map.values[p], samples[i].class_map[p], kTolerance) << p;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SiameseCnn, Parity, testing::Values("sparse", "dense"));

/// Every tensor counts: without it the logits move by at least 20 times the tolerance.
TEST_P(Parity, EveryTensorCounts) {
  const TemporaryFolder temporary;
  const std::string folder = fixture_dir("siamese_cnn") + "/" + GetParam();
  const Weights weights = Weights::open(folder);
  std::filesystem::copy_file(folder + "/config.json", temporary.path("config.json"));
  const auto whole = load_network(folder);
  const auto samples = samples_of(folder, whole->input());
  for (const std::string& removed : weights.names()) {
    std::vector<std::vector<float>> values;
    std::vector<TensorToWrite> tensors;
    for (const std::string& name : weights.names()) {
      values.push_back(weights.find(name)->to_f32());
      // A variance of 1 and all else 0 is what a norm without that tensor would have.
      if (name == removed) {
        const bool ones = name.ends_with("running_var") || name.ends_with("norm.weight");
        values.back().assign(values.back().size(), ones ? 1.0F : 0.0F);
      }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const TensorView* view = weights.find(weights.names()[i]);
      tensors.push_back({view->name, Dtype::kF32, view->shape, values[i].data()});
    }
    write_safetensors(temporary.path("model.safetensors"), tensors);
    const auto network = load_network(temporary.path(""));
    float moved = 0;
    for (const Sample& sample : samples) {
      const std::vector<float> logits = network->logits(sample.views);
      for (std::size_t c = 0; c < logits.size(); ++c) {
        moved = std::max(moved, std::abs(logits[c] - sample.logits[c]));
      }
    }
    EXPECT_GE(moved, 20 * kTolerance) << removed;
  }
}

}  // namespace
}  // namespace firstlight::nn
