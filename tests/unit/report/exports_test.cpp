#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "firstlight/base/error.h"
#include "firstlight/report/table.h"
#include "temporary_folder.h"

namespace firstlight {
namespace {

using Type = TableColumn::Type;

/// Every type with and without missing values, units, and texts that each format must protect.
Table awkward_table() {
  Table t;
  t.name = "galaxy-morphology";
  t.description = "A <table> & \"its\" description";
  t.parameters = {{"model.spec", "hf:DIR?dtype=bf16&quant=nf4"}, {"note", "two\nlines: # [x]"}};
  t.columns = {
      {"id", Type::kText, "", "Identifier, with \"quotes\" & <tags>", "meta.id;meta.main"},
      {"p_spiral", Type::kReal, "", "Probability of the class spiral", "stat.probability"},
      {"seconds", Type::kReal, "s", "Time to decode and score the sample", "time.duration"},
      {"flux", Type::kReal, "mJy", "Flux: measured (of the source)", "phot.flux"},
      {"ra", Type::kReal, "deg", "Right ascension", "pos.eq.ra"},
      {"n_votes", Type::kInteger, "", "Votes", ""},
      {"clean", Type::kBoolean, "", "", ""},
      {"error", Type::kText, "", "Why the sample failed", "meta.note"}};
  const std::monostate none;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const auto rows = std::make_shared<std::vector<std::vector<TableCell>>>();
  *rows = {{std::string("a,b"), 0.1, 1.5e-300, 1.0 / 3, 150.123456789012345, std::int64_t{-7}, true,
            none},
           {std::string("#7"), 1.0, none, inf, 359.99999999999994, std::int64_t{9007199254740993},
            false, std::string("galaxies/x.fits: row 7, key 'FLUX' < 0 & \"bad\"")},
           {std::string("Sérsic ⭐ 🌌"), none, 0.25, -inf, none, none, none,
            std::string("back\\slash and 'single'")},
           {std::string("]]> </TD>"), 5e-324, nan, 1.7976931348623157e308, 0.0,
            std::numeric_limits<std::int64_t>::max(), true, std::string("x")}};
  t.rows = rows->size();
  t.for_each_row = [rows](const std::function<void(const std::vector<TableCell>&)>& visit) {
    for (const auto& row : *rows) visit(row);
  };
  return t;
}

nlohmann::json expected_json(const Table& table) {
  nlohmann::json out;
  for (const TableColumn& c : table.columns) {
    const char* types[] = {"text", "integer", "real", "boolean"};
    out["columns"].push_back({{"name", c.name},
                              {"type", types[static_cast<int>(c.type)]},
                              {"unit", c.unit},
                              {"description", c.description}});
  }
  table.for_each_row([&](const std::vector<TableCell>& row) {
    nlohmann::json cells = nlohmann::json::array();
    for (const TableCell& cell : row) {
      if (std::holds_alternative<std::monostate>(cell)) {
        cells.push_back(nullptr);
      } else if (const auto* x = std::get_if<double>(&cell)) {
        // JSON has no infinities.
        cells.push_back(std::isfinite(*x) ? nlohmann::json(*x) : nlohmann::json(to_text(cell)));
      } else if (const auto* i = std::get_if<std::int64_t>(&cell)) {
        cells.push_back(*i);
      } else if (const auto* b = std::get_if<bool>(&cell)) {
        cells.push_back(*b);
      } else {
        cells.push_back(std::get<std::string>(cell));
      }
    }
    out["rows"].push_back(cells);
  });
  return out;
}

std::string written(void (*write)(const Table&, std::ostream&), const Table& table) {
  std::ostringstream out;
  write(table, out);
  return out.str();
}

/// The first interpreter that has astropy: another Python before Debian's in PATH often lacks it.
std::string python_with_astropy() {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    if (std::system((std::string(python) + " -c 'import astropy, yaml' >/dev/null 2>&1").c_str()) ==
        0) {
      return python;
    }
  }
  return "";
}

TEST(Exports, AstropyReadsTheSame) {
  const std::string python = python_with_astropy();
  if (python.empty()) {
    GTEST_SKIP() << "python3 has no astropy (Debian: python3-astropy, python3-yaml)";
  }
  const TemporaryFolder folder;
  const Table table = awkward_table();
  const auto put = [&](const char* name, const std::string& content) {
    return " '" + folder.write(name, content) + "'";
  };
  std::string command = python + " '" FIRSTLIGHT_TEST_DIR "/unit/report/check_exports.py'";
  command += put("expected.json", expected_json(table).dump());
  command += put("table.vot", written(write_votable, table));
  command += put("table.fits", written(write_fits, table));
  command += put("table.ecsv", written(write_ecsv, table));
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(Exports, VotableProtectsTextsAndNamesItsFields) {
  const std::string xml = written(write_votable, awkward_table());
  EXPECT_NE(xml.find("<VOTABLE version=\"1.4\""), std::string::npos);
  EXPECT_NE(xml.find("<FIELD ID=\"seconds\" name=\"seconds\" datatype=\"double\" unit=\"s\" "
                     "ucd=\"time.duration\">"),
            std::string::npos);
  EXPECT_NE(xml.find("<TD>]]&gt; &lt;/TD&gt;</TD>"), std::string::npos);
  EXPECT_EQ(xml.find("<?rows"), std::string::npos);
}

TEST(Exports, BytesThatAreNotTextAreReplaced) {
  Table t;
  t.name = "t";
  t.columns = {{"id", Type::kText, "", "", ""}};
  t.rows = 1;
  t.for_each_row = [](const std::function<void(const std::vector<TableCell>&)>& visit) {
    visit({std::string("a\xff\x01z")});
  };
  EXPECT_NE(written(write_votable, t).find("<TD>a\xEF\xBF\xBD\xEF\xBF\xBDz</TD>"),
            std::string::npos);
  EXPECT_NE(written(write_ecsv, t).find("\na\xEF\xBF\xBD\xEF\xBF\xBDz\n"), std::string::npos);
}

TEST(Exports, EcsvKeepsBlanksAtTheEndsOfTexts) {
  Table table;
  table.name = "t";
  table.columns = {{"id", Type::kText, "", "", ""}, {"note", Type::kText, "", "", ""}};
  table.rows = 1;
  table.for_each_row = [](const std::function<void(const std::vector<TableCell>&)>& visit) {
    visit({std::string(" lead"), std::string("trail\t")});
  };
  std::ostringstream out;
  write_ecsv(table, out);
  EXPECT_NE(out.str().find("\n\" lead\",\"trail\t\"\n"), std::string::npos) << out.str();
}

TEST(Exports, EmptyTablesAreTables) {
  Table t = awkward_table();
  t.rows = 0;
  t.for_each_row = [](const std::function<void(const std::vector<TableCell>&)>&) {};
  EXPECT_NE(written(write_votable, t).find("</VOTABLE>"), std::string::npos);
  const std::string ecsv = written(write_ecsv, t);
  EXPECT_EQ(ecsv.substr(ecsv.rfind("\nid,") + 1),
            "id,p_spiral,seconds,flux,ra,n_votes,clean,error\n");
}

TEST(Exports, AFullDiskIsAnError) {
  std::ofstream full("/dev/full");
  if (!full) GTEST_SKIP() << "no /dev/full here";
  const Table t = awkward_table();
  EXPECT_THROW(write_votable(t, full), Error);
  full.clear();
  EXPECT_THROW(write_ecsv(t, full), Error);
}

}  // namespace
}  // namespace firstlight
