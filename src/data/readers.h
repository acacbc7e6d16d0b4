#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/spec.h"
#include "firstlight/data/source.h"

/// What the readers share. `open_source` in source.cpp is the list of them.
namespace firstlight {

std::unique_ptr<SampleSource> open_folder(const Spec& spec);
std::unique_ptr<SampleSource> open_csv(const Spec& spec);
std::unique_ptr<SampleSource> open_npy(const Spec& spec);
std::unique_ptr<SampleSource> open_hdf5(const Spec& spec);
std::unique_ptr<SampleSource> open_fits(const Spec& spec);
std::unique_ptr<SampleSource> open_pixelmap(const Spec& spec);
std::unique_ptr<SampleSource> open_cvn(const Spec& spec);

/// By the ending of the name, without regard to case.
bool is_image_name(std::string_view name);
/// .fits, .fit, .fts, each also with .fz or .gz.
bool is_fits_name(std::string_view name);
/// A file that only a folder of pixel maps has: ID_pid.txt or ID_xz.png.
bool is_pixelmap_name(std::string_view name);
/// .gz, but no FITS file.
bool is_cvn_name(std::string_view name);
/// The path without the ending that is_image_name or is_fits_name recognised.
std::string without_extension(std::string_view path);

/// A picture or FITS image file with its header keywords.
struct Picture {
  Pixels pixels;
  std::vector<Metadata> keywords;
};
Result<Picture> read_picture(const std::string& path);

/// The regular files below `folder` whose name `wanted` accepts, as paths relative to it in natural
/// order. Names that begin with a dot are left out, links to folders are not followed. Throws
/// Error::input.
std::vector<std::string> list_files(const std::string& folder, bool (*wanted)(std::string_view));

/// Ids of files: the path without extension, with it where two would be the same.
std::vector<std::string> ids_of_files(const std::vector<std::string>& paths);

/// Position of the first of `candidates` in `names`, without regard to case.
std::optional<std::size_t> find_name(const std::vector<std::string>& names,
                                     const std::vector<std::string>& candidates);

/// Column names that are recognised, the most telling first.
extern const std::vector<std::string> kPathColumns;
extern const std::vector<std::string> kTruthColumns;
extern const std::vector<std::string> kIdColumns;
/// Columns whose name begins so hold what a generator knows (as `firstlight simulate` writes them).
inline constexpr std::string_view kTruthPrefix = "truth.";
/// Columns whose name begins so name the picture of a view: `file.xz`, `file.yz`.
inline constexpr std::string_view kViewPrefix = "file.";

}  // namespace firstlight
