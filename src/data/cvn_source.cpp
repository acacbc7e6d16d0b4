#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "csv.h"
#include "firstlight/base/inflate.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "readers.h"
#include "value_type.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

/// The planes of DUNE's far detector in the order of the file.
constexpr const char* kViews[] = {"u", "v", "z"};
constexpr std::size_t kViewCount = 3;
constexpr std::uint64_t kMaxBytes = 3ull * 4096 * 4096;

/// The last name of a path without folders and ending: what a file and its row in a table share.
std::string stem_of(const std::string& path) { return fs::path(path).stem().string(); }

/// What a generator knows of each event, by the stem of its file.
class TruthTable {
 public:
  explicit TruthTable(const std::string& path)
      : table_(text::read_file(path), path), types_(table_.columns().size()) {
    const auto file = find_name(table_.columns(), kPathColumns);
    key_ = file ? file : find_name(table_.columns(), kIdColumns);
    if (!key_) {
      throw Error::usage(
          path, "no column names the event's file",
          "call it 'file' or 'id'; the columns are " + text::join(table_.columns(), ", "));
    }
    truth_ = find_name(table_.columns(), kTruthColumns);
    for (std::size_t row = 0; row < table_.size(); ++row) {
      const auto fields = table_.fields(row);
      for (std::size_t i = 0; i < fields.size(); ++i) types_[i].add(fields[i]);
      if (!rows_.emplace(stem_of(fields[*key_]), row).second) {
        throw Error::input(table_.where(row),
                           "the event '" + stem_of(fields[*key_]) + "' is listed twice");
      }
    }
  }

  std::optional<std::size_t> row(const std::string& stem) const {
    const auto found = rows_.find(stem);
    if (found == rows_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::string> truth(const std::string& stem) const {
    const auto at = row(stem);
    if (!truth_ || !at) return std::nullopt;
    std::string value = table_.field(*at, *truth_);
    if (value.empty()) return std::nullopt;
    return value;
  }
  /// Everything beside the file: all of it is the generator's.
  std::vector<Metadata> metadata(const std::string& stem) const {
    std::vector<Metadata> out;
    const auto at = row(stem);
    if (!at) return out;
    const auto fields = table_.fields(*at);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (is_metadata(i)) {
        out.push_back({table_.columns()[i], types_[i].value(fields[i]), Provenance::kTruth});
      }
    }
    return out;
  }
  std::vector<ColumnInfo> columns() const {
    std::vector<ColumnInfo> out;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (is_metadata(i)) out.push_back({table_.columns()[i], Provenance::kTruth, {}, {}});
    }
    return out;
  }

 private:
  bool is_metadata(std::size_t column) const { return column != *key_ && truth_ != column; }

  CsvTable table_;
  std::vector<ValueType> types_;
  std::optional<std::size_t> key_;
  std::optional<std::size_t> truth_;
  std::unordered_map<std::string, std::size_t> rows_;
};

/// [view][wire][time] to a picture a view with wires to the right and time downwards, as DUNE
/// draws them.
std::vector<View> to_views(const std::string& bytes, std::size_t side) {
  std::vector<View> views;
  for (std::size_t v = 0; v < kViewCount; ++v) {
    Image image{static_cast<int>(side), static_cast<int>(side), 1, {}};
    image.pixels.resize(side * side);
    const char* plane = bytes.data() + v * side * side;
    for (std::size_t wire = 0; wire < side; ++wire) {
      for (std::size_t time = 0; time < side; ++time) {
        image.pixels[time * side + wire] = static_cast<std::uint8_t>(plane[wire * side + time]);
      }
    }
    views.push_back({kViews[v], std::move(image)});
  }
  return views;
}

/// Events of DUNE's convolutional visual network (Phys. Rev. D 102, 092003): `event<n>.gz`, a zlib
/// stream of bytes [3 views][wires][times].
class CvnSource : public SampleSource {
 public:
  CvnSource(std::string folder, std::vector<std::string> files, const std::string& truth)
      : folder_(std::move(folder)), files_(std::move(files)) {
    if (!truth.empty()) truth_.emplace(truth);
  }

  std::size_t size() const override { return files_.size(); }
  std::string id(std::size_t index) const override {
    return fs::path(files_.at(index)).replace_extension().generic_string();
  }

  Result<Sample> load(std::size_t index) const override {
    Sample sample = describe(index);
    try {
      std::string bytes;
      const std::string wrong = inflate_stream(text::read_file(sample.origin), kMaxBytes, &bytes);
      if (!wrong.empty()) return Error::input(sample.origin, wrong);
      const auto side = static_cast<std::size_t>(
          std::lround(std::sqrt(static_cast<double>(bytes.size()) / kViewCount)));
      if (side == 0 || side * side * kViewCount != bytes.size()) {
        return Error::input(sample.origin, "holds " + std::to_string(bytes.size()) +
                                               " bytes, not three square views");
      }
      sample.views = to_views(bytes, side);
    } catch (const Error& error) {
      return error;
    }
    return sample;
  }

  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = id(index);
    sample.origin = (fs::path(folder_) / files_.at(index)).string();
    sample.truth = truth(index);
    if (truth_) sample.metadata = truth_->metadata(stem_of(files_[index]));
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    return truth_ ? truth_->truth(stem_of(files_.at(index))) : std::nullopt;
  }

  std::vector<ColumnInfo> columns() const override {
    return truth_ ? truth_->columns() : std::vector<ColumnInfo>();
  }

 private:
  std::string folder_;
  std::vector<std::string> files_;
  std::optional<TruthTable> truth_;
};

}  // namespace

bool is_cvn_name(std::string_view name) {
  const std::string low = text::lower(name);
  return low.ends_with(".gz") && !is_fits_name(low);
}

std::unique_ptr<SampleSource> open_cvn(const Spec& spec) {
  spec.require_known({"truth"});
  auto files = list_files(spec.body, is_cvn_name);
  if (files.empty()) throw Error::input(spec.body, "holds no event files (event1.gz, ...)");
  std::string truth = spec.option("truth").value_or("");
  if (!spec.option("truth")) {
    const fs::path beside = fs::path(spec.body) / "labels.csv";
    std::error_code status;
    if (fs::is_regular_file(beside, status)) {
      truth = beside.string();
      log_info(spec.body + ": the truth is taken from " + truth);
    }
  }
  return std::make_unique<CvnSource>(spec.body, std::move(files), truth);
}

}  // namespace firstlight
