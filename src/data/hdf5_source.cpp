#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "hdf5_file.h"
#include "readers.h"
#include "stack.h"
#include "views.h"

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
    channels_ = name_list(spec, "channels");
    add_stacks(spec);
    count_ = stacks_[0].layout.count;
    for (const Stack& stack : stacks_) {
      const std::string place = file_.path() + ":" + stack.dataset.name;
      if (stack.layout.count > kMaxSamples) {
        throw Error::input(place,
                           "an array of shape " + shape_text(stack.dataset.shape) + " is too long");
      }
      if (stack.dataset.stored_bytes == 0) throw Error::input(place, "holds no data");
      if (stack.layout.count != count_) {
        throw Error::input(place, "holds " + std::to_string(stack.layout.count) + " images, '" +
                                      stacks_[0].dataset.name + "' " + std::to_string(count_));
      }
    }
    const std::string truth = choose_truth(spec);
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      if (!is_list(dataset, count_)) continue;
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

  std::size_t size() const override { return count_; }

  std::string id(std::size_t index) const override {
    if (!ids_.empty()) {
      std::vector<std::string> parts;
      for (const auto& column : ids_) parts.push_back(to_text(column.at(index)));
      return text::join(parts, "/");
    }
    return fs::path(file_.path()).stem().string() + "/" + std::to_string(index);
  }

  Result<Sample> load(std::size_t index) const override {
    try {
      Sample sample = describe(index);
      for (const Stack& stack : stacks_) {
        auto views =
            views_of(stack.layout.is_picture
                         ? to_picture(stack.layout, file_.read_bytes(stack.dataset, index))
                         : to_raster(stack.layout, file_.read_floats(stack.dataset, index)),
                     channels_);
        if (!views) return Error::input(sample.origin, views.error().what());
        for (View& view : views.value()) {
          if (!stack.view.empty()) {
            view.name = channels_.empty() ? stack.view : stack.view + "." + view.name;
          }
          sample.views.push_back(std::move(view));
        }
      }
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
    sample.origin =
        file_.path() + ":" + stacks_[0].dataset.name + "[" + std::to_string(index) + "]";
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

  /// The images of one view; a view without name is the sample's only picture.
  struct Stack {
    std::string view;
    Hdf5Dataset dataset;
    StackLayout layout;
  };

  void add_stack(const std::string& view, const Hdf5Dataset& dataset) {
    stacks_.push_back({view, dataset,
                       stack_layout(dataset.shape, dataset.kind == Kind::kUint8,
                                    file_.path() + ":" + dataset.name)});
  }

  static std::string last_name(const std::string& name) { return name.substr(name.rfind('/') + 1); }

  void add_stacks(const Spec& spec) {
    const auto views = name_list(spec, "views");
    if (!views.empty() && spec.option("images")) {
      throw Error::usage(spec.text, "images= and views= exclude each other");
    }
    for (const std::string& name : views) {
      const Hdf5Dataset& dataset = named(file_, "views", name);
      add_stack(last_name(dataset.name), dataset);
    }
    if (!views.empty()) return;
    if (const auto name = spec.option("images")) {
      add_stack("", named(file_, "images", *name));
      return;
    }
    std::vector<const Hdf5Dataset*> stacks;
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      if (is_image_stack(dataset)) stacks.push_back(&dataset);
    }
    if (const Hdf5Dataset* images = recognised(stacks, kImageNames, true)) {
      add_stack("", *images);
      return;
    }
    throw Error::usage(
        file_.path(), "no dataset is recognised as the images",
        "name it with ?images=NAME, or several with ?views=A,B; " + list_text(file_.datasets()));
  }

  /// Empty where there is none.
  std::string choose_truth(const Spec& spec) const {
    if (const auto name = spec.option("truth")) {
      if (name->empty()) return {};
      const Hdf5Dataset& truth = named(file_, "truth", *name);
      if (!is_list(truth, count_)) {
        throw Error::input(file_.path() + ":" + truth.name,
                           "labels of shape " + shape_text(truth.shape) + " do not fit the " +
                               std::to_string(count_) + " images",
                           "one number or text an image is needed");
      }
      return truth.name;
    }
    std::vector<const Hdf5Dataset*> lists;
    std::vector<const Hdf5Dataset*> others;
    for (const Hdf5Dataset& dataset : file_.datasets()) {
      const bool is_stack = std::any_of(stacks_.begin(), stacks_.end(), [&](const Stack& stack) {
        return stack.dataset.name == dataset.name;
      });
      if (is_stack) continue;
      (is_list(dataset, count_) ? lists : others).push_back(&dataset);
    }
    const Hdf5Dataset* truth = recognised(lists, kLabelNames, false);
    if (truth != nullptr) return truth->name;
    if (const Hdf5Dataset* other = recognised(others, kLabelNames, false)) {
      log_warning(file_.path() + ":" + other->name + ": labels of shape " +
                  shape_text(other->shape) + " do not fit the " + std::to_string(count_) +
                  " images and are left out");
    }
    return {};
  }

  /// A column of ids is used where every value is there and unique; otherwise ids are positions.
  void choose_ids() {
    std::vector<std::size_t> columns;
    if (const auto column = find_name(names_, kIdColumns)) {
      columns = {*column};
    } else {
      std::vector<std::string> last_names;
      for (const std::string& name : names_) last_names.push_back(last_name(name));
      columns = event_columns(last_names);
    }
    if (columns.empty()) return;
    for (const std::size_t column : columns) ids_.push_back(values_[column]);
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto unusable = [&](const auto& column) {
        return std::holds_alternative<double>(column[i]) || to_text(column[i]).empty();
      };
      if (std::any_of(ids_.begin(), ids_.end(), unusable) || !seen.insert(id(i)).second) {
        log_info(file_.path() + ": " + names_[columns[0]] +
                 " is not unique text or integers; ids are positions");
        ids_.clear();
        return;
      }
    }
    std::sort(columns.rbegin(), columns.rend());
    for (const std::size_t column : columns) {
      names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(column));
      values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(column));
    }
  }

  Hdf5File file_;
  std::vector<Stack> stacks_;
  std::vector<std::string> channels_;
  std::uint64_t count_ = 0;
  std::vector<std::string> names_;  ///< metadata columns
  std::vector<std::vector<MetadataValue>> values_;
  std::vector<MetadataValue> truth_;  ///< empty without truth
  /// Columns that make the id, joined by '/'; empty where ids are positions.
  std::vector<std::vector<MetadataValue>> ids_;
};

}  // namespace

std::unique_ptr<SampleSource> open_hdf5(const Spec& spec) {
  spec.require_known({"images", "views", "channels", "truth"});
  return std::make_unique<Hdf5Source>(spec);
}

}  // namespace firstlight
