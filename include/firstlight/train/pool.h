#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/base/metadata.h"
#include "firstlight/base/random.h"
#include "firstlight/train/map_pool.h"
#include "firstlight/train/recipe.h"

namespace firstlight::train {

struct KeptSample;

/// The samples of one stream in memory with their concepts and columns: one picture each,
/// side x side x 3 in 8 bits; or, where the stream names a task, that task's views as sparse maps.
/// Immutable after loading; safe from any thread.
class ImagePool {
 public:
  /// Reads every sample of the stream. With a cache folder, decoded pixels are kept there under a
  /// hash of the spec and read back the next time. Samples that fail or show no concept are left
  /// out and counted.
  static ImagePool load(const StreamSpec& spec, int side, const std::string& cache_folder,
                        const ProgressSink& progress);

  const StreamSpec& spec() const { return spec_; }
  int side() const { return side_; }
  std::size_t size() const { return samples_.size(); }
  std::size_t failed() const { return failed_; }
  bool has_maps() const { return !spec_.task.empty(); }
  /// Dark on white: a map's charge is 255 minus the grey level of its picture.
  bool inverted() const { return inverted_; }
  /// Not for maps.
  const std::uint8_t* pixels(std::size_t index) const {
    return pixels_.data() + index * static_cast<std::size_t>(side_) * side_ * 3;
  }
  const MapSample& maps(std::size_t index) const { return maps_[index]; }
  std::size_t pictures(std::size_t index) const {
    return has_maps() ? maps_[index].views.size() : 1;
  }
  /// Names of a sample's maps.
  const std::vector<std::string>& views(std::size_t index) const { return samples_[index].views; }
  const std::optional<std::string>& truth(std::size_t index) const { return samples_[index].truth; }
  const std::vector<Metadata>& columns(std::size_t index) const { return samples_[index].columns; }
  /// Text of a measured column, as a prompt shows it. Throws Error::usage for another column.
  std::string field(std::size_t index, const std::string& name) const;

  bool shows(std::size_t index, const std::string& name) const;
  /// Position in `names` of the only one that the sample shows; -1 where none or several do.
  int answer(std::size_t index, const std::vector<std::string>& names) const;
  /// Samples that show `name`.
  const std::vector<std::uint32_t>& showing(const std::string& name) const;

 private:
  struct Known {
    std::optional<std::string> truth;
    std::vector<std::string> views;
    std::vector<Metadata> columns;
    std::vector<std::string> concepts;
  };
  void sort_out(std::vector<KeptSample> kept);

  StreamSpec spec_;
  int side_ = 0;
  bool inverted_ = false;
  std::size_t failed_ = 0;
  std::vector<std::uint8_t> pixels_;
  std::vector<MapSample> maps_;
  std::vector<Known> samples_;
  std::map<std::string, std::vector<std::uint32_t>> showing_;
};

/// Draws the random changes of an image that leave its class as it is, and writes the result as the
/// model's input: out f32 [3, size, size], (value / 255 - mean) / std. Flips and quarter turns
/// always; else, unless `upright`, often a rotation, a change of scale by up to a third, a shift by
/// up to 4 % of the side; then brightness, contrast, colour, and sometimes noise.
struct Augmentation {
  int size = 96;
  std::vector<double> mean;
  std::vector<double> std;
  bool upright = false;
};
void augment(const std::uint8_t* pixels, int side, const Augmentation& settings, Random& random,
             float* out);
/// The same input without any change but the resizing.
void prepare(const std::uint8_t* pixels, int side, const Augmentation& settings, float* out);
/// The model's input for a map with one charge a site: the picture with its longer side brought to
/// `settings.size` by the greatest charge (as image/resize.h's kMax), at the upper left where it is
/// not square; every channel alike.
void draw_map(const nn::ChargeMap& map, bool inverted, const Augmentation& settings, float* out);

}  // namespace firstlight::train
