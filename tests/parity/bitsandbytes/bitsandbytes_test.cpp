// 4-bit weights against bitsandbytes 0.50.2 and transformers 5.23, on what make_fixtures.py wrote.
#include "bitsandbytes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "firstlight/base/error.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/vlm.h"
#include "parity/stages.h"
#include "weight_reader.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

std::string fixtures() { return fixture_dir("bitsandbytes"); }

/// The matrices as a folder of weights.
class Matrices : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(fixtures() + "/matrices.safetensors",
                          temporary_.path("model.safetensors"));
    weights_ = std::make_unique<Weights>(Weights::open(temporary_.path("")));
    cases_ = json::parse(text::read_file(fixtures() + "/matrices.json"));
  }
  const TensorView& at(const std::string& name) const {
    const TensorView* view = weights_->find(name);
    EXPECT_NE(view, nullptr) << name;
    return *view;
  }
  FourBitMatrix quantized(const json& c) const {
    const TensorView& source = at(c["name"].get<std::string>() + ".source");
    return FourBitMatrix::quantize(*four_bit_type(c["type"].get<std::string>()), c["rows"],
                                   c["columns"], c["block"], *source_of(source.dtype), source.data);
  }
  static std::vector<float> numbers(const FourBitMatrix& m) {
    std::vector<float> out(m.rows * m.columns);
    m.dequantize(0, m.rows, out.data());
    return out;
  }
  static bool same_bits(const void* ours, std::size_t bytes, const TensorView& view) {
    return bytes == view.bytes && std::memcmp(ours, view.data, bytes) == 0;
  }

  TemporaryFolder temporary_;
  std::unique_ptr<Weights> weights_;
  json cases_;
};

TEST_F(Matrices, AreReadToTheSameBits) {
  for (const json& c : cases_) {
    const std::string name = c["name"];
    const FourBitMatrix m = read_bitsandbytes(*weights_, name + ".weight", c["rows"], c["columns"]);
    const std::vector<float> ours = numbers(m);
    EXPECT_TRUE(same_bits(ours.data(), ours.size() * 4, at(name + ".dequantized"))) << name;
    // Some rows alone are the same numbers.
    std::vector<float> row(m.columns);
    m.dequantize(m.rows - 1, 1, row.data());
    EXPECT_TRUE(std::equal(row.begin(), row.end(), ours.end() - m.columns)) << name;
  }
}

TEST_F(Matrices, AreQuantizedToTheSameBits) {
  for (const json& c : cases_) {
    const std::string name = c["name"];
    FourBitMatrix m = quantized(c);
    EXPECT_TRUE(same_bits(m.codes.data(), m.codes.size(), at(name + ".weight"))) << name;
    if (c["double"].get<bool>()) {
      const NestedAbsmax nested = nest_absmax(m.absmax);
      EXPECT_TRUE(same_bits(nested.codes.data(), nested.codes.size(), at(name + ".weight.absmax")))
          << name;
      EXPECT_TRUE(same_bits(nested.absmax.data(), nested.absmax.size() * 4,
                            at(name + ".weight.nested_absmax")))
          << name;
      m.absmax = unnest_absmax(nested, dynamic_table().data());
    } else {
      EXPECT_TRUE(same_bits(m.absmax.data(), m.absmax.size() * 4, at(name + ".weight.absmax")))
          << name;
    }
    const std::vector<float> ours = numbers(m);
    EXPECT_TRUE(same_bits(ours.data(), ours.size() * 4, at(name + ".dequantized"))) << name;
  }
}

TEST_F(Matrices, HaveTheTables) {
  EXPECT_TRUE(same_bits(dynamic_table().data(), 1024, at("dynamic_map")));
  for (const json& c : cases_) {
    const FourBitType type = *four_bit_type(c["type"].get<std::string>());
    EXPECT_TRUE(same_bits(four_bit_table(type).data(), 64,
                          at(c["name"].get<std::string>() + ".weight.quant_map")));
  }
}

TEST_F(Matrices, WrittenAreReadAgain) {
  for (const json& c : cases_) {
    const std::string name = c["name"];
    const FourBitMatrix m = quantized(c);
    NestedAbsmax nested;
    const bool twice = c["double"];
    if (twice) nested = nest_absmax(m.absmax);
    const BitsandbytesTensors parts(name, m, twice ? &nested : nullptr, Dtype::kBf16);
    const TemporaryFolder folder;
    write_safetensors(folder.path("model.safetensors"), parts.tensors);
    const Weights weights = Weights::open(folder.path(""));
    const std::vector<float> ours =
        numbers(read_bitsandbytes(weights, name, c["rows"], c["columns"]));
    EXPECT_TRUE(same_bits(ours.data(), ours.size() * 4, at(name + ".dequantized"))) << name;
    EXPECT_THROW(read_bitsandbytes(weights, name, c["columns"], c["rows"]), Error);
  }
}

TEST(Checkpoints, QuantizedByTransformersEqualIt) {
  for (const std::string name : {"mllama-nf4-double", "llava_next-fp4"}) {
    SCOPED_TRACE(name);
    expect_equal_everywhere(fixtures() + "/" + name, fixtures() + "/" + name + "/case");
  }
}

