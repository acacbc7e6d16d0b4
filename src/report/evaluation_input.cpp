#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/report/overview.h"

namespace firstlight {
namespace {

const Metadata* find_column(const SampleRecord& record, const std::string& name) {
  for (const Metadata& item : record.metadata) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

std::optional<double> as_number(const MetadataValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

bool is_missing(const MetadataValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return std::isnan(*real);
  return std::holds_alternative<std::monostate>(value);
}

/// Columns of the run: those that the source declares and those that only samples name.
std::vector<std::string> column_names(const RunStore& run) {
  std::set<std::string> names;
  for (const ColumnInfo& column : run.columns()) names.insert(column.name);
  run.for_each([&](const SampleRecord& record) {
    for (const Metadata& item : record.metadata) names.insert(item.name);
  });
  return {names.begin(), names.end()};
}

void require_column(const std::vector<std::string>& names, const std::string& name,
                    const std::string& flag) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const auto nearest = text::nearest(name, names);
  throw Error::usage(flag, "the run has no column '" + name + "'",
                     nearest         ? "did you mean '" + *nearest + "'?"
                     : names.empty() ? "it has no metadata columns"
                                     : "it has " + text::join(names, ", "));
}

std::string unit_of(const RunStore& run, const std::string& name) {
  for (const ColumnInfo& column : run.columns()) {
    if (column.name == name) return column.unit;
  }
  return {};
}

/// The values of one column as they come in, and what becomes of them: numbers where every value
/// that is there is one, else texts.
class ColumnReader {
 public:
  ColumnReader(const RunStore& run, const Binning& binning) {
    column_.binning = binning;
    column_.unit = unit_of(run, binning.column);
  }

  void read(const SampleRecord& record) {
    const Metadata* item = find_column(record, column_.binning.column);
    const bool missing = item == nullptr || is_missing(item->value);
    const auto number = missing ? std::nullopt : as_number(item->value);
    column_.numbers.push_back(number.value_or(std::numeric_limits<double>::quiet_NaN()));
    column_.texts.push_back(missing ? std::string() : to_text(item->value));
    if (!missing && !number) all_numbers_ = false;
  }

  ColumnValues values() && {
    if (all_numbers_) {
      column_.texts.clear();
    } else if (!column_.binning.edges.empty()) {
      throw Error::usage("--against " + column_.binning.column, "holds texts, which have no edges",
                         "name the column alone");
    } else {
      column_.numbers.clear();
    }
    return std::move(column_);
  }

 private:
  ColumnValues column_;
  bool all_numbers_ = true;
};

double weight_of(const SampleRecord& record, const std::string& name) {
  const Metadata* item = find_column(record, name);
  const auto weight = item == nullptr ? std::nullopt : as_number(item->value);
  if (!weight || !(*weight >= 0) || !std::isfinite(*weight)) {
    throw Error::input("sample '" + record.id + "'",
                       "has no event weight >= 0 in the column '" + name + "'");
  }
  return *weight;
}

}  // namespace

EvaluationInput evaluation_input(const RunStore& run, const Interpretation& interpretation,
                                 const EvaluationColumns& columns) {
  EvaluationInput input;
  if (interpretation.is_calibrated()) {
    input.sets.push_back({interpretation.calibration->coverage, {}});
  }
  for (const ClassDefinition& background : run.task().backgrounds) {
    input.backgrounds.push_back({background.key, {}, {}});
  }
  std::vector<ColumnReader> readers;
  if (!columns.against.empty() || !columns.weight.empty()) {
    const std::vector<std::string> names = column_names(run);
    if (!columns.weight.empty()) require_column(names, columns.weight, "--weight");
    for (const Binning& binning : columns.against) {
      require_column(names, binning.column, "--against");
      readers.emplace_back(run, binning);
    }
  }
  const bool domain = checks_domain(run);
  run.for_each([&](const SampleRecord& record) {
    if (!record.ok) {
      ++input.failed;
      return;
    }
    if (record.free_text) {
      input.free_text.push_back(
          {predict(record, interpretation).label, record.free_text->label, record.truth_class});
    }
    if (!record.truth_class) {
      const auto background =
          record.truth ? run.task().match_background(*record.truth) : std::nullopt;
      if (!background) {
        ++input.without_truth;
        return;
      }
      BackgroundSamples& samples = input.backgrounds[*background];
      const Prediction prediction = predict(record, interpretation);
      samples.probabilities.insert(samples.probabilities.end(), prediction.probabilities.begin(),
                                   prediction.probabilities.end());
      if (!columns.weight.empty()) samples.weights.push_back(weight_of(record, columns.weight));
      return;
    }
    const Prediction prediction = predict(record, interpretation);
    input.truth.push_back(*record.truth_class);
    input.predicted.push_back(prediction.label);
    if (domain) input.warned.push_back(!warning_of(run, record).empty());
    input.probabilities.insert(input.probabilities.end(), prediction.probabilities.begin(),
                               prediction.probabilities.end());
    input.calibrated.insert(input.calibrated.end(), prediction.calibrated.begin(),
                            prediction.calibrated.end());
    for (ConformalSets& sets : input.sets) sets.sets.push_back(prediction.conformal_set);
    if (!columns.weight.empty()) input.weights.push_back(weight_of(record, columns.weight));
    for (ColumnReader& reader : readers) reader.read(record);
  });
  for (ColumnReader& reader : readers) input.against.push_back(std::move(reader).values());
  return input;
}

}  // namespace firstlight
