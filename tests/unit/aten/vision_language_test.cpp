// The ATen path of every model type against transformers, on the fixtures of tests/parity.
#include "firstlight/aten/vision_language.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/nn/safetensors.h"

namespace firstlight::aten {
namespace {

using torch::Tensor;

std::string folder_of(const std::string& checkpoint) {
  return std::string(FIRSTLIGHT_TEST_DIR) + "/parity/" + checkpoint;
}

/// What transformers got and gave for a prompt.
struct Case {
  explicit Case(const std::string& folder)
      : file(nn::SafetensorsFile::open(folder + "/expected.safetensors")) {
    prompt.input_ids = tensor("input_ids");
    prompt.pixel_values = tensor("pixel_values");
    prompt.image_sizes = tensor("image_sizes");
    prompt.aspect_ratio_ids = tensor("aspect_ratio_ids");
    prompt.aspect_ratio_mask = tensor("aspect_ratio_mask");
    logits = tensor("logits");
  }

  Tensor tensor(const std::string& name) const {
    const nn::TensorView* view = file.find(name);
    if (view == nullptr) return {};
    const auto type = view->dtype == nn::Dtype::kI64   ? torch::kLong
                      : view->dtype == nn::Dtype::kI32 ? torch::kInt
                                                       : torch::kFloat;
    return torch::from_blob(const_cast<std::byte*>(view->data), view->shape, type).clone();
  }

  nn::SafetensorsFile file;
  PromptTensors prompt;
  Tensor logits;
};

class Twin : public testing::TestWithParam<const char*> {
 protected:
  std::string folder() const { return folder_of(GetParam()); }
  std::vector<std::string> cases() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      if (std::filesystem::exists(entry.path() / "expected.safetensors")) {
        found.push_back(entry.path().string());
      }
    }
    EXPECT_GE(found.size(), 2u);
    return found;
  }
  void expect_equal_on(torch::Device device) const {
    const torch::NoGradGuard no_grad;
    const VisionLanguage model(folder(), device, torch::kFloat);
    for (const std::string& path : cases()) {
      SCOPED_TRACE(path);
      const Case c(path);
      const Tensor ours = model.logits(c.prompt);
      EXPECT_EQ(ours.device().type(), device.type());
      ASSERT_EQ(ours.sizes(), c.logits.sizes());
      EXPECT_LE((ours.cpu() - c.logits).abs().max().item<double>(), 1e-3);
    }
  }
};

TEST_P(Twin, EqualsTransformersOnTheCpu) { expect_equal_on(torch::kCPU); }

TEST_P(Twin, EqualsTransformersOnCuda) {
  if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "no CUDA device";
  expect_equal_on(torch::kCUDA);
}

TEST_P(Twin, HasGradientsForEveryParameterThatItUses) {
  VisionLanguage model(folder(), torch::kCPU, torch::kFloat);
  for (auto& [name, tensor] : model.parameters().tensors()) tensor.requires_grad_(true);
  for (const std::string& path : cases()) {
    const Case c(path);
    if (!c.prompt.pixel_values.defined()) continue;
    model.logits(c.prompt).square().mean().backward();
  }
  std::size_t without = 0;
  for (const auto& [name, tensor] : model.parameters().tensors()) {
    if (!tensor.grad().defined()) {
      // Behind the last layer of the tower whose output is used.
      EXPECT_EQ(name.rfind("vision_tower.", 0), 0u) << name;
      ++without;
      continue;
    }
    EXPECT_TRUE(at::isfinite(tensor.grad()).all().item<bool>()) << name;
  }
  EXPECT_LT(without, model.parameters().tensors().size() / 2);
}

INSTANTIATE_TEST_SUITE_P(EveryType, Twin,
                         testing::Values("llava/llama", "llava/mistral", "llava_next/mistral",
                                         "llava_next/vicuna", "mllama/grouped",
                                         "mllama/three-tiles"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

TEST(VisionLanguage, RefusesWhatDoesNotFit) {
  const VisionLanguage model(folder_of("llava/llama"), torch::kCPU, torch::kFloat);
  Case c(folder_of("llava/llama/wide"));
  c.prompt.input_ids = c.prompt.input_ids.narrow(1, 0, 12);
  EXPECT_THROW(model.logits(c.prompt), Error);
  EXPECT_THROW(
      VisionLanguage(folder_of("bitsandbytes/mllama-nf4-double"), torch::kCPU, torch::kFloat),
      Error);
}

}  // namespace
}  // namespace firstlight::aten
