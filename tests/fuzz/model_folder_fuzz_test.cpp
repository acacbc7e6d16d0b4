// A model folder with one damaged file is refused by one error, or works: no crash, and no memory
// beyond what so small a folder needs.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "firstlight/base/error.h"
#include "firstlight/registry/registry.h"
#include "fuzz/mutate.h"

namespace firstlight {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// All places of a document that hold a value.
void collect(json& value, std::vector<json*>& places) {
  places.push_back(&value);
  if (value.is_structured()) {
    for (json& child : value) collect(child, places);
  }
}

/// A JSON file with one to three of its values exchanged or taken out.
std::string mutate_json(const std::string& text, Random& random) {
  static const std::vector<json> kValues = {0,
                                            -1,
                                            1,
                                            2,
                                            3,
                                            7,
                                            1e308,
                                            1 << 24,
                                            1LL << 40,
                                            ~0ULL,
                                            0.5,
                                            true,
                                            false,
                                            "",
                                            "x",
                                            "<image>",
                                            json::array(),
                                            json::object(),
                                            {1, 2},
                                            nullptr,
                                            "\xC3\xA9 {{",
                                            json::array({json::array()})};
  json document = json::parse(text);
  for (std::uint64_t i = 0, n = 1 + random.below(3); i < n; ++i) {
    std::vector<json*> places;
    collect(document, places);
    json& place = *places[random.below(places.size())];
    if (place.is_object() && !place.empty() && random.chance(0.7)) {
      place.erase(
          std::next(place.begin(), static_cast<std::ptrdiff_t>(random.below(place.size()))));
    } else {
      place = kValues[random.below(kValues.size())];
    }
  }
  return document.dump();
}

class ModelFolder : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
#ifndef __SANITIZE_ADDRESS__
    const rlimit limit{std::size_t{4} << 30, std::size_t{4} << 30};
    setrlimit(RLIMIT_AS, &limit);
#endif
    source_ = std::string(FIRSTLIGHT_TEST_DIR "/parity/") + GetParam();
    std::string name = (fs::temp_directory_path() / "firstlight-fuzz-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    for (const auto& entry : fs::directory_iterator(source_)) {
      if (entry.is_regular_file()) fs::copy(entry.path(), folder_);
    }
    task_ = parse_task(
        "name: t\nclasses: [{key: a, name: spiral galaxy}, {key: b, name: artifact}]\n"
        "prompt: 'A {image} which?'\n",
        "task");
    sample_.views.push_back({"image", Image{9, 7, 3, std::vector<std::uint8_t>(189, 100)}});
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Whether the folder works.
  bool works() const {
    try {
      const auto classifier = open_classifier("hf:" + folder_.string() + "?dtype=f32", task_);
      const auto results = classifier->classify({&sample_, 1}, Pass{});
      if (!results[0].ok()) throw results[0].error();
      for (const auto& answer : results[0].value().answers) {
        for (const double p : answer.logprobs) EXPECT_TRUE(std::isfinite(p));
      }
      return true;
    } catch (const Error& e) {
      EXPECT_EQ(std::string_view(e.what()).find('\n'), std::string_view::npos) << e.what();
      return false;
    }
  }

  void damage(const std::string& file, int rounds, std::uint64_t seed) {
    const std::string whole = text::read_file((folder_ / file).string());
    Random random(seed);
    int working = 0;
    for (int i = 0; i < rounds; ++i) {
      const bool structured = file.ends_with(".json") && random.chance(0.7);
      const std::string text =
          structured ? mutate_json(whole, random) : fuzz::mutate({whole}, random);
      write(file, text);
      SCOPED_TRACE(text.size() < 4000 ? text : file + ", round " + std::to_string(i));
      working += works();
      if (HasFailure()) return;
    }
    write(file, whole);
    EXPECT_LT(working, rounds) << file;
  }

  void write(const std::string& file, const std::string& text) const {
    fs::remove(folder_ / file);
    std::ofstream(folder_ / file, std::ios::binary) << text;
  }

  std::string source_;
  fs::path folder_;
  Task task_;
  PreparedSample sample_;
};

TEST_P(ModelFolder, WithADamagedFileIsRefusedOrWorks) {
  ASSERT_TRUE(works());
  damage("config.json", 400, 1);
  damage("processor_config.json", 300, 2);
  damage("tokenizer_config.json", 200, 3);
  damage("tokenizer.json", 150, 4);
  damage("generation_config.json", 100, 5);
  damage("chat_template.jinja", 200, 6);
  damage("model.safetensors", 150, 7);
  EXPECT_TRUE(works());
}

TEST_P(ModelFolder, WithoutAFileIsRefusedOrWorks) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder_)) files.push_back(entry.path());
  for (const fs::path& file : files) {
    const fs::path away = file.string() + ".away";
    fs::rename(file, away);
    const std::string name = file.filename().string();
    const bool needed = name != "generation_config.json" && name != "tokenizer_config.json" &&
                        name != "scores.json";  // of another test
    EXPECT_TRUE(!needed || !works()) << file;
    fs::rename(away, file);
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, ModelFolder,
                         testing::Values("llava/llama", "llava/mistral", "llava_next/mistral",
                                         "mllama/three-tiles", "bitsandbytes/mllama-nf4-double"),
                         [](const auto& p) {
                           std::string name = p.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace firstlight
