#include "csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "testing.h"
#include "value_type.h"

namespace firstlight {
namespace {

using testing::error_of;
using Fields = std::vector<std::string>;

TEST(Csv, QuotesCommasAndLineEnds) {
  const CsvTable table(
      "\xef\xbb\xbf"
      "a, b ,c\r\n1,\"x, \"\"y\"\"\",\r\n\n\"two\nlines\",,3\rlast,,",
      "t.csv");
  EXPECT_EQ(table.columns(), (Fields{"a", "b", "c"}));
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table.fields(0), (Fields{"1", "x, \"y\"", ""}));
  EXPECT_EQ(table.fields(1), (Fields{"two\nlines", "", "3"}));
  EXPECT_EQ(table.fields(2), (Fields{"last", "", ""}));
  EXPECT_EQ(table.where(0), "t.csv:2");
  EXPECT_EQ(table.where(1), "t.csv:4");
  EXPECT_EQ(table.where(2), "t.csv:6");
}

TEST(Csv, ErrorsNameFileAndLine) {
  const auto error = [](const std::string& text) {
    return error_of([&] { CsvTable(text, "t.csv"); });
  };
  EXPECT_HAS(error(""), "t.csv: the table is empty");
  EXPECT_HAS(error("a,b\n1,2\n3\n"), "t.csv:3: the row has 1 fields, the header 2");
  EXPECT_HAS(error("a,b\n1,2,3\n"), "t.csv:2: the row has 3 fields, the header 2");
  EXPECT_HAS(error("a,b\n1,\"2\n3,4\n"), "t.csv:2: a quote that is opened here is never closed");
  EXPECT_HAS(error("a,b\n1,\"2\"x\n"), "t.csv:2: text behind a closing quote");
  EXPECT_HAS(error("a,,c\n"), "t.csv:1: column 2 has no name");
  EXPECT_HAS(error("a,b,a\n"), "t.csv:1: two columns are named 'a'");
  EXPECT_HAS(error("a;b;c\n1;2;3\n"), "not separated by commas");
  EXPECT_HAS(error(std::string("a,b\n1,\0\n", 8)), "t.csv:2: holds a NUL byte");
}

// Whatever bytes change, the table is read or refused; rows that it holds can be cut again.
TEST(Csv, DamagedTextIsReadOrRefused) {
  const std::string good = "id,file,\"label\"\n1,a.png,\"x, \"\"y\"\"\"\r\n2,b.png,z\n";
  Random random(7);
  int read = 0;
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      const char bytes[] = {'"', ',', '\n', '\r', '\0', 'x', '\xff'};
      text[random.below(text.size())] = bytes[random.below(sizeof bytes)];
    }
    if (random.chance(0.3)) text.resize(random.below(text.size()));
    try {
      const CsvTable table(text, "t.csv");
      for (std::size_t row = 0; row < table.size(); ++row) {
        EXPECT_EQ(table.fields(row).size(), table.columns().size());
      }
      ++read;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

MetadataValue typed(const Fields& column, std::size_t row) {
  ValueType type;
  for (const std::string& field : column) type.add(field);
  return type.value(column[row]);
}

TEST(ValueType, IsTheNarrowestThatFitsAll) {
  EXPECT_EQ(typed({"1", "-2", ""}, 1), MetadataValue(std::int64_t{-2}));
  EXPECT_EQ(typed({"1", "-2", ""}, 2), MetadataValue());
  EXPECT_EQ(typed({"1", "2.5"}, 0), MetadataValue(1.0));
  EXPECT_EQ(typed({"0.310", "nan"}, 0), MetadataValue(0.31));
  EXPECT_EQ(typed({"True", "false"}, 0), MetadataValue(true));
  EXPECT_EQ(typed({"True", "1"}, 1), MetadataValue(std::string("1")));
  EXPECT_EQ(typed({"007", "12"}, 1), MetadataValue(std::string("12")));
  EXPECT_EQ(typed({"587722982271615079"}, 0), MetadataValue(std::int64_t{587722982271615079}));
  EXPECT_EQ(typed({"gz1", "2"}, 1), MetadataValue(std::string("2")));
}

}  // namespace
}  // namespace firstlight
