#include "npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of;
using testing::fixture;

TEST(Npy, HeaderTellsTypeShapeAndPlace) {
  const NpyFile file(fixture("npy/X_test.npy"));
  EXPECT_EQ(file.header().shape, (std::vector<std::uint64_t>{6, 8, 7, 3}));
  EXPECT_EQ(file.header().type.kind, 'u');
  EXPECT_EQ(file.header().type.size, 1u);
  EXPECT_EQ(file.header().data_offset % 64, 0u);
  EXPECT_EQ(file.read(100, 3), (std::vector<std::uint8_t>{100, 101, 102}));
}

TEST(Npy, NumbersInBothByteOrders) {
  const NpyFile big(fixture("npy/first_big.npy"));
  EXPECT_EQ(to_floats(big.header().type, big.read(40, 2)), (std::vector<float>{40.5f, 41.5f}));
  const NpyFile little(fixture("npy/int16.npy"));
  EXPECT_EQ(to_floats(little.header().type, little.read(0, 2)),
            (std::vector<float>{-100.f, -99.f}));
  const NpyFile wide(fixture("npy/double.npy"));
  EXPECT_EQ(to_floats(wide.header().type, wide.read(1, 2)), (std::vector<float>{0.25f, 0.5f}));
}

TEST(Npy, HalfPrecision) {
  const NpyFile file(fixture("npy/half.npy"));
  const auto values = to_floats(file.header().type, file.read(0, 6));
  EXPECT_EQ(values[0], 0.5f);
  EXPECT_EQ(values[1], -2.f);
  EXPECT_EQ(values[2], 65504.f);
  EXPECT_EQ(values[3], std::ldexp(1.f, -24));  // 6e-8 rounds to the smallest subnormal
  EXPECT_TRUE(std::isinf(values[4]));
  EXPECT_TRUE(std::isnan(values[5]));
}

TEST(Npy, ElementsAsText) {
  for (const char* name : {"npy/names.npy", "npy/names_big.npy"}) {
    const NpyFile file(fixture(name));
    EXPECT_EQ(element_text(file.header().type, file.read(0, 1).data()), "lsbg");
    EXPECT_EQ(element_text(file.header().type, file.read(1, 1).data()), "artéfact");
  }
  const NpyFile bytes(fixture("npy/bytes.npy"));
  EXPECT_EQ(element_text(bytes.header().type, bytes.read(1, 1).data()), "artifact");
  const NpyFile whole(fixture("npy/y_test.npy"));
  EXPECT_EQ(element_text(whole.header().type, whole.read(0, 1).data()), "1");
}

TEST(Npy, RefusesWhatItDoesNotRead) {
  const auto error = [](const std::string& name) {
    return error_of([&] { NpyFile file(fixture(name)); });
  };
  EXPECT_HAS(error("npy/fortran.npy"), "Fortran order");
  EXPECT_HAS(error("npy/objects.npy"), "pickled Python objects");
  EXPECT_HAS(error("npy/records.npy"), "records");
  EXPECT_HAS(error("images/smooth/b1.png"), "is not an npy file");
  EXPECT_HAS(error("npy/absent.npy"), "cannot be opened: No such file");
  EXPECT_HAS(error("npy"), "is not a regular file");
}

TEST(Npy, SizeMustBeWhatTheHeaderPromises) {
  const TemporaryFolder folder;
  const std::string good = text::read_file(fixture("npy/grey.npy"));
  const auto error = [&](const std::string& bytes) {
    const std::string path = folder.write("x.npy", bytes);
    return error_of([&] { NpyFile file(path); });
  };
  EXPECT_EQ(error(good), "no error");
  EXPECT_HAS(error(good.substr(0, good.size() - 1)), "cut short");
  EXPECT_HAS(error(good + "x"), "longer than its header says");
  EXPECT_HAS(error(good.substr(0, 40)), "cut short in its header");
  EXPECT_HAS(error(""), "the file is empty");
  EXPECT_HAS(error(text::replace_all(good, "(2, 5, 6)", "(9223372036854775807, 5, 6)")),
             "cut short");
  EXPECT_HAS(error(text::replace_all(good, "(2, 5, 6), }", "(2, 99999), }")), "cut short");
}

// A header that was changed anywhere is refused, or promises exactly what the file holds.
TEST(Npy, DamagedHeadersAreRefused) {
  const std::string good = text::read_file(fixture("npy/grey.npy"));
  Random random(11);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      bytes[random.below(128)] = static_cast<char>(random.below(256));
    }
    if (random.chance(0.2)) bytes.resize(random.below(bytes.size()));
    try {
      const NpyHeader header = parse_npy_header(bytes, bytes.size(), "x.npy");
      std::uint64_t size = header.type.size;
      for (const std::uint64_t n : header.shape) size *= n;
      EXPECT_EQ(header.data_offset + size, bytes.size());
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace firstlight
