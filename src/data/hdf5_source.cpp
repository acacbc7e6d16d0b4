#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "hdf5_file.h"
#include "readers.h"
#include "stack.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

using Kind = Hdf5Dataset::Kind;

/// Names of the images' dataset in use (GalaxyMNIST and Galaxy10 DECaLS: "images").
const std::vector<std::string> kImageNames = {"images", "image", "x", "data", "cutouts"};
/// Names of the labels' dataset in use (GalaxyMNIST: "labels", Galaxy10 DECaLS: "ans").
const std::vector<std::string> kLabelNames = {"labels", "label", "ans",    "truth",
                                              "y",      "class", "target", "classes"};
/// An index of this many samples and columns is past what the columns kept in memory are meant for.
constexpr std::uint64_t kMaxSamples = 100'000'000;

bool is_image_stack(const Hdf5Dataset& dataset) {
  const bool numbers = dataset.kind == Kind::kUint8 || dataset.kind == Kind::kInteger ||
                       dataset.kind == Kind::kFloat;
  return numbers && (dataset.shape.size() == 3 || dataset.shape.size() == 4);
}

bool is_list(const Hdf5Dataset& dataset, std::uint64_t n) {
  const bool flat =
      dataset.shape.size() == 1 || (dataset.shape.size() == 2 && dataset.shape[1] == 1);
  return dataset.kind != Kind::kOther && flat && dataset.shape[0] == n;
}

std::string list_text(const std::vector<Hdf5Dataset>& datasets) {
  std::vector<std::string> names;
  for (const Hdf5Dataset& dataset : datasets) {
    names.push_back(dataset.name + " " + shape_text(dataset.shape));
  }
  return names.empty() ? "the file holds no datasets"
                       : "the datasets are " + text::join(names, ", ");
}

/// The dataset that option `key` names.
const Hdf5Dataset& named(const Hdf5File& file, const std::string& key, std::string name) {
  while (name.starts_with('/')) name.erase(0, 1);
  for (const Hdf5Dataset& dataset : file.datasets()) {
    if (dataset.name == name) return dataset;
  }
  throw Error::usage(file.path(), "there is no dataset '" + name + "' (" + key + "=)",
                     list_text(file.datasets()));
}

/// The dataset of `usable` whose last name comes first in `names`, else the only one where
/// `take_only`, else null.
const Hdf5Dataset* recognised(const std::vector<const Hdf5Dataset*>& usable,
                              const std::vector<std::string>& names, bool take_only) {
  std::vector<std::string> last_names;
  for (const Hdf5Dataset* dataset : usable) {
    last_names.push_back(dataset->name.substr(dataset->name.rfind('/') + 1));
  }
  if (const auto found = find_name(last_names, names)) return usable[*found];
  return take_only && usable.size() == 1 ? usable[0] : nullptr;
}

