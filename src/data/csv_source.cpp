#include <algorithm>
#include <cmath>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "csv.h"
#include "firstlight/base/text.h"
#include "readers.h"
#include "value_type.h"
#include "views.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

struct Roles {
  /// The pictures' columns, each with its view's name; one without name is the whole picture.
  std::vector<std::pair<std::string, std::size_t>> paths;
  std::optional<std::size_t> truth;
  std::vector<std::size_t> id;         ///< joined by '/'; empty: the path
  std::vector<Provenance> provenance;  ///< one a column
};

/// The column that option `key` names; with an empty value none, without the option the first of
/// `candidates` that exists.
std::optional<std::size_t> column_of(const Spec& spec, const std::string& key,
                                     const std::vector<std::string>& columns,
                                     const std::vector<std::string>& candidates) {
  const auto wanted = spec.option(key);
  if (!wanted) return find_name(columns, candidates);
  if (wanted->empty()) return std::nullopt;
  const auto found = std::find(columns.begin(), columns.end(), *wanted);
  if (found == columns.end()) {
    throw Error::usage(spec.body, "there is no column '" + *wanted + "' (" + key + "=)",
                       "the columns are " + text::join(columns, ", "));
  }
  return static_cast<std::size_t>(found - columns.begin());
}

Roles assign_roles(const Spec& spec, const std::vector<std::string>& columns) {
  Roles roles;
  if (const auto path = column_of(spec, "path", columns, kPathColumns)) {
    roles.paths.emplace_back("", *path);
  } else {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i].starts_with(kViewPrefix)) continue;
      roles.paths.emplace_back(columns[i].substr(kViewPrefix.size()), i);
    }
  }
  if (roles.paths.empty()) {
    throw Error::usage(spec.body, "no column is recognised as the image's path",
                       "name it with ?path=COL; the columns are " + text::join(columns, ", "));
  }
  roles.truth = column_of(spec, "truth", columns, kTruthColumns);
  if (const auto id = column_of(spec, "id", columns, kIdColumns)) {
    roles.id = {*id};
  } else if (!spec.option("id")) {
    roles.id = event_columns(columns);
  }
  roles.provenance.assign(columns.size(), Provenance::kMeasured);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].starts_with(kTruthPrefix) || roles.truth == i) {
      roles.provenance[i] = Provenance::kTruth;
    }
  }
  const std::string listed = spec.option("truth_columns").value_or("");
  for (const std::string& name : text::split(listed, ',')) {
    if (name.empty()) continue;
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
      throw Error::usage(spec.body, "there is no column '" + name + "' (truth_columns=)",
                         "the columns are " + text::join(columns, ", "));
    }
    roles.provenance[static_cast<std::size_t>(found - columns.begin())] = Provenance::kTruth;
  }
  return roles;
}

class CsvSource : public SampleSource {
 public:
  explicit CsvSource(const Spec& spec)
      : folder_(fs::path(spec.body).parent_path()),
        table_(text::read_file(spec.body), spec.body),
        roles_(assign_roles(spec, table_.columns())),
        channels_(name_list(spec, "channels")),
        types_(table_.columns().size()) {
    if (table_.size() == 0) throw Error::input(spec.body, "the table has no rows");
    // One pass for what holds of the whole table; nothing of it is kept but the columns' types.
    std::unordered_map<std::string, std::size_t> line_of;
    for (std::size_t row = 0; row < table_.size(); ++row) {
      const auto fields = table_.fields(row);
      for (std::size_t i = 0; i < fields.size(); ++i) types_[i].add(fields[i]);
      std::string id = id_of(fields);
      if (id.empty()) {
        throw Error::input(table_.where(row), "the id is empty (" + id_column() + ")", id_advice());
      }
      const auto [first, is_new] = line_of.emplace(std::move(id), table_.line(row));
      if (!is_new) {
        throw Error::input(table_.where(row),
                           "the id '" + first->first + "' is also in line " +
                               std::to_string(first->second) + " (" + id_column() + ")",
                           id_advice());
      }
    }
  }

  std::size_t size() const override { return table_.size(); }
  std::string id(std::size_t index) const override { return id_of(table_.fields(index)); }

