#include <algorithm>
#include <filesystem>
#include <utility>

#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "npy.h"
#include "readers.h"
#include "stack.h"
#include "views.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

/// A stack of images in one file, labels in another or nowhere.
class NpySource : public SampleSource {
 public:
  NpySource(const std::string& path, const std::string& truth_path,
            std::vector<std::string> channels)
      : images_(path),
        layout_(stack_layout(images_.header().shape,
                             images_.header().type.kind == 'u' && images_.header().type.size == 1,
                             path)),
        stem_(fs::path(path).stem().string()),
        channels_(std::move(channels)) {
    if (images_.header().type.kind == 'U' || images_.header().type.kind == 'S') {
      throw Error::input(path, "the array holds text, not pixels");
    }
    if (truth_path.empty()) return;
    const NpyFile truth(truth_path);
    const auto& shape = truth.header().shape;
    const bool is_list = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
    if (!is_list || shape[0] != layout_.count) {
      throw Error::input(truth_path,
                         "labels of shape " + shape_text(shape) + " do not fit the " +
                             std::to_string(layout_.count) + " images of " + path,
                         "one label an image is needed");
    }
    truth_type_ = truth.header().type;
    truth_ = truth.read(0, layout_.count);
  }

  std::size_t size() const override { return layout_.count; }
  std::string id(std::size_t index) const override { return stem_ + "/" + std::to_string(index); }

  Result<Sample> load(std::size_t index) const override {
    try {
      Sample sample = describe(index);
      const std::size_t count = layout_.values_per_sample();
      auto bytes = images_.read(index * count, count);
      auto views =
          views_of(layout_.is_picture ? to_picture(layout_, std::move(bytes))
                                      : to_raster(layout_, to_floats(images_.header().type, bytes)),
                   channels_);
      if (!views) return Error::input(sample.origin, views.error().what());
      sample.views = std::move(views).value();
      return sample;
    } catch (const Error& error) {
      return error;
    }
  }

  std::optional<std::string> truth(std::size_t index) const override {
    if (truth_.empty()) return std::nullopt;
    return element_text(truth_type_, truth_.data() + index * truth_type_.size);
  }

  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = id(index);
    sample.origin = images_.path() + "[" + std::to_string(index) + "]";
    sample.truth = truth(index);
    return sample;
  }

  std::vector<ColumnInfo> columns() const override { return {}; }

 private:
  NpyFile images_;
  StackLayout layout_;
  std::string stem_;
  std::vector<std::string> channels_;
  NpyType truth_type_;
  std::vector<std::uint8_t> truth_;  ///< elements as in the file; empty without truth
};

/// The labels' file beside an images' file, by the names in use: X.npy and y.npy, X_test.npy and
/// y_test.npy, images.npy and labels.npy. Empty where there is none.
std::string truth_beside(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  const std::string name = fs::path(path).filename().string();
  std::vector<std::string> names;
  const auto swap_word = [&](const std::string& from, const std::string& to) {
    if (name == from + ".npy" || name.starts_with(from + "_")) {
      names.push_back(to + name.substr(from.size()));
    }
    const std::string ending = "_" + from + ".npy";
    if (name.ends_with(ending)) {
      names.push_back(name.substr(0, name.size() - ending.size()) + "_" + to + ".npy");
    }
  };
  for (const char* x : {"X", "x"}) {
    for (const char* y : {"y", "Y"}) swap_word(x, y);
  }
  for (const char* images : {"images", "image"}) {
    for (const char* labels : {"labels", "label", "truth"}) swap_word(images, labels);
  }
  for (const std::string& candidate : names) {
    const fs::path found = folder / candidate;
    std::error_code status;
    if (fs::is_regular_file(found, status)) return found.string();
  }
  return {};
}

bool is_npy_name(std::string_view name) { return text::lower(name).ends_with(".npy"); }

/// The images' file of a folder: the only npy file, or the only one with labels beside it.
std::string images_in(const std::string& folder) {
  std::vector<std::string> files;
  std::vector<std::string> with_truth;
  for (const std::string& name : list_files(folder, is_npy_name)) {
    const std::string path = (fs::path(folder) / name).string();
    files.push_back(path);
    if (!truth_beside(path).empty()) with_truth.push_back(path);
  }
  if (files.empty()) throw Error::input(folder, "holds no .npy files");
  if (files.size() == 1) return files[0];
  if (with_truth.size() == 1) return with_truth[0];
  throw Error::usage(folder, "holds several .npy files: " + text::join(files, ", "),
                     "name the one with the images");
}

}  // namespace

std::unique_ptr<SampleSource> open_npy(const Spec& spec) {
  spec.require_known({"truth", "channels"});
  std::error_code status;
  const std::string path = fs::is_directory(spec.body, status) ? images_in(spec.body) : spec.body;
  std::string truth = spec.option("truth").value_or("");
  if (!spec.option("truth")) {
    truth = truth_beside(path);
    if (!truth.empty()) log_info(path + ": labels are taken from " + truth);
  }
  return std::make_unique<NpySource>(path, truth, name_list(spec, "channels"));
}

}  // namespace firstlight
