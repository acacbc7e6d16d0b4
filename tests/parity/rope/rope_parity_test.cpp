#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "firstlight/base/text.h"
#include "firstlight/nn/config.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

TEST(RopeParity, FrequenciesEqualTransformers) {
  const std::string path = FIRSTLIGHT_TEST_DIR "/parity/rope/rope.json";
  const json cases = json::parse(text::read_file(path));
  ASSERT_GT(cases.size(), 20U);
  for (const json& c : cases) {
    const json config = {{"model_type", "llava"}, {"text_config", c["text_config"]}};
    SCOPED_TRACE(c["text_config"]["rope_parameters"].dump());
    const DecoderConfig text = parse_llava_config(config.dump(), "config.json").text;
    EXPECT_NEAR(text.rope.attention_factor, c["attention_factor"].get<double>(), 1e-12);
    for (const json& at : c["lengths"]) {
      const auto length = at["length"].get<std::int64_t>();
      const std::vector<float> ours = text.rope.inverse_frequencies(text.head_size, length);
      const auto expected = at["frequencies"].get<std::vector<double>>();
      ASSERT_EQ(ours.size(), expected.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        EXPECT_NEAR(ours[i], expected[i], 1e-6 * expected[i]) << "length " << length << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace firstlight::nn
