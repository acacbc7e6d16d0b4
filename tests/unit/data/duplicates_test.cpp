#include "firstlight/data/duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "csv.h"
#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "firstlight/image/resize.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::shared_data;

/// A galaxy of smooth light on a sky of its own: noise and some stars.
Image galaxy(std::uint64_t seed, int side = 160) {
  Random random(99, seed);
  std::vector<double> light(static_cast<std::size_t>(side * side));
  for (double& value : light) value = std::abs(random.normal(0, 5));
  for (int star = 0; star < 3; ++star) {
    const double x = random.uniform(0, side);
    const double y = random.uniform(0, side);
    for (int j = 0; j < side; ++j) {
      for (int i = 0; i < side; ++i) {
        light[static_cast<std::size_t>(j * side + i)] +=
            120 * std::exp(-((i - x) * (i - x) + (j - y) * (j - y)) / 8);
      }
    }
  }
  const double size = random.uniform(0.05, 0.11);
  const double axis_ratio = random.uniform(0.3, 1);
  const double angle = random.uniform(0, 3.14);
  Image image{side, side, 3, std::vector<std::uint8_t>(light.size() * 3)};
  for (int j = 0; j < side; ++j) {
    for (int i = 0; i < side; ++i) {
      const double x = (i - side / 2.0) / side;
      const double y = (j - side / 2.0) / side;
      const double r = std::hypot(x * std::cos(angle) + y * std::sin(angle),
                                  (y * std::cos(angle) - x * std::sin(angle)) / axis_ratio);
      const double value =
          light[static_cast<std::size_t>(j * side + i)] + 230 * std::exp(-r / size);
      for (int c = 0; c < 3; ++c) {
        image.at(i, j)[c] = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
  return image;
}

/// The middle of the image at relative side `scale`, moved by (x, y) pixels, resized and
/// compressed.
std::string degraded(const Image& image, double scale, int x, int y, int side) {
  const int kept = static_cast<int>(image.width * scale);
  const int left = std::clamp((image.width - kept) / 2 + x, 0, image.width - kept);
  const int top = std::clamp((image.height - kept) / 2 + y, 0, image.height - kept);
  return encode_jpeg(resize(crop(image, left, top, kept, kept), side, side, ResizeFilter::kBicubic),
                     80);
}

std::string id_of(const std::vector<const SampleSource*>& sets, const SampleRef& ref) {
  return sets[ref.set]->id(ref.index);
}

DuplicateReport compare(const SampleSource& a, const SampleSource& b,
                        const DuplicateOptions& options = {}) {
  return find_duplicates({&a, &b}, options);
}

TEST(Duplicates, ByIdByPixelsAndNear) {
  const TemporaryFolder a;
  const TemporaryFolder b;
  for (int i = 0; i < 6; ++i) {
    a.write("g" + std::to_string(i) + ".png", encode_png(galaxy(static_cast<std::uint64_t>(i))));
  }
  b.write("g0.png", encode_png(galaxy(100)));                // same id, other galaxy
  b.write("copy.png", encode_png(galaxy(1)));                // same pixels, other id
  b.write("near.jpg", degraded(galaxy(2), 0.7, 2, -1, 90));  // same exposure
  b.write("g3.jpg", degraded(galaxy(3), 1.0, 0, 0, 100));    // same id and exposure
  b.write("other.png", encode_png(galaxy(101)));
  b.write("broken.png", "not an image");
  b.write("blank1.png", encode_png(Image{40, 40, 1, std::vector<std::uint8_t>(1600, 0)}));
  b.write("blank2.png", encode_png(Image{41, 41, 1, std::vector<std::uint8_t>(1681, 0)}));
  const auto first = open_data_source(a.path());
  const auto second = open_data_source(b.path());
  const std::vector<const SampleSource*> sets = {first.get(), second.get()};
  const DuplicateReport report = find_duplicates(sets);

  std::map<std::string, Duplicate> found;
  for (const Duplicate& pair : report.pairs) {
    EXPECT_EQ(pair.a.set, 0u);
    EXPECT_EQ(pair.b.set, 1u);
    found[id_of(sets, pair.a) + "=" + id_of(sets, pair.b)] = pair;
  }
  ASSERT_EQ(found.size(), 4u);
  EXPECT_TRUE(found.at("g0=g0").same_id);
  EXPECT_EQ(found.at("g0=g0").image, ImageMatch::kNone);
  EXPECT_FALSE(found.at("g1=copy").same_id);
  EXPECT_EQ(found.at("g1=copy").image, ImageMatch::kPixels);
  EXPECT_EQ(found.at("g2=near").image, ImageMatch::kNear);
  EXPECT_NEAR(*found.at("g2=near").scale, 0.7, 0.01);
  EXPECT_TRUE(found.at("g3=g3").same_id);
  EXPECT_EQ(found.at("g3=g3").image, ImageMatch::kNear);
  EXPECT_NEAR(*found.at("g3=g3").scale, 1.0, 0.01);
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(id_of(sets, report.failures[0].sample), "broken");
  EXPECT_EQ(report.samples, (std::vector<std::size_t>{6, 8}));
}

TEST(Duplicates, WithinOneSet) {
  const TemporaryFolder folder;
  folder.write("a.png", encode_png(galaxy(1)));
  folder.write("b.png", encode_png(galaxy(2)));
  folder.write("c.jpg", degraded(galaxy(1), 0.8, 0, 0, 70));
  const auto source = open_data_source(folder.path());
  const DuplicateReport report = find_duplicates({source.get()});
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_EQ(report.pairs[0].a.index, 0u);
  EXPECT_EQ(report.pairs[0].b.index, 2u);
}

TEST(Duplicates, IdsAloneReadNoPictures) {
  const TemporaryFolder folder;
  folder.write("a.png", "never read");
  const auto source = open_data_source(folder.path());
  DuplicateOptions options;
  options.by_image = false;
  const DuplicateReport report = compare(*source, *source, options);
  ASSERT_EQ(report.pairs.size(), 1u);
  EXPECT_TRUE(report.pairs[0].same_id);
  EXPECT_TRUE(report.failures.empty());
}

TEST(Duplicates, ManyEqualPicturesAreNoMillionPairs) {
  const TemporaryFolder folder;
  const std::string bytes = encode_png(galaxy(5, 32));
  for (int i = 0; i < 30; ++i) folder.write(std::to_string(i) + ".png", bytes);
  const auto source = open_data_source(folder.path());
  DuplicateOptions options;
  options.min_similarity = 2;  // equal pixels only
  EXPECT_EQ(find_duplicates({source.get()}, options).pairs.size(), 29u);
}

// 40 galaxies, each again at a random crop, size and shift.
TEST(Duplicates, FindsCropsAndNothingElse) {
  const TemporaryFolder a;
  const TemporaryFolder b;
  Random random(3);
  for (int i = 0; i < 40; ++i) {
    const Image image = galaxy(static_cast<std::uint64_t>(i));
    a.write(std::to_string(i) + ".png", encode_png(image));
    b.write(
        std::to_string(i) + ".jpg",
        degraded(image, random.uniform(0.5, 1), static_cast<int>(random.below(5)) - 2,
                 static_cast<int>(random.below(5)) - 2, 64 + static_cast<int>(random.below(97))));
  }
  const auto first = open_data_source(a.path());
  const auto second = open_data_source(b.path());
  DuplicateOptions options;
  options.by_id = false;
  int right = 0;
  int wrong = 0;
  for (const Duplicate& pair : compare(*first, *second, options).pairs) {
    (pair.a.index == pair.b.index && pair.a.set != pair.b.set ? right : wrong) += 1;
  }
  EXPECT_GE(right, 38);  // crops near one half lose most of the noise
  EXPECT_EQ(wrong, 0);
}

TEST(SplitSamples, DuplicatesShareTheStrictestSplit) {
  const TemporaryFolder folder;
  std::string rows = "id,file\n";
  for (int i = 0; i < 300; ++i) rows += std::to_string(i) + ",x" + std::to_string(i) + ".png\n";
  const auto source = open_data_source(folder.write("list.csv", rows));
  const auto first_of = [&](Split split) {
    std::size_t i = 0;
    while (split_of_object(source->id(i)) != split) ++i;
    return i;
  };
  const std::size_t train = first_of(Split::kTrain);
  const std::size_t validation = first_of(Split::kValidation);
  const std::size_t test = first_of(Split::kTest);
  const auto pair = [](std::size_t i, std::size_t j) {
    Duplicate duplicate;
    duplicate.a = {0, i};
    duplicate.b = {0, j};
    return duplicate;
  };
  const auto alone = split_samples({source.get()}, {});
  const auto two = split_samples({source.get()}, {pair(train, validation)});
  const auto chain = split_samples({source.get()}, {pair(train, validation), pair(test, train)});
  EXPECT_EQ(two[0][train], Split::kValidation);
  for (const std::size_t i : {train, validation, test}) EXPECT_EQ(chain[0][i], Split::kTest);
  for (std::size_t i = 0; i < source->size(); ++i) {
    EXPECT_EQ(alone[0][i], split_of_object(source->id(i)));
    const bool in_chain = i == train || i == validation || i == test;
    EXPECT_TRUE(in_chain || chain[0][i] == alone[0][i]);
  }
}

/// Rows of a catalogue of the shared data, with absolute paths, as a catalogue of our own.
std::string part_of(const TemporaryFolder& folder, const std::string& set,
                    const std::vector<std::vector<std::string>>& rows) {
  std::string text = "file,object_id\n";
  for (const auto& row : rows) {
    text +=
        std::filesystem::canonical(shared_data(set)).string() + "/" + row[0] + "," + row[2] + "\n";
  }
  return folder.write(set + ".csv", text);
}

// The same exposures at 224 and at 128 pixels, a fifth of them with a field 5 % smaller.
TEST(Duplicates, RealGalaxiesAtAnotherSize) {
  const std::string list = shared_data("galaxy-sdss/labels.csv");
  if (!std::filesystem::exists(list)) GTEST_SKIP() << "no ../shared/data/galaxy-sdss here";
  const CsvTable sdss(text::read_file(list), list);
  const CsvTable gz1(text::read_file(shared_data("galaxy-gz1/labels.csv")), "gz1");
  std::vector<std::vector<std::string>> a;
  std::set<std::string> shared;
  for (std::size_t i = 0; i < sdss.size(); i += 4) {
    a.push_back(sdss.fields(i));
    if (a.back()[3] == "gz1") shared.insert(a.back()[2]);
  }
  std::vector<std::vector<std::string>> b;
  for (std::size_t i = 0; i < gz1.size(); ++i) {
    if (i % 16 == 0 || shared.contains(gz1.field(i, 2))) b.push_back(gz1.fields(i));
  }
  ASSERT_GT(shared.size(), 100u);
  const TemporaryFolder folder;
  const auto first = open_data_source(part_of(folder, "galaxy-sdss", a));
  const auto second = open_data_source(part_of(folder, "galaxy-gz1", b));
  const std::vector<const SampleSource*> sets = {first.get(), second.get()};
  DuplicateOptions options;
  options.by_id = false;
  std::size_t right = 0;
  std::size_t wrong = 0;
  for (const Duplicate& pair : find_duplicates(sets, options).pairs) {
    (id_of(sets, pair.a) == id_of(sets, pair.b) ? right : wrong) += 1;
  }
  std::size_t truly_shared = 0;
  std::set<std::string> in_b;
  for (const auto& row : b) in_b.insert(row[2]);
  for (const auto& row : a) truly_shared += in_b.contains(row[2]) ? 1 : 0;
  EXPECT_GE(right, truly_shared * 99 / 100);
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace firstlight
