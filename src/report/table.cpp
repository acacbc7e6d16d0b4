#include "firstlight/report/table.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/run/contents.h"

namespace firstlight {
namespace {

using Type = TableColumn::Type;

/// The column type that holds every value seen: an integer column with one real value is real
/// (text, where a real would round an integer), any other mixture is text.
class TypeGuess {
 public:
  void see(const MetadataValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return;
    const Type type = std::holds_alternative<std::int64_t>(value) ? Type::kInteger
                      : std::holds_alternative<double>(value)     ? Type::kReal
                      : std::holds_alternative<bool>(value)       ? Type::kBoolean
                                                                  : Type::kText;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      exact_ = exact_ && is_exact_in_double(*integer);
    }
    if (!type_) {
      type_ = type;
    } else if (*type_ != type) {
      const auto number = [](Type t) { return t == Type::kInteger || t == Type::kReal; };
      type_ = number(*type_) && number(type) ? Type::kReal : Type::kText;
      mixed_ = true;
    }
  }
  Type type() const {
    if (mixed_ && !exact_) return Type::kText;
    return type_.value_or(Type::kText);
  }

 private:
  std::optional<Type> type_;
  bool mixed_ = false;
  bool exact_ = true;  ///< all integers seen are exact as a real
};

TableCell as_type(const MetadataValue& value, Type type) {
  if (std::holds_alternative<std::monostate>(value)) return value;
  if (type == Type::kText && !std::holds_alternative<std::string>(value)) return to_text(value);
  if (const auto* integer = std::get_if<std::int64_t>(&value); integer && type == Type::kReal) {
    return static_cast<double>(*integer);
  }
  return value;
}

/// [A-Za-z_][A-Za-z0-9_]*, not yet in `taken` (lower case), which it joins.
std::string column_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name;
  for (const char c : wanted) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name.push_back(word ? c : '_');
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(0, "_");
  std::string candidate = name;
  if (taken.count(text::lower(candidate)) > 0) candidate = "meta_" + name;
  for (int n = 2; taken.count(text::lower(candidate)) > 0; ++n) {
    candidate = "meta_" + name + "_" + std::to_string(n);
  }
  taken.insert(text::lower(candidate));
  return candidate;
}

std::vector<TableColumn> fixed_columns(const RunStore& run, bool calibrated) {
  std::vector<TableColumn> columns = {
      {"id", Type::kText, "", "Identifier of the sample in its source", "meta.id;meta.main"},
      {"status", Type::kText, "", "ok, or failed (then error says why)", "meta.code.status"},
      {"truth", Type::kText, "", "Class key that the source's truth names", "meta.code.class"},
      {"label", Type::kText, "", "Key of the most likely class", "meta.code.class"}};
  for (const ClassDefinition& c : run.task().classes) {
    columns.push_back(
        {"p_" + c.key, Type::kReal, "", "Probability of the class " + c.name, "stat.probability"});
  }
  if (calibrated) {
    for (const ClassDefinition& c : run.task().classes) {
      columns.push_back({"c_" + c.key, Type::kReal, "",
                         "Calibrated probability of the class " + c.name, "stat.probability"});
    }
    columns.push_back({"conformal_set", Type::kText, "",
                       "Keys of the classes that the truth is among with the coverage of the "
                       "calibration, separated by blanks",
                       "meta.code.class"});
  }
  columns.push_back({"kind", Type::kText, "",
                     "Where the probabilities come from: exact, top20, schema, text or logits",
                     "meta.code"});
  columns.push_back({"error", Type::kText, "", "Why the sample failed", "meta.note"});
  columns.push_back(
      {"seconds", Type::kReal, "s", "Time to decode and score the sample", "time.duration"});
  if (has_free_text(run.config())) {
    columns.push_back({"free_text", Type::kText, "", "What the model wrote", "meta.note"});
    columns.push_back({"free_text_label", Type::kText, "",
                       "Key of the class that free_text gives; missing where it is unparsed",
                       "meta.code.class"});
  }
  if (has_reasons(run.config())) {
    columns.push_back({"explanation", Type::kText, "", "Why the label", "meta.note"});
  }
  if (checks_domain(run)) {
    columns.push_back(
        {"domain_score", Type::kReal, "",
         "Distance from the pictures that the model was trained on; above 1 is unlike "
         "them",
         "stat.value"});
    columns.push_back({"warning", Type::kText, "",
                       "What is unlike the model's training; missing where nothing is",
                       "meta.note"});
  }
  return columns;
}

