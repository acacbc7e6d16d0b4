// Folders of published and newly written kinds, as AutoTokenizer and the processor of LLaVA load
// them; the fixture is made by make_fixtures.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/nn/text_folder.h"
#include "temporary_folder.h"

namespace firstlight::nn {
namespace {

using Json = nlohmann::json;

const std::string kParity = FIRSTLIGHT_TEST_DIR "/parity/";

/// A folder with the files of a fixture's entry, gone at the end.
class Folder {
 public:
  explicit Folder(const Json& files) {
    for (const auto& [name, content] : files.items()) temporary_.write(name, text_of(content));
  }
  std::string path() const { return temporary_.path(); }

 private:
  static std::string text_of(const Json& content) {
    if (content.is_string()) return content.get<std::string>();
    if (!content.contains("base")) return content.dump();
    Json document = Json::parse(
        text::read_file(kParity + "tokenizer/" + content["base"].get<std::string>() + ".json"));
    document.update(content["changes"]);
    return document.dump();
  }
  TemporaryFolder temporary_;
};

TEST(TextFolderParity, TokensIdsAndTemplates) {
  const Json fixture = Json::parse(text::read_file(kParity + "text_folder/folders.json"));
  ASSERT_GE(fixture.size(), 15U);
  for (const Json& entry : fixture) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const Folder folder(entry["files"]);
    const Json& expected = entry["expected"];
    const Tokenizer tokenizer = load_tokenizer(folder.path());
    for (const Json& text : expected["texts"]) {
      const std::string string = text["text"];
      EXPECT_EQ(tokenizer.encode(string, true), text["ids"].get<std::vector<std::int32_t>>())
          << string;
      EXPECT_EQ(tokenizer.encode(string, false), text["bare"].get<std::vector<std::int32_t>>())
          << string;
      EXPECT_EQ(tokenizer.decode(text["ids"].get<std::vector<std::int32_t>>(), true),
                text["decoded"].get<std::string>());
    }
    EXPECT_EQ(load_special_tokens(folder.path()),
              (expected["special_tokens"].get<std::map<std::string, std::string>>()));
    const auto chat_template = load_chat_template(folder.path());
    if (expected["chat_template"].is_null()) {
      EXPECT_FALSE(chat_template.has_value());
    } else {
      ASSERT_TRUE(chat_template.has_value());
      EXPECT_EQ(chat_template->source(), expected["chat_template"].get<std::string>());
    }
  }
}

}  // namespace
}  // namespace firstlight::nn