  Result<Sample> load(std::size_t index) const override {
    const auto fields = table_.fields(index);
    Sample sample = describe(index);
    std::vector<Metadata> keywords;
    for (const auto& [view, column] : roles_.paths) {
      if (fields[column].empty()) {
        return Error::input(table_.where(index), "the column '" + table_.columns()[column] +
                                                     "' is empty: no image is named");
      }
      const std::string path = (folder_ / fields[column]).string();
      auto picture = read_picture(path);
      if (!picture) return with_row(picture.error(), index);
      auto content = std::move(picture).value();
      auto views = views_of(std::move(content.pixels), channels_);
      if (!views) {
        return Error::input(path,
                            std::string(views.error().what()) + " (" + table_.where(index) + ")");
      }
      for (View& part : views.value()) {
        if (!view.empty()) part.name = channels_.empty() ? view : view + "." + part.name;
        sample.views.push_back(std::move(part));
      }
      keywords.insert(keywords.end(), content.keywords.begin(), content.keywords.end());
    }
    for (Metadata& keyword : keywords) {
      const auto same = [&](const Metadata& m) { return m.name == keyword.name; };
      if (std::none_of(sample.metadata.begin(), sample.metadata.end(), same)) {
        sample.metadata.push_back(std::move(keyword));
      }
    }
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    return truth_of(table_.fields(index));
  }

  Sample describe(std::size_t index) const override {
    const auto fields = table_.fields(index);
    Sample sample;
    sample.id = id_of(fields);
    sample.truth = truth_of(fields);
    const std::string& path = fields[roles_.paths[0].second];
    if (!path.empty()) sample.origin = (folder_ / path).string();
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (is_metadata(i)) {
        sample.metadata.push_back(
            {table_.columns()[i], types_[i].value(fields[i]), roles_.provenance[i]});
      }
    }
    return sample;
  }

  std::vector<ColumnInfo> columns() const override {
    std::vector<ColumnInfo> columns;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (is_metadata(i)) columns.push_back({table_.columns()[i], roles_.provenance[i], {}, {}});
    }
    return columns;
  }

 private:
  /// Path, id and truth have places of their own in a Sample.
  bool is_metadata(std::size_t column) const {
    const auto is_path = [&](const auto& path) { return path.second == column; };
    return std::none_of(roles_.paths.begin(), roles_.paths.end(), is_path) &&
           roles_.truth != column &&
           std::find(roles_.id.begin(), roles_.id.end(), column) == roles_.id.end();
  }
  std::string id_of(const std::vector<std::string>& fields) const {
    if (roles_.id.empty()) return without_extension(fields[roles_.paths[0].second]);
    std::vector<std::string> parts;
    for (const std::size_t column : roles_.id) parts.push_back(fields[column]);
    return text::join(parts, "/");
  }
  std::optional<std::string> truth_of(const std::vector<std::string>& fields) const {
    if (!roles_.truth || fields[*roles_.truth].empty()) return std::nullopt;
    return fields[*roles_.truth];
  }
  std::string id_column() const {
    std::vector<std::string> names;
    for (const std::size_t column : roles_.id) names.push_back(table_.columns()[column]);
    if (names.empty()) names.push_back(table_.columns()[roles_.paths[0].second]);
    return "column '" + text::join(names, "/") + "'";
  }
  std::string id_advice() const {
    return !roles_.id.empty() ? "choose another column with ?id=COL, or ?id= to go by file names"
                              : "choose a column of unique ids with ?id=COL";
  }
  Error with_row(const Error& error, std::size_t row) const {
    return Error(error.kind(), std::string(error.what()) + " (" + table_.where(row) + ")");
  }

  fs::path folder_;
  CsvTable table_;
  Roles roles_;
  std::vector<std::string> channels_;
  std::vector<ValueType> types_;
};

}  // namespace

std::unique_ptr<SampleSource> open_csv(const Spec& spec) {
  spec.require_known({"path", "truth", "id", "truth_columns", "channels"});
  return std::make_unique<CsvSource>(spec);
}

}  // namespace firstlight
