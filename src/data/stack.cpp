#include "stack.h"

#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

constexpr std::uint64_t kMaxChannels = 16;

/// Interleaved to planes (to_planes) or planes to interleaved.
template <typename T>
std::vector<T> transpose(const std::vector<T>& values, std::size_t channels, bool to_planes) {
  const std::size_t area = values.size() / channels;
  std::vector<T> out(values.size());
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < area; ++i) {
      const std::size_t interleaved = i * channels + c;
      const std::size_t planar = c * area + i;
      if (to_planes) {
        out[planar] = values[interleaved];
      } else {
        out[interleaved] = values[planar];
      }
    }
  }
  return out;
}

}  // namespace

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::vector<std::string> axes;
  for (const std::uint64_t n : shape) axes.push_back(std::to_string(n));
  return "(" + text::join(axes, ", ") + (shape.size() == 1 ? ",)" : ")");
}

StackLayout stack_layout(const std::vector<std::uint64_t>& shape, bool is_uint8,
                         const std::string& origin, const PixelLimits& limits) {
  const auto wrong = [&](const std::string& what) {
    return Error::input(origin, "the array of shape " + shape_text(shape) + " " + what,
                        "a stack of images is (N, H, W), (N, H, W, C) or (N, C, H, W)");
  };
  if (shape.size() != 3 && shape.size() != 4) throw wrong("is not a stack of images");
  StackLayout layout;
  layout.count = shape[0];
  std::uint64_t height = shape[1];
  std::uint64_t width = shape[2];
  std::uint64_t channels = 1;
  if (shape.size() == 4) {
    if (shape[3] <= shape[1] && shape[3] <= kMaxChannels) {
      channels = shape[3];
    } else if (shape[1] <= kMaxChannels) {
      layout.channels_last = false;
      channels = shape[1];
      height = shape[2];
      width = shape[3];
    } else {
      throw wrong("has no axis that could be the channels");
    }
  } else if (width <= 4 && height > 4) {
    throw wrong("looks like one image with channels last");
  }
  if (layout.count == 0 || height == 0 || width == 0 || channels == 0) throw wrong("is empty");
  const auto side = static_cast<std::uint64_t>(limits.max_side);
  if (height > side || width > side ||
      height * width > static_cast<std::uint64_t>(limits.max_pixels)) {
    throw wrong("holds images over the limit of " + std::to_string(limits.max_side) +
                " pixels a side and " + std::to_string(limits.max_pixels) + " in all");
  }
  layout.height = static_cast<int>(height);
  layout.width = static_cast<int>(width);
  layout.channels = static_cast<int>(channels);
  layout.is_picture = is_uint8 && (channels == 1 || channels == 3);
  return layout;
}

Pixels to_picture(const StackLayout& layout, std::vector<std::uint8_t> values) {
  if (!layout.channels_last && layout.channels > 1) {
    values = transpose(values, static_cast<std::size_t>(layout.channels), false);
  }
  return Image{layout.width, layout.height, layout.channels, std::move(values)};
}

Pixels to_raster(const StackLayout& layout, std::vector<float> values) {
  if (layout.channels_last && layout.channels > 1) {
    values = transpose(values, static_cast<std::size_t>(layout.channels), true);
  }
  return Raster{layout.width, layout.height, layout.channels, std::move(values)};
}

}  // namespace firstlight
