#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "firstlight/image/image.h"

namespace firstlight::nn {

/// The places of a batch of maps where something is: rows of a sparse convolution. The maps of a
/// batch may differ in size. A map in which every place is kept is an ordinary picture.
struct Sites {
  struct Map {
    int height = 0;
    int width = 0;
    std::size_t first = 0;  ///< row of its first site
    std::size_t count = 0;  ///< sites
  };
  std::vector<Map> maps;
  std::vector<std::int32_t> places;  ///< by row: y * width + x, ascending within a map

  std::size_t rows() const { return places.size(); }
};

/// A convolution window. Output (y, x) sees inputs from stride * y - pad on.
struct Window {
  int kernel = 1;
  int stride = 1;
  int pad = 0;

  int taps() const { return kernel * kernel; }
  /// Every output has the site of one input, and nothing else.
  bool is_point() const { return kernel == 1 && stride == 1 && pad == 0; }
  /// The outputs have the places of the inputs.
  bool keeps_places() const { return stride == 1 && kernel == 2 * pad + 1; }
  friend bool operator==(const Window&, const Window&) = default;
  /// Side of the output for an input of `side`; 0 where the window is larger than the input.
  int out(int side) const {
    return side + 2 * pad < kernel ? 0 : (side + 2 * pad - kernel) / stride + 1;
  }
};

/// What a classifier network looks at in a picture.
struct SiteInput {
  int channels = 1;       ///< 1: the mean of a picture's channels; 3: all
  bool sparse = true;     ///< only places whose charge is not 0 are kept
  bool inverted = false;  ///< dark on white: charge is 255 minus the grey level
  /// Longer side that pictures are brought to, by the greatest charge where sparse, else by bicubic
  /// interpolation; none = as they come.
  std::optional<int> size = {};
};

/// A picture as sites with their charge.
struct ChargeMap {
  int height = 0;
  int width = 0;
  std::vector<std::int32_t> places;   ///< y * width + x, ascending
  std::vector<std::uint8_t> charges;  ///< [sites, channels]
};
ChargeMap charge_map(const Image& image, const SiteInput& input);

/// Maps one after the other; `values` becomes their charges / 255, [rows, channels].
Sites batch_of(std::span<const ChargeMap* const> maps, std::vector<float>* values);

/// The sites of the outputs: those whose window holds a site. With stride 1 and a window that is
/// centred, the sites stay as they are (Graham & van der Maaten 2017, arXiv:1706.01307).
Sites outputs_of(const Sites& in, const Window& window);

/// [out rows, taps]: the row of `in` under each place of the window (row by row), -1 where there is
/// no site.
std::vector<std::int32_t> neighbours(const Sites& in, const Sites& out, const Window& window);

/// The sites of groups of maps together, `sizes` maps in a group: a place is kept where one of the
/// maps has it. Maps of a group lie on each other at their upper left corners. `table` becomes
/// [rows, greatest size]: the row of each map, -1 where it has no site there.
Sites unite(const Sites& in, std::span<const std::size_t> sizes, std::vector<std::int32_t>* table);

/// The way of sites through the windows of a network. One thread at a time.
class SitePath {
 public:
  explicit SitePath(Sites start) : sites_(std::make_shared<const Sites>(std::move(start))) {}

  const Sites& sites() const { return *sites_; }
  /// The window's table at the sites reached, after which the sites are the window's outputs. Valid
  /// as long as the path; the same table for the same window at the same sites.
  const std::vector<std::int32_t>& through(const Window& window);

 private:
  struct Taken {
    std::shared_ptr<const Sites> from;
    Window window;
    std::shared_ptr<const Sites> to;
    std::unique_ptr<const std::vector<std::int32_t>> table;
  };
  std::shared_ptr<const Sites> sites_;
  std::vector<Taken> taken_;
};

}  // namespace firstlight::nn
