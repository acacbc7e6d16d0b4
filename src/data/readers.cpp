#include "readers.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "firstlight/base/text.h"
#include "firstlight/fits/fits.h"
#include "firstlight/image/codec.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kFitsExtensions = {
    ".fits", ".fit", ".fts", ".fits.fz", ".fit.fz", ".fts.fz", ".fits.gz", ".fit.gz", ".fts.gz"};

/// Length of the longest of `extensions` that `name` ends with; 0 where it ends with none or is
/// nothing else.
std::size_t extension_length(std::string_view name, const std::vector<std::string>& extensions) {
  const std::string low = text::lower(name);
  std::size_t length = 0;
  for (const std::string& extension : extensions) {
    if (low.size() > extension.size() && low.ends_with(extension)) {
      length = std::max(length, extension.size());
    }
  }
  return length;
}

}  // namespace

const std::vector<std::string> kPathColumns = {"file",       "path",       "filename", "file_name",
                                               "filepath",   "file_path",  "file_loc", "image",
                                               "image_path", "image_file", "cutout",   "png_loc"};
const std::vector<std::string> kTruthColumns = {"truth", "label", "class", "target", "category"};
const std::vector<std::string> kIdColumns = {"object_id", "objectid", "objid", "id", "sample_id"};

bool is_image_name(std::string_view name) { return extension_length(name, image_extensions()) > 0; }

bool is_fits_name(std::string_view name) { return extension_length(name, kFitsExtensions) > 0; }

std::string without_extension(std::string_view path) {
  const std::size_t length =
      std::max(extension_length(path, image_extensions()), extension_length(path, kFitsExtensions));
  return std::string(path.substr(0, path.size() - length));
}

Result<Picture> read_picture(const std::string& path) {
  if (is_fits_name(path)) {
    auto image = fits::read_fits_image(path);
    if (!image) return image.error();
    auto content = std::move(image).value();
    return Picture{std::move(content.raster), std::move(content.keywords)};
  }
  auto pixels = read_image(path);
  if (!pixels) return pixels.error();
  return Picture{std::move(pixels).value(), {}};
}

std::vector<std::string> list_files(const std::string& folder, bool (*wanted)(std::string_view)) {
  std::error_code status;
  if (!fs::is_directory(folder, status)) {
    throw Error::input(folder, fs::exists(folder, status) ? "is not a folder" : "does not exist");
  }
  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(folder, status);
  for (; !status && entry != fs::recursive_directory_iterator(); entry.increment(status)) {
    const std::string name = entry->path().filename().string();
    std::error_code unreadable;
    if (name.starts_with('.')) {
      if (entry->is_directory(unreadable)) entry.disable_recursion_pending();
      continue;
    }
    // A link that leads nowhere is a sample that cannot be read, and says so.
    const auto type = entry->status(unreadable).type();
    const bool broken = entry->is_symlink(unreadable) &&
                        (type == fs::file_type::not_found || type == fs::file_type::none);
    if (wanted(name) && (type == fs::file_type::regular || broken)) {
      files.push_back(entry->path().lexically_relative(folder).generic_string());
    }
    if (type == fs::file_type::directory && !entry->is_symlink(unreadable) &&
        ::access(entry->path().c_str(), R_OK | X_OK) != 0) {
      throw Error::input(entry->path().string(),
                         std::string("cannot be listed: ") + std::strerror(errno),
                         "make it readable, or hide it with a name that begins with '.'");
    }
  }
  if (status) throw Error::input(folder, "cannot be listed: " + status.message());
  std::sort(files.begin(), files.end(), text::natural_less);
  return files;
}

std::vector<std::string> ids_of_files(const std::vector<std::string>& paths) {
  std::map<std::string, int> count;
  std::vector<std::string> ids;
  ids.reserve(paths.size());
  for (const std::string& path : paths) ++count[ids.emplace_back(without_extension(path))];
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (count[ids[i]] > 1) ids[i] = paths[i];
  }
  return ids;
}

std::optional<std::size_t> find_name(const std::vector<std::string>& names,
                                     const std::vector<std::string>& candidates) {
  for (const std::string& candidate : candidates) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (text::lower(names[i]) == candidate) return i;
    }
  }
  return std::nullopt;
}

}  // namespace firstlight