/// Columns of the source in its order, then those that only samples name, and their types.
struct MetadataPlan {
  std::vector<ColumnInfo> columns;
  std::vector<Type> types;
  std::map<std::string, std::size_t> place;
};

MetadataPlan plan_metadata(const RunStore& run) {
  MetadataPlan plan;
  const auto add = [&](const ColumnInfo& column) {
    if (plan.place.emplace(column.name, plan.columns.size()).second) plan.columns.push_back(column);
  };
  for (const ColumnInfo& column : run.columns()) add(column);
  std::vector<TypeGuess> guesses(plan.columns.size());
  run.for_each([&](const SampleRecord& record) {
    for (const Metadata& item : record.metadata) {
      add({item.name, item.provenance, "", ""});
      guesses.resize(plan.columns.size());
      guesses[plan.place.at(item.name)].see(item.value);
    }
  });
  for (const TypeGuess& guess : guesses) plan.types.push_back(guess.type());
  return plan;
}

}  // namespace

Table run_table(const RunStore& run, const Interpretation& interpretation) {
  Table table;
  const Task& task = run.task();
  table.name = task.name;
  table.description =
      "Classification by firstlight: " + (task.description.empty() ? task.name : task.description);
  for (const auto& [key, value] : run.config().settings) table.parameters.push_back({key, value});
  table.rows = run.size();
  table.columns = fixed_columns(run, interpretation.is_calibrated());
  const std::size_t fixed = table.columns.size();
  std::map<std::string, std::size_t> place_of;
  for (std::size_t i = 0; i < fixed; ++i) place_of.emplace(table.columns[i].name, i);

  const auto plan = std::make_shared<const MetadataPlan>(plan_metadata(run));
  std::set<std::string> taken;
  for (const TableColumn& column : table.columns) taken.insert(text::lower(column.name));
  for (std::size_t i = 0; i < plan->columns.size(); ++i) {
    const ColumnInfo& column = plan->columns[i];
    std::string description = column.description.empty() ? column.name : column.description;
    description += column.provenance == Provenance::kTruth ? " (of the source, knows the answer)"
                                                           : " (of the source)";
    table.columns.push_back(
        {column_name(column.name, taken), plan->types[i], column.unit, description, ""});
  }

  table.for_each_row = [&run, plan, interpretation, fixed,
                        place_of](const std::function<void(const std::vector<TableCell>&)>& visit) {
    const Task& stored = run.task();
    run.for_each([&](const SampleRecord& record) {
      // Missing until set; set by place, since GCC 12 warns falsely of moved empty variants.
      std::vector<TableCell> row(fixed + plan->columns.size());
      const auto cell = [&](const std::string& name) -> TableCell& {
        return row[place_of.at(name)];
      };
      const auto key = [&](ClassId id) { return stored.classes[id.index()].key; };
      cell("id") = record.id;
      cell("status") = std::string(record.ok ? "ok" : "failed");
      if (record.truth_class) cell("truth") = key(*record.truth_class);
      if (record.ok) {
        const Prediction prediction = predict(record, interpretation);
        cell("label") = key(prediction.label);
        for (std::size_t c = 0; c < stored.size(); ++c) {
          cell("p_" + stored.classes[c].key) = prediction.probabilities[c];
        }
        if (!prediction.calibrated.empty()) {
          std::vector<std::string> keys;
          for (const ClassId id : prediction.conformal_set) keys.push_back(key(id));
          for (std::size_t c = 0; c < stored.size(); ++c) {
            cell("c_" + stored.classes[c].key) = prediction.calibrated[c];
          }
          cell("conformal_set") = text::join(keys, " ");
        }
        cell("kind") = to_string(record.find("main")->kind);
      } else {
        cell("error") = record.error;
      }
      cell("seconds") = record.seconds;
      if (record.free_text) {
        cell("free_text") = record.free_text->text;
        if (const auto label = record.free_text->label) cell("free_text_label") = key(*label);
      }
      if (record.explanation) cell("explanation") = *record.explanation;
      if (checks_domain(run)) {
        if (record.domain_score) cell("domain_score") = *record.domain_score;
        if (std::string warning = warning_of(run, record); !warning.empty()) {
          cell("warning") = std::move(warning);
        }
      }
      for (const Metadata& item : record.metadata) {
        const std::size_t place = plan->place.at(item.name);
        row[fixed + place] = as_type(item.value, plan->types[place]);
      }
      visit(row);
    });
  };
  return table;
}

}  // namespace firstlight
