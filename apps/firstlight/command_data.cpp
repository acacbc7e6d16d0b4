#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "commands.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "firstlight/data/duplicates.h"
#include "firstlight/registry/source.h"
#include "flags.h"
#include "text_table.h"

namespace firstlight::app {
namespace {

using Json = nlohmann::ordered_json;

struct ShowArguments {
  std::string data;
  std::size_t first = 5;
  bool json = false;
};

struct SplitArguments {
  std::vector<std::string> data;
  std::string output;
};

struct CheckArguments {
  std::vector<std::string> data;
  bool ids_only = false;
  bool across = false;
  double similarity = DuplicateOptions{}.min_similarity;
  bool json = false;
};

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// JSON text; bytes that are not UTF-8 (in file names) become the replacement character.
void print(const Json& json) {
  print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json describe(const View& view) {
  if (const auto* image = std::get_if<Image>(&view.pixels)) {
    return {{"view", view.name},
            {"kind", "picture"},
            {"width", image->width},
            {"height", image->height},
            {"channels", image->channels}};
  }
  const Raster& raster = std::get<Raster>(view.pixels);
  return {{"view", view.name},
          {"kind", "values"},
          {"width", raster.width},
          {"height", raster.height},
          {"channels", raster.bands}};
}

Json describe(const Result<Sample>& loaded, const SampleSource& source, std::size_t index) {
  Json out = {{"id", source.id(index)}};
  const auto truth = source.truth(index);
  out["truth"] = truth ? Json(*truth) : Json();
  if (!loaded) {
    out["error"] = loaded.error().what();
    return out;
  }
  out["views"] = Json::array();
  for (const View& view : loaded.value().views) out["views"].push_back(describe(view));
  out["metadata"] = Json::object();
  for (const Metadata& m : loaded.value().metadata) {
    out["metadata"][m.name] = to_json_value<Json>(m.value);
  }
  return out;
}

const char* provenance_text(Provenance provenance) {
  return provenance == Provenance::kTruth ? "truth" : "measured";
}

Json summary_of(const SampleSource& source, const ShowArguments& arguments) {
  Json out = {{"data", arguments.data}, {"samples", source.size()}, {"truth", Json::object()}};
  std::map<std::string, std::size_t> truth;
  std::size_t without = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (const auto value = source.truth(i)) {
      ++truth[*value];
    } else {
      ++without;
    }
  }
  for (const auto& [value, count] : truth) out["truth"][value] = count;
  out["without_truth"] = without;
  out["columns"] = Json::array();
  for (const ColumnInfo& column : source.columns()) {
    out["columns"].push_back(
        {{"name", column.name}, {"provenance", provenance_text(column.provenance)}});
  }
  out["first"] = Json::array();
  for (std::size_t i = 0; i < std::min(arguments.first, source.size()); ++i) {
    out["first"].push_back(describe(source.load(i), source, i));
  }
  return out;
}

std::string views_text(const Json& sample) {
  if (sample.contains("error")) return "failed: " + sample["error"].get<std::string>();
  std::vector<std::string> views;
  for (const Json& view : sample["views"]) {
    views.push_back(fmt::format("{} {} x {} x {} {}", view["view"].get<std::string>(),
                                view["width"].get<int>(), view["height"].get<int>(),
                                view["channels"].get<int>(), view["kind"].get<std::string>()));
  }
  return text::join(views, ", ");
}

void print_summary(const Json& summary) {
  std::string out = fmt::format("{} samples\n", summary["samples"].get<std::size_t>());
  std::vector<std::vector<std::string>> truth = {{"TRUTH", "SAMPLES"}};
  for (const auto& [value, count] : summary["truth"].items()) {
    truth.push_back({value, std::to_string(count.get<std::size_t>())});
  }
  const auto without = summary["without_truth"].get<std::size_t>();
  if (without > 0) truth.push_back({"(none)", std::to_string(without)});
  out += "\n" + aligned(truth);
  if (!summary["columns"].empty()) {
    std::vector<std::vector<std::string>> columns = {{"COLUMN", "PROVENANCE"}};
    for (const Json& column : summary["columns"]) {
      columns.push_back(
          {column["name"].get<std::string>(), column["provenance"].get<std::string>()});
    }
    out += "\n" + aligned(columns);
  }
  std::vector<std::vector<std::string>> samples = {{"ID", "TRUTH", "VIEWS"}};
  for (const Json& sample : summary["first"]) {
    samples.push_back({sample["id"].get<std::string>(),
                       sample["truth"].is_null() ? "" : sample["truth"].get<std::string>(),
                       views_text(sample)});
  }
  if (samples.size() > 1) out += "\n" + aligned(samples);
  print(out);
}

void show(const ShowArguments& arguments, Context& context) {
  const auto source = open_source(arguments.data);
  const Json summary = summary_of(*source, arguments);
  if (arguments.json) {
    print(summary);
  } else {
    print_summary(summary);
  }
  for (const Json& sample : summary["first"]) {
    if (sample.contains("error")) context.exit_code = 3;
  }
}

std::vector<std::string> kinds_of(const Duplicate& pair) {
  std::vector<std::string> kinds;
  if (pair.same_id) kinds.push_back("id");
  if (pair.image == ImageMatch::kPixels) kinds.push_back("pixels");
  if (pair.image == ImageMatch::kNear) kinds.push_back("near");
  return kinds;
}

Json as_json(const CheckArguments& arguments, const std::vector<const SampleSource*>& sets,
             const DuplicateReport& report) {
  Json out = {{"sets", Json::array()}, {"pairs", Json::array()}, {"failures", Json::array()}};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    out["sets"].push_back({{"data", arguments.data[i]}, {"samples", report.samples[i]}});
  }
  const auto ref = [&](const SampleRef& r) -> Json {
    return {{"set", r.set}, {"index", r.index}, {"id", sets[r.set]->id(r.index)}};
  };
  for (const Duplicate& pair : report.pairs) {
    out["pairs"].push_back({{"a", ref(pair.a)},
                            {"b", ref(pair.b)},
                            {"kinds", kinds_of(pair)},
                            {"similarity", pair.similarity ? Json(*pair.similarity) : Json()},
                            {"scale", pair.scale ? Json(*pair.scale) : Json()}});
  }
  for (const auto& failure : report.failures) {
    Json entry = ref(failure.sample);
    entry["error"] = failure.error;
    out["failures"].push_back(std::move(entry));
  }
  return out;
}

/// How many pairs of each kind there are between each two sets (or within one).
std::string summary_table(const DuplicateReport& report) {
  std::map<std::pair<std::size_t, std::size_t>, std::array<std::size_t, 4>> counts;
  for (const Duplicate& pair : report.pairs) {
    auto& count = counts[{pair.a.set, pair.b.set}];
    ++count[0];
    count[1] += pair.same_id ? 1 : 0;
    count[2] += pair.image == ImageMatch::kPixels ? 1 : 0;
    count[3] += pair.image == ImageMatch::kNear ? 1 : 0;
  }
  std::vector<std::vector<std::string>> rows = {{"SETS", "PAIRS", "ID", "PIXELS", "NEAR"}};
  for (const auto& [sets, count] : counts) {
    std::vector<std::string> row = {
        sets.first == sets.second ? fmt::format("within {}", sets.first + 1)
                                  : fmt::format("{} and {}", sets.first + 1, sets.second + 1)};
    for (const std::size_t n : count) row.push_back(std::to_string(n));
    rows.push_back(std::move(row));
  }
  return aligned(rows);
}

void print_report(const CheckArguments& arguments, const std::vector<const SampleSource*>& sets,
                  const DuplicateReport& report) {
  std::vector<std::vector<std::string>> rows = {{"SET", "SAMPLES", "UNREADABLE", "DATA"}};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto unreadable =
        std::count_if(report.failures.begin(), report.failures.end(),
                      [&](const auto& failure) { return failure.sample.set == i; });
    rows.push_back({std::to_string(i + 1), std::to_string(report.samples[i]),
                    std::to_string(unreadable), arguments.data[i]});
  }
  std::string out = aligned(rows) + "\n";
  if (report.pairs.empty()) {
    print(out + "no overlap\n");
    return;
  }
  std::vector<std::vector<std::string>> pairs = {{"KIND", "SIMILARITY", "SCALE", "A", "B"}};
  const auto ref = [&](const SampleRef& r) {
    return fmt::format("{}: {}", r.set + 1, sets[r.set]->id(r.index));
  };
  for (const Duplicate& pair : report.pairs) {
    pairs.push_back({text::join(kinds_of(pair), "+"),
                     pair.similarity ? fmt::format("{:.3f}", *pair.similarity) : "-",
                     pair.scale ? fmt::format("{:.3f}", *pair.scale) : "-", ref(pair.a),
                     ref(pair.b)});
  }
  print(out + aligned(pairs) + "\n" + summary_table(report));
}

