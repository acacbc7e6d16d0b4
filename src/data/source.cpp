#include "firstlight/data/source.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "readers.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

struct Reader {
  const char* scheme;
  std::unique_ptr<SampleSource> (*open)(const Spec&);
};

/// Every reader, the visible list: a new one is a line here (docs/how-to-add-a-reader.md).
constexpr std::array<Reader, 7> kReaders = {{
    {"folder", open_folder},
    {"csv", open_csv},
    {"npy", open_npy},
    {"hdf5", open_hdf5},
    {"fits", open_fits},
    {"pixelmap", open_pixelmap},
    {"cvn", open_cvn},
}};

constexpr const char* kForms =
    "DATA is folder:DIR, csv:FILE, npy:FILE, hdf5:FILE, fits:PATH, pixelmap:DIR, cvn:DIR, "
    "sim:NAME or a path";

bool holds(const std::string& folder, bool (*wanted)(std::string_view)) {
  return !list_files(folder, wanted).empty();
}

/// The scheme of a folder: what lies in it, a list with labels first.
Spec recognise_folder(Spec spec) {
  std::error_code status;
  const fs::path list = fs::path(spec.body) / "labels.csv";
  if (fs::is_regular_file(list, status)) {
    log_info(spec.body + ": the images are those of its labels.csv");
    spec.scheme = "csv";
    spec.body = list.string();
  } else if (holds(spec.body, is_pixelmap_name)) {
    spec.scheme = "pixelmap";
  } else if (holds(spec.body, is_image_name)) {
    spec.scheme = "folder";
  } else if (holds(spec.body, is_fits_name)) {
    spec.scheme = "fits";
  } else if (holds(spec.body,
                   [](std::string_view name) { return text::lower(name).ends_with(".npy"); })) {
    spec.scheme = "npy";
  } else if (holds(spec.body, is_cvn_name)) {
    spec.scheme = "cvn";
  } else {
    throw Error::input(
        spec.body, "holds neither labels.csv nor image, FITS, .npy or event files that are read");
  }
  return spec;
}

/// The scheme of a bare path, by what it is.
Spec recognise(Spec spec) {
  std::error_code status;
  if (!fs::exists(spec.body, status)) {
    throw Error::input(spec.body, "does not exist", kForms);
  }
  if (fs::is_directory(spec.body, status)) return recognise_folder(std::move(spec));
  const std::string name = text::lower(spec.body);
  if (name.ends_with(".csv")) {
    spec.scheme = "csv";
  } else if (name.ends_with(".npy")) {
    spec.scheme = "npy";
  } else if (name.ends_with(".h5") || name.ends_with(".hdf5") || name.ends_with(".hdf")) {
    spec.scheme = "hdf5";
  } else if (is_fits_name(name)) {
    spec.scheme = "fits";
  } else if (!is_image_name(name)) {
    throw Error::usage(spec.body, "is of no kind that is recognised by its name",
                       "say which it is, for instance hdf5:" + spec.body);
  }
  return spec;
}

}  // namespace

Sample SampleSource::describe(std::size_t index) const {
  Sample sample;
  sample.id = id(index);
  sample.truth = truth(index);
  return sample;
}

std::unique_ptr<SampleSource> open_data_source(std::string_view text) {
  std::vector<std::string> schemes = {"sim"};
  for (const Reader& reader : kReaders) schemes.push_back(reader.scheme);
  Spec spec = parse_spec(text, schemes);
  if (spec.scheme == "sim") {
    throw Error::usage(spec.text, "a simulator is not opened as data files");
  }
  if (spec.body.empty()) throw Error::usage(spec.text, "names no file or folder", kForms);
  if (spec.scheme.empty()) spec = recognise(std::move(spec));
  for (const Reader& reader : kReaders) {
    if (spec.scheme == reader.scheme) return reader.open(spec);
  }
  spec.require_known({});
  return source_of_files({spec.body});
}

}  // namespace firstlight
