#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <new>
#include <optional>
#include <unordered_map>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/text.h"
#include "firstlight/run/runner.h"
#include "firstlight/task/prompt.h"
#include "hashes.h"
#include "loader.h"
#include "truth.h"

namespace firstlight {
namespace {

constexpr std::size_t kShownValues = 12;
/// Samples that are tried until one can be read.
constexpr std::size_t kTriedSamples = 16;

std::string list_values(const std::map<std::string, std::size_t>& counts) {
  std::vector<std::pair<std::string, std::size_t>> values(counts.begin(), counts.end());
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(values.size(), kShownValues); ++i) {
    parts.push_back(fmt::format("'{}' ({})", values[i].first, values[i].second));
  }
  if (values.size() > kShownValues) {
    parts.push_back(fmt::format("and {} more", values.size() - kShownValues));
  }
  return text::join(parts, ", ");
}

}  // namespace

namespace run_detail {

std::optional<ClassId> truth_class(const Task& task, const std::optional<std::string>& truth,
                                   const std::vector<std::string>& ignore) {
  if (!truth || is_ignored(*truth, ignore)) return std::nullopt;
  return task.match(*truth);
}

bool is_ignored(const std::string& truth, const std::vector<std::string>& ignore) {
  const std::string value = text::lower(text::trim(truth));
  return value.empty() || std::any_of(ignore.begin(), ignore.end(), [&](const std::string& item) {
           return text::lower(text::trim(item)) == value;
         });
}

}  // namespace run_detail

void check_data(const SampleSource& source, const Task& task) {
  std::optional<Sample> sample;
  for (std::size_t i = 0; i < std::min(source.size(), kTriedSamples) && !sample; ++i) {
    try {
      Result<Sample> loaded = source.load(i);
      if (loaded) sample = std::move(loaded).value();
    } catch (const std::bad_alloc&) {
      continue;  // one huge picture; the run will say so
    }
  }
  std::vector<std::string> measured;
  std::vector<std::string> truth;
  const auto add = [&](const std::string& name, Provenance provenance) {
    (provenance == Provenance::kTruth ? truth : measured).push_back(name);
  };
  for (const ColumnInfo& column : source.columns()) add(column.name, column.provenance);
  if (!sample) {
    // Nothing can be read; keywords of the files may still be what a prompt names.
    if (!measured.empty()) check_fields(task, measured, truth);
    return;
  }
  // Keywords of FITS files are columns of samples, not always of the source.
  for (const Metadata& item : sample->metadata) add(item.name, item.provenance);
  check_fields(task, measured, truth);
  bool any = false;
  for (std::size_t v = 0; v < task.views.size(); ++v) {
    any = any || run_detail::find_view(*sample, task.views[v], v) != nullptr;
  }
  for (std::size_t v = 0; v < task.views.size(); ++v) {
    if (any && task.views[v].optional) continue;
    if (run_detail::find_view(*sample, task.views[v], v) != nullptr) continue;
    std::vector<std::string> names;
    for (const View& view : sample->views) names.push_back(view.name);
    throw Error::usage(task.origin,
                       "the data have no view '" + task.views[v].name + "', which the task shows",
                       "they have: " + text::join(names, ", "));
  }
}

SourceSurvey survey(const SampleSource& source, const Task& task,
                    const std::vector<std::string>& ignore_truth) {
  SourceSurvey result;
  result.samples = source.size();
  run_detail::IdsHash hash;
  std::map<std::string, std::size_t> all;
  std::map<std::string, std::size_t> unknown;
  std::unordered_map<std::uint64_t, std::size_t> seen;
  seen.reserve(result.samples);
  for (std::size_t i = 0; i < result.samples; ++i) {
    const std::string id = source.id(i);
    const auto truth = source.truth(i);
    hash.add(id, truth);
    const auto [first, is_new] = seen.emplace(stable_hash64(id), i);
    if (!is_new && source.id(first->second) == id) {
      throw Error::input(fmt::format("samples {} and {}", first->second, i),
                         "have the same id '" + id + "'",
                         "choose a column that is unique, for a catalogue with ?id=COLUMN");
    }
    if (!truth || run_detail::is_ignored(*truth, ignore_truth)) continue;
    ++all[*truth];
    if (task.match(*truth)) {
      ++result.with_truth;
    } else if (task.match_background(*truth)) {
      ++result.backgrounds;
    } else {
      ++unknown[*truth];
    }
  }
  result.ids_sha256 = hash.hex();
  if (!unknown.empty()) {
    std::vector<std::string> keys;
    for (const ClassDefinition& c : task.classes) keys.push_back(c.key);
    throw Error::usage("truth",
                       fmt::format("{} name no class of the task {}; values found: {}",
                                   list_values(unknown), task.name, list_values(all)),
                       fmt::format("classes are {}; leave a value out with --ignore-truth VALUE",
                                   text::join(keys, ", ")));
  }
  return result;
}

}  // namespace firstlight