/// Several DATA, open.
struct Sets {
  explicit Sets(const std::vector<std::string>& data) {
    for (const std::string& one : data) {
      owned.push_back(open_source(one));
      sets.push_back(owned.back().get());
    }
  }
  std::vector<std::unique_ptr<SampleSource>> owned;
  std::vector<const SampleSource*> sets;
};

/// Unreadable pictures are compared by id only; whoever relies on the result must know.
void warn_of_failures(const std::vector<const SampleSource*>& sets, const DuplicateReport& report) {
  for (const auto& failure : report.failures) {
    log_warning(sets[failure.sample.set]->id(failure.sample.index) + ": " + failure.error);
  }
}

/// One row an object: an id that occurs in several sets has one split.
void split(const SplitArguments& arguments, Context& context) {
  const Sets opened(arguments.data);
  const DuplicateReport report = find_duplicates(opened.sets);
  warn_of_failures(opened.sets, report);
  const auto splits = split_samples(opened.sets, report.pairs);
  std::map<std::string, Split> rows;
  for (std::size_t set = 0; set < splits.size(); ++set) {
    for (std::size_t i = 0; i < splits[set].size(); ++i) {
      rows[opened.sets[set]->id(i)] = splits[set][i];
    }
  }
  std::string csv = "object_id,split\n";
  for (const auto& [id, part] : rows)
    csv += text::csv_field(id) + "," + std::string(to_text(part)) + "\n";
  if (arguments.output.empty()) {
    print(csv);
  } else {
    text::write_file_atomically(arguments.output, csv);
  }
  if (!report.failures.empty()) context.exit_code = 3;
}

