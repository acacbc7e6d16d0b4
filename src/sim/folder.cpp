#include "firstlight/sim/folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"

namespace firstlight::sim {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    throw Error::internal(path.string(), "the file cannot be written",
                          "check the free space and the folder's permissions");
  }
}

/// Writes the picture and returns the sample's row.
std::string write_sample(const SampleSource& source, std::size_t index, const fs::path& directory) {
  const Sample sample = source.load(index).value();
  std::string row;
  for (const View& view : sample.views) {
    const Image* image = std::get_if<Image>(&view.pixels);
    if (image == nullptr) throw Error::input(sample.origin, "the view is no 8-bit picture");
    const std::string name =
        sample.views.size() == 1 ? sample.id + ".png" : sample.id + "_" + view.name + ".png";
    write_file(directory / name, encode_png(*image));
    row += text::csv_field(name) + ',';
  }
  row += text::csv_field(sample.id) + ',' + text::csv_field(sample.truth.value_or(""));
  for (const Metadata& column : sample.metadata)
    row += ',' + text::csv_field(to_text(column.value));
  return row + '\n';
}

}  // namespace

void write_image_folder(const SampleSource& source, const std::string& directory,
                        const ProgressSink& progress) {
  const fs::path folder = directory;
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
    throw Error::usage(directory, "is a file, not a folder", "choose another name");
  }
  fs::create_directories(folder, error);
  if (error) throw Error::internal(directory, "the folder cannot be made: " + error.message());
  if (!fs::is_empty(folder, error) || error) {
    throw Error::usage(directory, "the folder is not empty",
                       "choose another name, or empty it first");
  }

  std::string table;
  const auto views = source.load(0).value().views;
  for (const View& view : views) {
    table += views.size() == 1 ? std::string("file,") : text::csv_field("file." + view.name) + ',';
  }
  table += "id,label";
  for (const ColumnInfo& column : source.columns()) {
    table += ',' + text::csv_field(column.provenance == Provenance::kTruth ? "truth." + column.name
                                                                           : column.name);
  }
  table += '\n';
  constexpr std::size_t kChunk = 64;  // samples between two calls of `progress`
  for (std::size_t begin = 0; begin < source.size(); begin += kChunk) {
    const std::size_t count = std::min(kChunk, source.size() - begin);
    std::vector<std::string> rows(count);
    parallel_for(count, 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) rows[i] = write_sample(source, begin + i, folder);
    });
    table += text::join(rows, "");
    if (progress) progress({begin + count, source.size(), 0});
  }
  text::write_file_atomically((folder / "labels.csv").string(), table);
}

}  // namespace firstlight::sim
