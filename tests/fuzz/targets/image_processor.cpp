#include "firstlight/nn/image_processor.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  return fuzz::refused_or_used([&] {
    const auto processor = nn::ImageProcessor::parse(fuzz::text_of(data, size), "input");
    for (const auto& [width, height] : {std::pair{7, 5}, {1, 40}}) {
      const Image image{width, height, 3,
                        std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, 9)};
      fuzz::refused_or_used([&] {
        const nn::PixelValues out = processor.process(image);
        fuzz::require(out.values.size() == std::size_t{3} * out.width * out.height);
      });
    }
  });
}
