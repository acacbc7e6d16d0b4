#include "firstlight/report/export.h"

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/report/table.h"

namespace firstlight {
namespace {

using TableWriter = void (*)(const Table& table, std::ostream& out);

/// An exporter that writes the flat table of the run.
Exporter table_exporter(std::string name, std::string description, bool binary,
                        TableWriter write_table) {
  return {std::move(name), std::move(description), binary,
          [write_table](const RunStore& run, const Interpretation& interpretation,
                        std::ostream& out) { write_table(run_table(run, interpretation), out); }};
}

}  // namespace

const std::vector<Exporter>& exporters() {
  static const std::vector<Exporter> list = {
      table_exporter("csv", "comma-separated values", false, write_csv),
      table_exporter("votable", "VOTable 1.4 (TOPCAT, astropy)", false, write_votable),
      table_exporter("fits", "FITS binary table", true, write_fits),
      table_exporter("ecsv", "ECSV 1.0: CSV with units and descriptions (astropy)", false,
                     write_ecsv),
      {"jsonl", "one JSON object a sample, with token log-probabilities", false, write_jsonl},
  };
  return list;
}

const Exporter& find_exporter(std::string_view name) {
  std::vector<std::string> names;
  for (const Exporter& exporter : exporters()) {
    if (exporter.name == name) return exporter;
    names.push_back(exporter.name);
  }
  throw Error::usage("--to", "unknown format '" + std::string(name) + "'",
                     "known: " + text::join(names, ", "));
}

}  // namespace firstlight