class Hdf5Source : public SampleSource {
 public:
  explicit Hdf5Source(const Spec& spec) : file_(spec.body) {
    images_ = choose_images(spec);
    layout_ = stack_layout(images_.shape, images_.kind == Kind::kUint8,
                           file_.path() + ":" + images_.name);
    if (layout_.count > kMaxSamples) {
      throw Error::input(file_.path() + ":" + images_.name,
                         "an array of shape " + shape_text(images_.shape) + " is too long");
    }
    if (images_.stored_bytes == 0) {
      throw Error::input(file_.path() + ":" + images_.name, "holds no data");
    }
    const std::string truth = choose_truth(spec);
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      if (dataset.name == images_.name || !is_list(dataset, layout_.count)) continue;
      auto values = file_.read_list(dataset);
      if (dataset.name == truth) {
        truth_ = std::move(values);
      } else {
        names_.push_back(dataset.name);
        values_.push_back(std::move(values));
      }
    }
    choose_ids();
  }

  std::size_t size() const override { return layout_.count; }

  std::string id(std::size_t index) const override {
    if (!ids_.empty()) return to_text(ids_.at(index));
    return fs::path(file_.path()).stem().string() + "/" + std::to_string(index);
  }

  Result<Sample> load(std::size_t index) const override {
    try {
      Sample sample = describe(index);
      sample.views.push_back(
          {"image", layout_.is_picture ? to_picture(layout_, file_.read_bytes(images_, index))
                                       : to_raster(layout_, file_.read_floats(images_, index))});
      return sample;
    } catch (const Error& error) {
      return error;
    }
  }

  std::optional<std::string> truth(std::size_t index) const override {
    if (truth_.empty()) return std::nullopt;
    std::string text = to_text(truth_.at(index));
    if (text.empty()) return std::nullopt;
    return text;
  }

  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = id(index);
    sample.origin = file_.path() + ":" + images_.name + "[" + std::to_string(index) + "]";
    sample.truth = truth(index);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      sample.metadata.push_back({names_[i], values_[i].at(index), provenance(names_[i])});
    }
    return sample;
  }

  std::vector<ColumnInfo> columns() const override {
    std::vector<ColumnInfo> columns;
    for (const std::string& name : names_) columns.push_back({name, provenance(name), {}, {}});
    return columns;
  }

 private:
  static Provenance provenance(const std::string& name) {
    return name.starts_with(kTruthPrefix) ? Provenance::kTruth : Provenance::kMeasured;
  }

  const Hdf5Dataset& choose_images(const Spec& spec) const {
    if (const auto name = spec.option("images")) return named(file_, "images", *name);
    std::vector<const Hdf5Dataset*> stacks;
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      if (is_image_stack(dataset)) stacks.push_back(&dataset);
    }
    if (const Hdf5Dataset* images = recognised(stacks, kImageNames, true)) return *images;
    throw Error::usage(file_.path(), "no dataset is recognised as the images",
                       "name it with ?images=NAME; " + list_text(file_.datasets()));
  }

  /// Empty where there is none.
  std::string choose_truth(const Spec& spec) const {
    if (const auto name = spec.option("truth")) {
      if (name->empty()) return {};
      const Hdf5Dataset& truth = named(file_, "truth", *name);
      if (!is_list(truth, layout_.count)) {
        throw Error::input(file_.path() + ":" + truth.name,
                           "labels of shape " + shape_text(truth.shape) + " do not fit the " +
                               std::to_string(layout_.count) + " images",
                           "one number or text an image is needed");
      }
      return truth.name;
    }
    std::vector<const Hdf5Dataset*> lists;
    std::vector<const Hdf5Dataset*> others;
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      if (dataset.name == images_.name) continue;
      (is_list(dataset, layout_.count) ? lists : others).push_back(&dataset);
    }
    const Hdf5Dataset* truth = recognised(lists, kLabelNames, false);
    if (truth != nullptr) return truth->name;
    if (const Hdf5Dataset* other = recognised(others, kLabelNames, false)) {
      log_warning(file_.path() + ":" + other->name + ": labels of shape " +
                  shape_text(other->shape) + " do not fit the " + std::to_string(layout_.count) +
                  " images and are left out");
    }
    return {};
  }

  /// A column of ids is used where every value is there and unique; otherwise ids are positions.
  void choose_ids() {
    const auto column = find_name(names_, kIdColumns);
    if (!column) return;
    std::unordered_set<std::string> seen;
    for (const MetadataValue& value : values_[*column]) {
      if (std::holds_alternative<double>(value) || to_text(value).empty() ||
          !seen.insert(to_text(value)).second) {
        log_info(file_.path() + ": " + names_[*column] +
                 " is not unique text or integers; ids are positions");
        return;
      }
    }
    const auto at = static_cast<std::ptrdiff_t>(*column);
    ids_ = std::move(values_[*column]);
    names_.erase(names_.begin() + at);
    values_.erase(values_.begin() + at);
  }

  Hdf5File file_;
  Hdf5Dataset images_;
  StackLayout layout_;
  std::vector<std::string> names_;  ///< metadata columns
  std::vector<std::vector<MetadataValue>> values_;
  std::vector<MetadataValue> truth_;  ///< empty without truth
  std::vector<MetadataValue> ids_;    ///< empty where ids are positions
};

}  // namespace

std::unique_ptr<SampleSource> open_hdf5(const Spec& spec) {
  spec.require_known({"images", "truth"});
  return std::make_unique<Hdf5Source>(spec);
}

}  // namespace firstlight
