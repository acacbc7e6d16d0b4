#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "firstlight/fits/fits.h"
#include "readers.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

/// One sample: a file that holds all its bands, or a file a band (empty where missing).
struct Group {
  std::string id;
  std::vector<std::string> files;
};

/// The id that a file name leaves when it names `band`: "name-g", "name_g", "name.g" or a folder
/// "g" on its way. `path` has no extension.
std::optional<std::string> id_without_band(const std::string& path, const std::string& band) {
  if (path.size() > band.size() + 1 && path.ends_with(band)) {
    const std::size_t at = path.size() - band.size() - 1;
    const bool has_stem = at > 0 && path[at - 1] != '/';
    if (has_stem && std::string_view("-_.").find(path[at]) != std::string_view::npos) {
      return path.substr(0, at);
    }
  }
  std::vector<std::string> parts = text::split(path, '/');
  const auto folder = std::find(parts.begin(), parts.end() - 1, band);
  if (folder == parts.end() - 1) return std::nullopt;
  parts.erase(folder);
  return text::join(parts, "/");
}

/// Files that name one of `bands`, grouped by what else their names say; empty where none does.
std::vector<Group> group_by_band(const std::vector<std::string>& files,
                                 const std::vector<std::string>& bands) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> place;
  std::size_t left_out = 0;
  for (const std::string& file : files) {
    bool matched = false;
    for (std::size_t b = 0; b < bands.size() && !matched; ++b) {
      const auto id = id_without_band(without_extension(file), bands[b]);
      if (!id) continue;
      matched = true;
      const auto [at, is_new] = place.emplace(*id, groups.size());
      if (is_new) groups.push_back({*id, std::vector<std::string>(bands.size())});
      std::string& slot = groups[at->second].files[b];
      if (!slot.empty()) {
        throw Error::input(file, "band '" + bands[b] + "' of '" + *id + "' is also in " + slot,
                           "keep one file a band");
      }
      slot = file;
    }
    left_out += matched ? 0 : 1;
  }
  if (!groups.empty() && left_out > 0) {
    log_warning(std::to_string(left_out) + " FITS files name none of the bands " +
                text::join(bands, ",") + " and are left out");
  }
  return groups;
}

class FitsSource : public SampleSource {
 public:
  FitsSource(std::string folder, std::vector<Group> groups, std::optional<int> hdu,
             std::vector<std::string> bands)
      : folder_(std::move(folder)),
        groups_(std::move(groups)),
        hdu_(hdu),
        bands_(std::move(bands)) {
    // The columns of a run are those of the first sample; files of one survey share their header.
    const auto first = load(0);
    if (!first) return;
    for (const Metadata& keyword : first.value().metadata) {
      columns_.push_back({keyword.name, keyword.provenance, {}, {}});
    }
  }

  std::size_t size() const override { return groups_.size(); }
  std::string id(std::size_t index) const override { return groups_.at(index).id; }
  std::optional<std::string> truth(std::size_t) const override { return std::nullopt; }
  std::vector<ColumnInfo> columns() const override { return columns_; }

  Sample describe(std::size_t index) const override {
    const Group& group = groups_.at(index);
    Sample sample;
    sample.id = group.id;
    const auto file = std::find_if(group.files.begin(), group.files.end(),
                                   [](const std::string& name) { return !name.empty(); });
    if (file != group.files.end()) sample.origin = path_of(*file);
    return sample;
  }

  Result<Sample> load(std::size_t index) const override {
    const Group& group = groups_.at(index);
    Sample sample = describe(index);
    auto image = group.files.size() == 1 ? read_file(sample.origin) : read_bands(group);
    if (!image) return image.error();
    auto content = std::move(image).value();
    sample.metadata = std::move(content.keywords);
    sample.views.push_back({"image", std::move(content.raster)});
    return sample;
  }

 private:
  std::string path_of(const std::string& file) const { return (fs::path(folder_) / file).string(); }

  /// All bands from one file: planes of one HDU, or one HDU a band.
  Result<fits::FitsImage> read_file(const std::string& path) const {
    auto image = fits::read_fits_image(path, hdu_);
    if (!image || bands_.empty()) return image;
    const int wanted = static_cast<int>(bands_.size());
    const int planes = image.value().raster.bands;
    if (planes == wanted) return image;
    if (planes != 1 || hdu_) {
      return Error::input(path, "holds " + std::to_string(planes) + " bands, not the " +
                                    std::to_string(wanted) +
                                    " of bands=" + text::join(bands_, ","));
    }
    const auto hdus = fits::list_fits_images(path);
    if (!hdus) return hdus.error();
    return read_hdus(path, hdus.value());
  }

