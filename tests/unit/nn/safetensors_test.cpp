#include "firstlight/nn/safetensors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

class Safetensors : public testing::Test {
 protected:
  Safetensors() {
    std::string name = (std::filesystem::temp_directory_path() / "firstlight-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/model.safetensors";
  }
  ~Safetensors() override { std::filesystem::remove_all(folder_); }

  void write_bytes(const std::string& header, std::uint64_t size, const std::string& data) const {
    std::ofstream out(path_, std::ios::binary);
    for (int i = 0; i < 8; ++i) out.put(static_cast<char>(size >> (8 * i)));
    out << header << data;
  }
  /// The message of opening a file with this header and data.
  std::string message(const std::string& header, const std::string& data) const {
    write_bytes(header, header.size(), data);
    return open_message();
  }
  std::string open_message() const {
    try {
      SafetensorsFile::open(path_);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }

  std::string folder_;
  std::string path_;
};

TEST_F(Safetensors, ReadsWhatItWrites) {
  const float numbers[] = {1.0f, -2.5f, 3.0f, 0.0f, 5.0f, 6.0f};
  const std::uint16_t halves[] = {0x3f80, 0xc000};
  const std::int64_t ids[] = {7};
  write_safetensors(path_,
                    {{"b", Dtype::kF32, {2, 3}, numbers},
                     {"a", Dtype::kBf16, {2}, halves},
                     {"scalar", Dtype::kI64, {}, ids},
                     {"empty", Dtype::kF32, {0, 4}, nullptr}},
                    {{"format", "pt"}});
  const SafetensorsFile file = SafetensorsFile::open(path_);
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.at("b").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.at("b").to_f32(), std::vector<float>(numbers, numbers + 6));
  EXPECT_EQ(file.at("a").to_f32(), (std::vector<float>{1.0f, -2.0f}));
  EXPECT_EQ(file.at("scalar").numel(), 1u);
  EXPECT_EQ(file.at("b").shape_text(), "[2, 3]");
  EXPECT_THROW(file.at("c"), Error);
  EXPECT_THROW(file.at("scalar").to_f32(), Error);
  file.release(file.at("b"));
  EXPECT_EQ(file.at("b").to_f32()[1], -2.5f);
}

TEST_F(Safetensors, DamagedHeadersAreErrorsThatNameTheTensor) {
  const std::string good = R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(message(good, std::string(8, 'x')), "no error");
  EXPECT_NE(message(good, std::string(7, 'x')).find("'t'"), std::string::npos);
  EXPECT_NE(message(good, std::string(9, 'x')), "no error");
  EXPECT_NE(message("[]", ""), "no error");
  EXPECT_NE(message("{", ""), "no error");
  const auto with = [](const std::string& tensor) { return "{\"t\":" + tensor + "}"; };
  const std::string data(16, 'x');
  for (const char* tensor :
       {R"({"dtype":"F32","shape":[4],"data_offsets":[16,0]})",
        R"({"dtype":"F32","shape":[3],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[4.5],"data_offsets":[0,16]})",
        R"({"dtype":"F99","shape":[4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[4]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0,-1]})",
        R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[2,0,9223372036854775807,3],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[2],"data_offsets":[8,16]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0,16],"dtype":"F32"})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1})",
        R"({"dtype":"F32","shape":[[4]],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]})",
        R"({"dtype":["F32"],"shape":[4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0,16,16]})",
        R"({"dtype":"F32","shape":[18446744073709551615,4],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551616]})",
        "7"}) {
    EXPECT_NE(message(with(tensor), data), "no error") << tensor;
  }
  EXPECT_NE(message(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                    R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                    data),
            "no error");
  const std::string tensor = R"("t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  EXPECT_EQ(message("{" + tensor + "}", data), "no error");
  EXPECT_NE(message("{" + tensor + "," + tensor + "}", data).find("twice"), std::string::npos);
  EXPECT_NE(message(R"({"__metadata__":{"a":{"b":"c"}},)" + tensor + "}", data), "no error");
  EXPECT_NE(message(R"({"__metadata__":{"a":1},)" + tensor + "}", data), "no error");
  EXPECT_EQ(message(R"({"__metadata__":{"a":"b"},)" + tensor + "}   ", data), "no error");
  EXPECT_NE(message("{" + tensor + "} {}", data), "no error");
  // Nothing is built from brackets alone.
  EXPECT_NE(message(std::string(5'000'000, '['), ""), "no error");
  EXPECT_NE(message("{\"a\":" + std::string(5'000'000, '{'), ""), "no error");
  write_bytes("{}", ~std::uint64_t{0}, "");
  EXPECT_NE(open_message(), "no error");
  std::ofstream(path_, std::ios::binary) << "abc";
  EXPECT_NE(open_message(), "no error");
  std::filesystem::remove(path_);
  EXPECT_NE(open_message(), "no error");
}

TEST_F(Safetensors, ShardsFollowTheIndex) {
  const float one = 1.0f, two = 2.0f;
  write_safetensors(folder_ + "/a.safetensors", {{"x", Dtype::kF32, {1}, &one}});
  write_safetensors(folder_ + "/b.safetensors",
                    {{"x", Dtype::kF32, {1}, &two}, {"y", Dtype::kF32, {1}, &two}});
  const auto index = [&](const std::string& map) {
    std::ofstream(path_ + ".index.json") << "{\"weight_map\":" << map << "}";
  };
  index(R"({"x":"a.safetensors","y":"b.safetensors"})");
  const Weights weights = Weights::open(folder_);
  EXPECT_EQ(weights.find("x")->to_f32()[0], 1.0f);
  EXPECT_EQ(weights.find("y")->to_f32()[0], 2.0f);
  EXPECT_EQ(weights.find("z"), nullptr);
  EXPECT_EQ(weights.files().size(), 2u);
  index(R"({"x":"a.safetensors","z":"b.safetensors"})");
  EXPECT_THROW(Weights::open(folder_), Error);
  index(R"({"x":"../a.safetensors"})");
  EXPECT_THROW(Weights::open(folder_), Error);
  index(R"({"x":"missing.safetensors"})");
  EXPECT_THROW(Weights::open(folder_), Error);
  std::filesystem::remove(path_ + ".index.json");
  EXPECT_THROW(Weights::open(folder_), Error);
}

TEST_F(Safetensors, WritingRefusesTheSameNameTwiceAndUnwritablePlaces) {
  const float one = 1.0f;
  EXPECT_THROW(
      write_safetensors(path_, {{"x", Dtype::kF32, {1}, &one}, {"x", Dtype::kF32, {1}, &one}}),
      Error);
  EXPECT_THROW(write_safetensors(folder_ + "/no/such/place", {{"x", Dtype::kF32, {1}, &one}}),
               Error);
}

}  // namespace
}  // namespace firstlight::nn
