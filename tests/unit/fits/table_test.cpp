#include "firstlight/fits/table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

struct TableFile : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      ("firstlight-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
  std::string path = (folder / "out[1].fits").string();

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

std::vector<TableColumn> columns() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {{"id", "", "stable identifier",
           std::vector<std::string>{"a", "", std::string(88, 'x') + "\u00e9"}},
          {"p_lsbg", "",
           "the model's probability of this class, between 0 and 1, of a rather long text",
           std::vector<double>{0.1, nan, 1e-300}},
          {"ra", "deg", "", std::vector<double>{1.5, 2.5, 350.25}, {false, true, false}},
          {"n", "ct", "counts", std::vector<std::int64_t>{-3, 0, 1LL << 60}, {false, true, false}},
          {"good", "", "flag", std::vector<bool>{true, false, true}, {false, false, true}}};
}

/// The 80-character card that begins with `start`, without trailing blanks.
std::string card(const std::string& bytes, const std::string& start) {
  for (std::size_t i = 0; i + 80 <= bytes.size(); i += 80) {
    if (bytes.compare(i, start.size(), start) == 0) return text::trim(bytes.substr(i, 80));
  }
  return "absent";
}

double big_endian_double(const std::string& bytes, std::size_t at) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(bytes[at + i]);
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

TEST_F(TableFile, HoldsWhatTheStandardSays) {
  write_fits_table(
      path, "PREDICTIONS", columns(),
      {{"MODEL", "embedded"}, {"TASKHASH", std::string(150, 'f')}, {"firstlight_version", "1.2"}});
  const std::string bytes = text::read_file(path);
  ASSERT_EQ(bytes.size() % 2880, 0u);
  EXPECT_EQ(card(bytes, "EXTNAME "),
            "EXTNAME = 'PREDICTIONS'        / name of this binary table extension");
  EXPECT_EQ(card(bytes, "TFORM1 ").substr(0, 20), "TFORM1  = '90A     '");
  EXPECT_EQ(card(bytes, "TUNIT3 ").substr(0, 20), "TUNIT3  = 'deg     '");
  EXPECT_EQ(card(bytes, "TCOMM2 ").substr(0, 36), "TCOMM2  = 'the model''s probability ");
  EXPECT_EQ(card(bytes, "TNULL4 ").substr(0, 30), "TNULL4  = -9223372036854775808");
  EXPECT_EQ(card(bytes, "NAXIS2 ").substr(0, 30), "NAXIS2  =                    3");
  EXPECT_NE(card(bytes, "CONTINUE"), "absent");
  EXPECT_EQ(card(bytes, "HIERARCH FIRSTLIGHT_VERSION").substr(0, 34),
            "HIERARCH FIRSTLIGHT_VERSION = '1.2");
  // Rows of 90 + 8 + 8 + 8 + 1 bytes in the last block of 2880.
  const std::size_t data = bytes.size() - 2880;
  EXPECT_EQ(bytes.substr(data, 2), std::string("a\0", 2));
  EXPECT_EQ(big_endian_double(bytes, data + 90), 0.1);
  EXPECT_EQ(big_endian_double(bytes, data + 230 + 90), 1e-300);
  EXPECT_EQ(big_endian_double(bytes, data + 230 + 98), 350.25);
  EXPECT_EQ(bytes[data + 114], 'T');
  EXPECT_EQ(bytes[data + 115 + 114], 'F');
  EXPECT_EQ(bytes[data + 230 + 114], '\0');
}

TEST_F(TableFile, WritesManyRowsAndNone) {
  std::vector<double> many(10001);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i) / 3;
  write_fits_table(path, "T", {{"x", "", "", many}}, {});
  const std::string bytes = text::read_file(path);
  const std::size_t data = (bytes.size() - (10001 * 8 + 2879) / 2880 * 2880);
  EXPECT_EQ(big_endian_double(bytes, data + 8 * 4096), 4096.0 / 3);
  EXPECT_EQ(big_endian_double(bytes, data + 8 * 10000), 10000.0 / 3);
  write_fits_table(path, "T", {{"x", "", "", std::vector<std::string>{}}}, {});
  EXPECT_EQ(card(text::read_file(path), "NAXIS2 ").substr(0, 30), "NAXIS2  =                    0");
}

TEST_F(TableFile, RefusesWhatIsNoTable) {
  EXPECT_THROW(write_fits_table(path, "T", {}, {}), Error);
  EXPECT_THROW(
      write_fits_table(
          path, "T",
          {{"a", "", "", std::vector<double>{1}}, {"b", "", "", std::vector<double>{1, 2}}}, {}),
      Error);
  EXPECT_THROW(write_fits_table("/no/such/folder/t.fits", "T", columns(), {}), Error);
}

TEST_F(TableFile, AstropyReadsTheSameValues) {
  const char* chosen = std::getenv("FIRSTLIGHT_PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  if (std::system((python + " -c 'import astropy' 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << python << " has no astropy";
  }
  write_fits_table(path, "PREDICTIONS", columns(),
                   {{"MODEL", "embedded"}, {"TASKHASH", std::string(150, 'f')}});
  const std::string command =
      python + " " FIRSTLIGHT_TEST_DIR "/unit/fits/check_table.py '" + path + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace firstlight::fits
