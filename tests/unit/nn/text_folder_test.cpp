#include "firstlight/nn/text_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "firstlight/base/error.h"
#include "temporary_folder.h"

namespace firstlight::nn {
namespace {

class TextFolder : public testing::Test {
 protected:
  void SetUp() override {
    write("tokenizer.json",
          R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}})");
  }
  void write(const std::string& name, const std::string& content) const {
    temporary_.write(name, content);
  }
  template <typename Action>
  static void expect_error(const Action& action, const std::string& part) {
    try {
      action();
      ADD_FAILURE() << "no error, but should say " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(TextFolder, NeedsTheTokenizerOnly) {
  EXPECT_EQ(load_tokenizer(folder_).encode("ab", true), (std::vector<std::int32_t>{0, 1}));
  EXPECT_TRUE(load_special_tokens(folder_).empty());
  EXPECT_FALSE(load_chat_template(folder_).has_value());
}

TEST_F(TextFolder, SaysWhichFileIsWrong) {
  write("tokenizer_config.json", R"({"bos_token": 5})");
  expect_error([&] { load_tokenizer(folder_); }, "tokenizer_config.json: bos_token");
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": "<s>"}})");
  expect_error([&] { load_tokenizer(folder_); }, "key 'x' is not an id");
  write("tokenizer_config.json", "[]");
  expect_error([&] { load_tokenizer(folder_); }, "tokenizer_config.json: must be an object");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": ""}]})");
  expect_error([&] { load_chat_template(folder_); }, "named default");
  write("chat_template.json", R"({"template": ""})");
  expect_error([&] { load_chat_template(folder_); }, "chat_template.json: key 'chat_template'");
  write("processor_config.json", R"({"chat_template": "{% if %}"})");
  expect_error([&] { load_chat_template(folder_); }, "processor_config.json:1");
  std::filesystem::remove(folder_ + "/tokenizer.json");
  write("tokenizer.model", "x");
  expect_error([&] { load_tokenizer(folder_); }, "tokenizer.model is not supported");
}

}  // namespace
}  // namespace firstlight::nn