ScoreRequest request_for(const Image& image) {
  ScoreRequest request;
  request.prompt.user = {{PromptPart::Kind::kImage, "image"}, {PromptPart::Kind::kText, "shape?"}};
  request.images = {&image};
  request.answers = {"spiral galaxy", "smooth"};
  return request;
}

TEST(Checkpoints, QuantizedOnLoadAndInAFolderAreTheSame) {
  const Image image =
      std::get<Image>(read_image(fixture_dir("mllama") + "/images/tall.png").value());
  const std::vector<std::pair<std::string, QuantizeOptions>> cases = {
      {"mllama/grouped", {FourBitType::kNf4, true, 64}},
      {"mllama/three-tiles", {FourBitType::kFp4, false, 32}},
      {"llava_next/vicuna", {FourBitType::kNf4, false, 64}},
      {"llava/mistral", {FourBitType::kFp4, true, 128}}};
  for (const auto& [name, quant] : cases) {
    SCOPED_TRACE(name);
    const std::string source = fixture_dir(name);
    const TemporaryFolder temporary;
    quantize_folder(source, temporary.path("out"), quant);
    const ScoreRequest request = request_for(image);
    for (const auto precision : {kernels::Precision::kF32, kernels::Precision::kBf16}) {
      VlmOptions plain;
      plain.precision = precision;
      VlmOptions on_load = plain;
      on_load.quant = quant;
      const auto first = load_vlm(source, plain)->score({&request, 1});
      const auto second = load_vlm(source, on_load)->score({&request, 1});
      const auto model = load_vlm(temporary.path("out"), plain);
      const auto third = model->score({&request, 1});
      ASSERT_TRUE(second[0].ok()) << second[0].error().what();
      ASSERT_TRUE(third[0].ok()) << third[0].error().what();
      EXPECT_EQ(model->capabilities().dtype, to_string(quant.type));
      EXPECT_NE(first[0].value().answers[0].logprobs, second[0].value().answers[0].logprobs);
      EXPECT_EQ(second[0].value().answers[0].logprobs, third[0].value().answers[0].logprobs);
    }
    EXPECT_THROW(quantize_folder(temporary.path("out"), temporary.path("again"), quant), Error);
    EXPECT_THROW(quantize_folder(source, temporary.path("out"), quant), Error);
  }
}

TEST(Checkpoints, TheSameFolderGivesTransformersCodes) {
  const TemporaryFolder temporary;
  quantize_folder(fixture_dir("llava_next") + "/mistral", temporary.path("out"),
                  {FourBitType::kFp4, false, 64});
  const Weights ours = Weights::open(temporary.path("out"));
  const Weights theirs = Weights::open(fixtures() + "/llava_next-fp4");
  std::size_t compared = 0;
  for (const std::string& name : theirs.names()) {
    const TensorView& view = *theirs.find(name);
    const TensorView* own = ours.find(name);
    ASSERT_NE(own, nullptr) << name;
    // The states differ in the number type that the weights came from.
    if (view.dtype != Dtype::kU8 || name.find(".quant_state.") != std::string::npos) continue;
    EXPECT_EQ(view.shape, own->shape) << name;
    EXPECT_EQ(std::memcmp(view.data, own->data, view.bytes), 0) << name;
    ++compared;
  }
  EXPECT_GT(compared, 30u);
  const json config = json::parse(text::read_file(temporary.path("out/config.json")));
  EXPECT_EQ(config["quantization_config"]["bnb_4bit_quant_type"], "fp4");
}

TEST(Checkpoints, WhatIsMissingOrWrongIsOneError) {
  const TemporaryFolder temporary;
  const std::string source = fixtures() + "/llava_next-fp4";
  const std::string weight = "language_model.model.layers.0.mlp.up_proj.weight";
  const auto message = [&](const std::function<void(std::vector<TensorToWrite>&)>& spoil) {
    const std::string folder = temporary.path("bad");
    std::filesystem::remove_all(folder);
    std::filesystem::copy(source, folder);
    const SafetensorsFile file = SafetensorsFile::open(source + "/model.safetensors");
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, view] : file.tensors()) {
      tensors.push_back({name, view.dtype, view.shape, view.data});
    }
    spoil(tensors);
    write_safetensors(folder + "/model.safetensors", tensors);
    try {
      load_vlm(folder);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const auto find = [&](std::vector<TensorToWrite>& tensors, const std::string& name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const TensorToWrite& t) { return t.name == name; });
  };
  for (const std::string part : {".quant_map", ".quant_state.bitsandbytes__fp4"}) {
    EXPECT_NE(message([&](auto& t) { t.erase(find(t, weight + part)); }).find(weight),
              std::string::npos)
        << part;
  }
  EXPECT_NE(message([&](auto& t) { find(t, weight + ".absmax")->shape[0] -= 1; }).find(".absmax"),
            std::string::npos);
  const std::string no_json(200, '{');
  EXPECT_NE(message([&](auto& t) {
              const auto state = find(t, weight + ".quant_state.bitsandbytes__fp4");
              state->data = no_json.data();
            }).find("JSON"),
            std::string::npos);
  const std::vector<float> zeros(16, 0.0f);
  EXPECT_NE(
      message([&](auto& t) { find(t, weight + ".quant_map")->data = zeros.data(); }).find("table"),
      std::string::npos);
}

}  // namespace
}  // namespace firstlight::nn
