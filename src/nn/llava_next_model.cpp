#include <algorithm>

#include "any_resolution.h"
#include "firstlight/base/error.h"
#include "llava_model.h"

namespace firstlight::nn {
namespace {

/// The `llava_next` type: a base view and tiles, whose features are laid out as one picture again,
/// freed from the padding, with image_newline at the end of every row.
class LlavaNextModel final : public LlavaBase {
 public:
  LlavaNextModel(const std::string& folder, const kernels::Kernels& kernels,
                 kernels::Precision precision, const VlmOptions& options)
      : LlavaBase(folder, kernels, precision, options),
        image_processor_(AnyResolutionProcessor::from_folder(folder)) {
    check_positions();
    newline_ = part({"newline", "image_newline", {"", "model."}})
                   .vector("image_newline", config().text.hidden_size);
    const std::int64_t side = config().vision.image_size;
    if (image_processor_.tile() != side) {
      throw Error::input(folder, "its image processor makes tiles of " +
                                     std::to_string(image_processor_.tile()) +
                                     " pixels, its vision tower takes " + std::to_string(side));
    }
    if (image_processor_.grid() != config().grid) {
      throw Error::input(folder,
                         "image_grid_pinpoints of config.json and of the image processor differ");
    }
    for (const GridPoint& point : config().grid) {
      if (point.height % side != 0 || point.width % side != 0) {
        throw Error::input(folder + "/config.json",
                           "'image_grid_pinpoints' holds " + std::to_string(point.height) + " x " +
                               std::to_string(point.width) + ", which is no multiple of the " +
                               "vision tower's " + std::to_string(side));
      }
      if (!options.tiles || (point.height / side) * (point.width / side) <= *options.tiles) {
        grid_.push_back(point);
      }
    }
  }

  std::size_t positions(int width, int height) const override {
    const auto base = static_cast<std::size_t>(config().image_tokens());
    if (grid_.empty()) return base + 1;
    const FeatureWindow window = window_of(width, height);
    return base + static_cast<std::size_t>(window.rows()) *
                      (static_cast<std::size_t>(window.columns()) + 1);
  }

  ImageFeatures features(const Image& image) const override {
    std::vector<std::vector<float>> tiles;
    for (const PixelValues& pixels : process(image)) {
      tiles.push_back(project(vision_features(pixels)));
    }
    return pack(tiles, image.width, image.height);
  }

  std::vector<ImageFeatures> image_stages(std::span<const Image> images,
                                          std::vector<Stage>& stages) const override {
    const auto count = static_cast<std::int64_t>(images.size());
    std::vector<PixelValues> all;
    std::vector<std::size_t> tiles_of;
    Stage sizes{"image_sizes", {count, 2}, {}, {}};
    for (const Image& image : images) {
      std::vector<PixelValues> tiles = process(image);
      tiles_of.push_back(tiles.size());
      std::move(tiles.begin(), tiles.end(), std::back_inserter(all));
      sizes.ids.insert(sizes.ids.end(), {image.height, image.width});
    }
    // Pictures with fewer tiles than the largest are filled up with zeros, as a batch is.
    const std::size_t most = *std::max_element(tiles_of.begin(), tiles_of.end());
    const std::size_t numbers = all[0].values.size();
    Stage pixels{"pixel_values",
                 {count, static_cast<std::int64_t>(most), 3, config().vision.image_size,
                  config().vision.image_size},
                 {},
                 {}};
    std::size_t next = 0;
    for (const std::size_t n : tiles_of) {
      for (std::size_t i = 0; i < n; ++i, ++next) {
        pixels.values.insert(pixels.values.end(), all[next].values.begin(), all[next].values.end());
      }
      pixels.values.resize(pixels.values.size() + (most - n) * numbers, 0.0f);
    }
    stages.push_back(std::move(sizes));
    stages.push_back(std::move(pixels));

    std::vector<std::vector<float>> projected = tower_stages(all, stages);
    Stage packed{"packed", {0, config().text.hidden_size}, {}, {}};
    std::vector<ImageFeatures> features;
    auto tile = projected.begin();
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::vector<std::vector<float>> own(tile,
                                                tile + static_cast<std::ptrdiff_t>(tiles_of[i]));
      tile += static_cast<std::ptrdiff_t>(tiles_of[i]);
      features.push_back(pack(own, images[i].width, images[i].height));
      packed.values.insert(packed.values.end(), features.back().rows.begin(),
                           features.back().rows.end());
    }
    packed.shape[0] = static_cast<std::int64_t>(packed.values.size()) / config().text.hidden_size;
    stages.push_back(std::move(packed));
    return features;
  }

 private:
  std::vector<PixelValues> process(const Image& image) const {
    if (grid_.empty()) return image_processor_.process(image, nullptr);
    const GridPoint resolution = best_resolution(image.width, image.height, grid_);
    return image_processor_.process(image, &resolution);
  }

  FeatureWindow window_of(int width, int height) const {
    const GridPoint resolution = best_resolution(width, height, grid_);
    const auto side = static_cast<int>(config().vision.image_size);
    const auto patches = static_cast<int>(config().vision.grid());
    return unpadded_window(width, height, resolution.height / side * patches,
                           resolution.width / side * patches);
  }

  /// The rows of one picture from those of its base view and tiles.
  ImageFeatures pack(const std::vector<std::vector<float>>& tiles, int width, int height) const {
    const std::size_t hidden = newline_.size();
    ImageFeatures out{tiles.front()};
    const auto append = [&](const float* row) {
      out.rows.insert(out.rows.end(), row, row + hidden);
    };
    if (grid_.empty()) {
      append(newline_.data());
      return out;
    }
    const FeatureWindow window = window_of(width, height);
    const GridPoint resolution = best_resolution(width, height, grid_);
    const auto patches = static_cast<int>(config().vision.grid());
    const int tiles_wide = resolution.width / static_cast<int>(config().vision.image_size);
    // Where the class token is kept, it is there once, in the base view.
    const std::size_t skip = config().drop_class_token ? 0 : 1;
    for (int y = window.row_begin; y < window.row_end; ++y) {
      for (int x = window.column_begin; x < window.column_end; ++x) {
        const auto tile = static_cast<std::size_t>(y / patches * tiles_wide + x / patches);
        const auto place = static_cast<std::size_t>(y % patches * patches + x % patches) + skip;
        append(tiles[1 + tile].data() + place * hidden);
      }
      append(newline_.data());
    }
    return out;
  }

  AnyResolutionProcessor image_processor_;
  std::vector<float> newline_;
  std::vector<GridPoint> grid_;  ///< what may be used of the configuration's
};

}  // namespace

std::unique_ptr<const VlmModel> open_llava_next(const std::string& folder,
                                                const kernels::Kernels& kernels,
                                                kernels::Precision precision,
                                                const VlmOptions& options) {
  return std::make_unique<const LlavaNextModel>(folder, kernels, precision, options);
}

}  // namespace firstlight::nn
