#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "firstlight/base/log.h"
#include "firstlight/base/random.h"
#include "firstlight/train/recipe.h"

namespace firstlight::train {

/// The images of one stream in memory, all side x side x 3 in 8 bits, with their concepts.
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
  std::size_t size() const { return concepts_.size(); }
  std::size_t failed() const { return failed_; }
  const std::uint8_t* pixels(std::size_t index) const {
    return pixels_.data() + index * static_cast<std::size_t>(side_) * side_ * 3;
  }
  bool shows(std::size_t index, const std::string& name) const;
  /// Position in `names` of the only one that the sample shows; -1 where none or several do.
  int answer(std::size_t index, const std::vector<std::string>& names) const;
  /// Samples that show `name`.
  const std::vector<std::uint32_t>& showing(const std::string& name) const;

 private:
  StreamSpec spec_;
  int side_ = 0;
  std::size_t failed_ = 0;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::vector<std::string>> concepts_;
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

}  // namespace firstlight::train
