#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/image_processor.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

const std::string kParity = FIRSTLIGHT_TEST_DIR "/parity/";

TEST(ImageProcessorParity, GreyLevelsEqualTransformers) {
  const json cases = json::parse(text::read_file(kParity + "image_processor/cases.json"));
  ASSERT_GT(cases.size(), 30U);
  for (const json& c : cases) {
    SCOPED_TRACE(c["settings"].dump() + " " + c["image"].get<std::string>());
    const auto processor = ImageProcessor::parse(c["settings"].dump(), "preprocessor_config.json");
    const Pixels pixels =
        read_image(kParity + "llava/images/" + c["image"].get<std::string>()).value();
    const PixelValues ours = processor.process(std::get<Image>(pixels));
    EXPECT_EQ((std::vector<int>{3, ours.height, ours.width}), c["shape"].get<std::vector<int>>());
    EXPECT_EQ(ours.values, c["values"].get<std::vector<float>>());
  }
}

}  // namespace
}  // namespace firstlight::nn
