#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "readers.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

/// Image and FITS files, each a sample with one view.
class FileSource : public SampleSource {
 public:
  FileSource(std::string folder, std::vector<std::string> files, bool truth_from_folder)
      : folder_(std::move(folder)),
        files_(std::move(files)),
        ids_(ids_of_files(files_)),
        truth_from_folder_(truth_from_folder) {}

  std::size_t size() const override { return files_.size(); }
  std::string id(std::size_t index) const override { return ids_.at(index); }

  Result<Sample> load(std::size_t index) const override {
    Sample sample = describe(index);
    auto picture = read_picture(sample.origin);
    if (!picture) return picture.error();
    auto content = std::move(picture).value();
    sample.views.push_back({"image", std::move(content.pixels)});
    sample.metadata = std::move(content.keywords);
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    const std::string& file = files_.at(index);
    const std::size_t slash = file.find('/');
    if (!truth_from_folder_ || slash == std::string::npos) return std::nullopt;
    return file.substr(0, slash);
  }

  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = ids_.at(index);
    sample.origin = (fs::path(folder_) / files_[index]).string();
    sample.truth = truth(index);
    return sample;
  }

  std::vector<ColumnInfo> columns() const override { return {}; }

 private:
  std::string folder_;
  std::vector<std::string> files_;  ///< relative to folder_
  std::vector<std::string> ids_;
  bool truth_from_folder_;
};

/// The deepest folder that holds all of them; ids are then as short as those of folder:.
fs::path common_folder(const std::vector<std::string>& files) {
  fs::path folder = fs::path(files.front()).parent_path();
  const auto holds_all = [&] {
    return std::all_of(files.begin(), files.end(), [&](const std::string& file) {
      const fs::path parent = fs::path(file).parent_path();
      return std::mismatch(folder.begin(), folder.end(), parent.begin(), parent.end()).first ==
             folder.end();
    });
  };
  while (!folder.empty() && folder.has_relative_path() && !holds_all()) {
    folder = folder.parent_path();
  }
  return folder;
}

}  // namespace

std::unique_ptr<SampleSource> open_folder(const Spec& spec) {
  spec.require_known({"truth"});
  const auto truth = spec.option("truth");
  if (truth && !truth->empty() && *truth != "subfolder") {
    throw Error::usage(spec.text, "truth=" + *truth + " is not known for a folder",
                       "truth=subfolder takes the name of the first sub-folder");
  }
  auto files = list_files(spec.body, is_image_name);
  if (files.empty()) {
    const bool has_fits = !list_files(spec.body, is_fits_name).empty();
    throw Error::input(spec.body, "holds no image files",
                       has_fits ? "it holds FITS files: write fits:" + spec.body
                                : "endings read: " + text::join(image_extensions(), " "));
  }
  const bool from_folder = truth == "subfolder";
  if (from_folder && std::none_of(files.begin(), files.end(), [](const std::string& file) {
        return file.find('/') != std::string::npos;
      })) {
    throw Error::input(spec.body, "truth=subfolder needs a sub-folder for every class",
                       "all images lie in the folder itself");
  }
  return std::make_unique<FileSource>(spec.body, std::move(files), from_folder);
}

std::unique_ptr<SampleSource> source_of_files(const std::vector<std::string>& files) {
  if (files.empty()) throw Error::usage("DATA", "no image files are given");
  std::set<std::string> seen;
  for (const std::string& file : files) {
    std::error_code status;
    if (!fs::is_regular_file(file, status)) {
      throw Error::usage(file, fs::exists(file, status)
                                   ? "is not a file; several DATA must all be image files"
                                   : "does not exist");
    }
    if (!is_image_name(file) && !is_fits_name(file)) {
      throw Error::usage(
          file, "is not an image file by its name",
          "give one DATA, or image files (" + text::join(image_extensions(), " ") + " .fits) only");
    }
    if (!seen.insert(file).second) throw Error::usage(file, "is given twice");
  }
  const fs::path folder = common_folder(files);
  std::vector<std::string> relative;
  for (const std::string& file : files) {
    relative.push_back(fs::path(file).lexically_relative(folder).generic_string());
  }
  return std::make_unique<FileSource>(folder.string(), std::move(relative), false);
}

}  // namespace firstlight