void check(const CheckArguments& arguments, Context& context) {
  const Sets opened(arguments.data);
  const std::vector<const SampleSource*>& sets = opened.sets;
  DuplicateOptions options;
  options.by_image = !arguments.ids_only;
  options.within_sets = !arguments.across;
  options.min_similarity = arguments.similarity;
  const DuplicateReport report = find_duplicates(sets, options);
  warn_of_failures(sets, report);
  if (arguments.json) {
    print(as_json(arguments, sets, report));
  } else {
    print_report(arguments, sets, report);
  }
  if (!report.pairs.empty()) {
    context.exit_code = 1;
  } else if (!report.failures.empty()) {
    context.exit_code = 3;
  }
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
  CLI::App* data =
      app.add_subcommand("data", "Look at data, check sets for common samples, split by object");
  data->require_subcommand(1);

  auto show_arguments = std::make_shared<ShowArguments>();
  CLI::App* show_command = data->add_subcommand(
      "show", "What DATA holds: samples, truth values, metadata columns, the first samples");
  show_command->add_option("DATA", show_arguments->data, "a data source or a path")
      ->required()
      ->type_name("");
  show_command->add_option("--first", show_arguments->first, "samples to read and show")
      ->type_name("N")
      ->check(whole_number())
      ->capture_default_str();
  show_command->add_flag("--json", show_arguments->json, "one JSON object");
  show_command->callback([show_arguments, &context] { show(*show_arguments, context); });

  auto check_arguments = std::make_shared<CheckArguments>();
  CLI::App* check_command = data->add_subcommand(
      "check",
      "Find samples that occur more than once, within a set and across sets: by id, by equal "
      "pixels, and near-duplicates (the same exposure at another crop or size).\n"
      "Exit code: 0 no overlap, 1 overlap found, 3 no overlap but some pictures could not be "
      "read.");
  check_command->add_option("DATA", check_arguments->data, "data sources or paths")
      ->required()
      ->type_name("");
  check_command->add_flag("--ids-only", check_arguments->ids_only, "do not read the pictures");
  check_command->add_flag("--across", check_arguments->across,
                          "only pairs of different sets, not within one");
  check_command
      ->add_option("--similarity", check_arguments->similarity,
                   "near-duplicates from this correlation of the aligned pictures on")
      ->type_name("R")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  check_command->add_flag("--json", check_arguments->json, "one JSON object");
  check_command->callback([check_arguments, &context] { check(*check_arguments, context); });

  auto split_arguments = std::make_shared<SplitArguments>();
  CLI::App* split_command = data->add_subcommand(
      "split",
      "Part the objects of several sets into train, validation and test by the hash of their ids; "
      "near-duplicates under other ids go together. Writes a CSV with object_id and split.\n"
      "Exit code: 0 done, 3 done, but some pictures could not be read and were parted by id only.");
  split_command->add_option("DATA", split_arguments->data, "data sources or paths")
      ->required()
      ->type_name("");
  split_command->add_option("-o,--output", split_arguments->output, "a file; else standard output")
      ->type_name("FILE");
  split_command->callback([split_arguments, &context] { split(*split_arguments, context); });
}

}  // namespace firstlight::app