  /// One image HDU a band: by name (EXTNAME, FILTER or BAND) where all are found, else in order
  /// where there are just as many.
  Result<fits::FitsImage> read_hdus(const std::string& path,
                                    const std::vector<fits::FitsImageInfo>& hdus) const {
    std::vector<std::string> names;
    for (const auto& hdu : hdus) names.push_back(hdu.name);
    std::vector<int> numbers;
    for (const std::string& band : bands_) {
      auto found = std::find(names.begin(), names.end(), band);
      if (found == names.end()) {  // FITS keywords' values are often written in capitals
        found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
          return text::lower(name) == text::lower(band);
        });
      }
      if (found == names.end()) break;
      numbers.push_back(hdus[static_cast<std::size_t>(found - names.begin())].hdu);
    }
    if (numbers.size() != bands_.size()) {
      numbers.clear();
      for (const auto& hdu : hdus) numbers.push_back(hdu.hdu);
    }
    if (numbers.size() != bands_.size()) {
      return Error::input(path, "holds " + std::to_string(hdus.size()) + " images, not the " +
                                    std::to_string(bands_.size()) +
                                    " of bands=" + text::join(bands_, ","));
    }
    std::vector<std::pair<std::string, std::optional<int>>> parts;
    for (const int number : numbers) parts.emplace_back(path, number);
    return stack(parts);
  }

  Result<fits::FitsImage> read_bands(const Group& group) const {
    std::vector<std::pair<std::string, std::optional<int>>> parts;
    for (std::size_t b = 0; b < bands_.size(); ++b) {
      if (group.files[b].empty()) {
        return Error::input(path_of(group.id), "there is no file for band '" + bands_[b] + "'");
      }
      parts.emplace_back(path_of(group.files[b]), hdu_);
    }
    return stack(parts);
  }

  /// One-band images as the planes of one; the keywords are those of the first.
  static Result<fits::FitsImage> stack(
      const std::vector<std::pair<std::string, std::optional<int>>>& parts) {
    fits::FitsImage all;
    for (const auto& [path, hdu] : parts) {
      auto read = fits::read_fits_image(path, hdu);
      if (!read) return read.error();
      auto part = std::move(read).value();
      if (part.raster.bands != 1) return Error::input(path, "holds several planes, not one band");
      if (all.raster.values.empty()) {
        all = std::move(part);
        continue;
      }
      if (part.raster.width != all.raster.width || part.raster.height != all.raster.height) {
        return Error::input(
            path, "is " + std::to_string(part.raster.width) + " x " +
                      std::to_string(part.raster.height) + " pixels, the first band " +
                      std::to_string(all.raster.width) + " x " + std::to_string(all.raster.height));
      }
      all.raster.values.insert(all.raster.values.end(), part.raster.values.begin(),
                               part.raster.values.end());
      ++all.raster.bands;
    }
    return all;
  }

  std::string folder_;
  std::vector<Group> groups_;
  std::optional<int> hdu_;
  std::vector<std::string> bands_;
  std::vector<ColumnInfo> columns_;
};

std::vector<std::string> parse_bands(const Spec& spec) {
  std::vector<std::string> bands;
  for (const std::string& band : text::split(spec.option("bands").value_or(""), ',')) {
    if (band.empty()) continue;
    if (std::find(bands.begin(), bands.end(), band) != bands.end()) {
      throw Error::usage(spec.text, "band '" + band + "' is named twice");
    }
    bands.push_back(band);
  }
  return bands;
}

}  // namespace

std::unique_ptr<SampleSource> open_fits(const Spec& spec) {
  spec.require_known({"hdu", "bands"});
  std::optional<int> hdu;
  if (const auto option = spec.option("hdu")) {
    const auto number = text::parse_int(*option);
    if (!number || *number < 0 || *number > 100'000) {
      throw Error::usage(spec.text, "hdu=" + *option + " is not the number of an HDU",
                         "the primary HDU is 0");
    }
    hdu = static_cast<int>(*number);
  }
  const auto bands = parse_bands(spec);
  std::error_code status;
  std::string folder = spec.body;
  std::vector<std::string> files;
  if (fs::is_directory(spec.body, status)) {
    files = list_files(spec.body, is_fits_name);
    if (files.empty()) throw Error::input(spec.body, "holds no FITS files");
  } else {
    if (!fs::is_regular_file(spec.body, status)) {
      throw Error::input(spec.body, "does not exist or is no regular file");
    }
    folder = fs::path(spec.body).parent_path().string();
    files = {fs::path(spec.body).filename().string()};
  }
  std::vector<Group> groups;
  if (fs::is_directory(spec.body, status)) groups = group_by_band(files, bands);
  if (groups.empty()) {
    const auto ids = ids_of_files(files);
    for (std::size_t i = 0; i < files.size(); ++i) groups.push_back({ids[i], {files[i]}});
  }
  return std::make_unique<FitsSource>(std::move(folder), std::move(groups), hdu, bands);
}

}  // namespace firstlight
