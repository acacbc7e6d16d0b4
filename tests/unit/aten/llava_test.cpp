#include "firstlight/aten/llava.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>

namespace firstlight::aten {
namespace {

using torch::Tensor;

LlavaShape small_shape() {
  LlavaShape shape;
  shape.vision = {24, 12, 16, 2, 2, 32, 1e-5};
  shape.text = {50, 32, 2, 4, 2, 48, 128, 1e-5, 10000.0};
  return shape;
}

Tensor longs(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kLong);
}

/// One sequence as a group without branches.
Tensor alone(const Llava& model, const std::vector<std::int64_t>& ids) {
  PackedText text;
  const auto n = static_cast<std::int64_t>(ids.size());
  text.groups = {{n, 0, 0}};
  text.token_ids = longs(ids);
  text.positions = torch::arange(n);
  text.image_rows = torch::empty({0}, torch::kLong);
  text.image_index = text.image_rows;
  return model.text(text, Tensor(), torch::arange(n), true);
}

TEST(Llava, BranchesOverASharedPrefixEqualSequencesAlone) {
  const torch::NoGradGuard no_grad;
  const Llava model(small_shape(), 5);
  const std::vector<std::int64_t> prefix = {1, 7, 9, 11, 3};
  const std::vector<std::vector<std::int64_t>> branches = {{4, 8, 15}, {16, 23, 42}};
  PackedText text;
  text.groups = {{5, 2, 3}, {5, 1, 3}};
  text.token_ids = longs({1, 7, 9, 11, 3, 4, 8, 15, 16, 23, 42, 1, 7, 9, 11, 3, 4, 8, 15});
  text.positions = longs({0, 1, 2, 3, 4, 5, 6, 7, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7});
  text.image_rows = torch::empty({0}, torch::kLong);
  text.image_index = text.image_rows;
  const Tensor packed = model.text(text, Tensor(), torch::arange(19), true);
  for (std::size_t b = 0; b < branches.size(); ++b) {
    std::vector<std::int64_t> ids = prefix;
    ids.insert(ids.end(), branches[b].begin(), branches[b].end());
    const Tensor single = alone(model, ids);
    EXPECT_LT((packed.narrow(0, 0, 5) - single.narrow(0, 0, 5)).abs().max().item<float>(), 1e-5);
    EXPECT_LT((packed.narrow(0, 5 + 3 * static_cast<std::int64_t>(b), 3) - single.narrow(0, 5, 3))
                  .abs()
                  .max()
                  .item<float>(),
              1e-5);
  }
  EXPECT_LT((packed.narrow(0, 5, 3) - packed.narrow(0, 16, 3)).abs().max().item<float>(), 1e-5);
}

TEST(Llava, ImageFeaturesReachTheAnswerAndGradientsTheImage) {
  const Llava model(small_shape(), 6);
  PackedText text;
  text.groups = {{7, 0, 0}};
  text.token_ids = longs({1, 0, 0, 0, 0, 5, 6});
  text.positions = torch::arange(7);
  text.image_rows = longs({1, 2, 3, 4});
  text.image_index = longs({0, 1, 2, 3});
  torch::manual_seed(1);
  const Tensor pixels = torch::randn({1, 3, 24, 24}).requires_grad_(true);
  const auto logits = [&](const Tensor& image) {
    const Tensor features = model.vision(image, true).narrow(1, 1, 4).reshape({4, 16});
    return model.text(text, model.project(features, true), longs({6}), true);
  };
  const Tensor out = logits(pixels);
  EXPECT_GT((out - logits(pixels * -1)).abs().max().item<float>(), 1e-4);
  out.square().sum().backward();
  EXPECT_GT(pixels.grad().abs().max().item<float>(), 0);
}

TEST(Llava, TensorsRoundTripThroughTheirPublishedNames) {
  const torch::NoGradGuard no_grad;
  const Llava first(small_shape(), 1);
  Llava second(small_shape(), 2);
  second.import_tensors(first.export_tensors());
  EXPECT_TRUE(torch::equal(alone(first, {1, 2, 3}), alone(second, {1, 2, 3})));
  auto tensors = first.export_tensors();
  EXPECT_EQ(tensors.at("language_model.model.layers.1.self_attn.k_proj.weight").sizes(),
            (std::vector<std::int64_t>{16, 32}));
  tensors.erase("multi_modal_projector.linear_1.weight");
  EXPECT_ANY_THROW(second.import_tensors(tensors));
}

}  // namespace
}  // namespace firstlight::aten
