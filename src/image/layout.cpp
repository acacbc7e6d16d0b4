#include "firstlight/image/layout.h"

#include <algorithm>
#include <string>

namespace firstlight {
namespace {

std::string size_text(const Image& image) {
  return std::to_string(image.width) + " x " + std::to_string(image.height);
}

Result<Image> as_channels(const std::vector<const Image*>& views, std::uint8_t blank) {
  if (views.size() > 3) {
    return Error::input("", std::to_string(views.size()) + " views are more than three channels",
                        "choose the layout side_by_side or stacked");
  }
  const Image& first = *views[0];
  Image out{first.width, first.height, 3, {}};
  const std::size_t area = static_cast<std::size_t>(first.width) * first.height;
  out.pixels.assign(area * 3, blank);
  for (std::size_t v = 0; v < views.size(); ++v) {
    const Image& view = *views[v];
    if (view.width != first.width || view.height != first.height) {
      return Error::input("",
                          "the layout channels needs views of one size, not " + size_text(first) +
                              " and " + size_text(view),
                          "give them the same crop and resize");
    }
    for (std::size_t i = 0; i < area; ++i) {
      int sum = 0;
      for (int c = 0; c < view.channels; ++c) sum += view.pixels[i * view.channels + c];
      out.pixels[i * 3 + v] = static_cast<std::uint8_t>((sum + view.channels / 2) / view.channels);
    }
  }
  return out;
}

}  // namespace

Result<Image> join_views(const std::vector<const Image*>& views, ViewLayout layout,
                         std::uint8_t blank) {
  if (layout == ViewLayout::kChannels) return as_channels(views, blank);
  const bool across = layout == ViewLayout::kSideBySide;
  Image out{0, 0, 3, {}};
  for (const Image* view : views) {
    out.width = across ? out.width + view->width : std::max(out.width, view->width);
    out.height = across ? std::max(out.height, view->height) : out.height + view->height;
  }
  out.pixels.assign(static_cast<std::size_t>(out.width) * out.height * 3, blank);
  int x0 = 0, y0 = 0;
  for (const Image* view : views) {
    for (int y = 0; y < view->height; ++y) {
      for (int x = 0; x < view->width; ++x) {
        for (int c = 0; c < 3; ++c) {
          out.at(x0 + x, y0 + y)[c] = view->at(x, y)[view->channels == 1 ? 0 : c];
        }
      }
    }
    (across ? x0 : y0) += across ? view->width : view->height;
  }
  return out;
}

}  // namespace firstlight
