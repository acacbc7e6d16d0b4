#include <gtest/gtest.h>

#include <string>

#include "firstlight/data/source.h"
#include "testing.h"

namespace firstlight {
namespace {

using testing::error_of_opening;
using testing::fixture;
using testing::Ids;
using testing::ids;
using testing::picture;

std::string catalogue(const TemporaryFolder& folder, const std::string& text) {
  folder.copy(fixture("images/smooth/b1.png"), "images/one.png");
  folder.copy(fixture("images/spiral/a2.png"), "images/two.png");
  return folder.write("list.csv", text);
}

TEST(CsvSource, ColumnsAreRecognised) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder,
                                     "object_id,file,label,mag,truth.flux,survey\n"
                                     "587,images/one.png,smooth,17.25,3,SDSS\n"
                                     "588,images/two.png,,18,4,SDSS\n");
  const auto source = open_data_source(path);
  EXPECT_EQ(ids(*source), (Ids{"587", "588"}));
  EXPECT_EQ(source->truth(0), "smooth");
  EXPECT_EQ(source->truth(1), std::nullopt);
  const Sample sample = source->load(1).value();
  EXPECT_EQ(*picture(sample).at(0, 0), 20);
  ASSERT_EQ(sample.metadata.size(), 3u);
  EXPECT_EQ(sample.metadata[0].name, "mag");
  EXPECT_EQ(sample.metadata[0].value, MetadataValue(18.0));
  EXPECT_EQ(sample.metadata[0].provenance, Provenance::kMeasured);
  EXPECT_EQ(sample.metadata[1].value, MetadataValue(std::int64_t{4}));
  EXPECT_EQ(sample.metadata[1].provenance, Provenance::kTruth);
  EXPECT_EQ(sample.metadata[2].value, MetadataValue(std::string("SDSS")));
  ASSERT_EQ(source->columns().size(), 3u);
  EXPECT_EQ(source->columns()[1].provenance, Provenance::kTruth);
}

TEST(CsvSource, IntegersAreNeverRounded) {
  const TemporaryFolder folder;
  const std::string path =
      catalogue(folder,
                "id,file,specobj,mixed,beyond\n"
                "1,images/one.png,9223372036854775807,1.5,18446744073709551615\n"
                "2,images/two.png,9007199254740993,9007199254740993,1\n");
  const Sample sample = open_data_source(path)->load(1).value();
  EXPECT_EQ(sample.metadata[0].value, MetadataValue(std::int64_t{9007199254740993}));
  EXPECT_EQ(sample.metadata[1].value, MetadataValue(std::string("9007199254740993")));
  EXPECT_EQ(sample.metadata[2].value, MetadataValue(std::string("1")));
}

TEST(CsvSource, RowsAreKnownWithoutTheirPictures) {
  const TemporaryFolder folder;
  const auto source = open_data_source(
      catalogue(folder, "id,file,label,mag\n7,images/absent.png,smooth,17.5\n8,,spiral,18\n"));
  const Sample known = source->describe(0);
  EXPECT_EQ(known.id, "7");
  EXPECT_EQ(known.truth, "smooth");
  EXPECT_HAS(known.origin, "images/absent.png");
  ASSERT_EQ(known.metadata.size(), 1u);
  EXPECT_EQ(known.metadata[0].value, MetadataValue(17.5));
  EXPECT_TRUE(known.views.empty());
  EXPECT_EQ(source->describe(1).origin, "");
}

TEST(CsvSource, OptionsNameColumns) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder,
                                     "label,where is it,my id,e_nu\n"
                                     "x,images/one.png,a,1.5\n"
                                     "y,images/two.png,b,2.5\n");
  const auto source = open_data_source("csv:" + path +
                                       "?path=where%20is%20it&id=my%20id&truth=&"
                                       "truth_columns=e_nu,label");
  EXPECT_EQ(ids(*source), (Ids{"a", "b"}));
  EXPECT_EQ(source->truth(0), std::nullopt);
  for (const ColumnInfo& column : source->columns()) {
    EXPECT_EQ(column.provenance, Provenance::kTruth) << column.name;
  }
  EXPECT_HAS(error_of_opening("csv:" + path),
             "no column is recognised as the image's path; name it with ?path=COL; the columns "
             "are label, where is it, my id, e_nu");
  EXPECT_HAS(error_of_opening("csv:" + path + "?path=wher"), "there is no column 'wher' (path=)");
  EXPECT_HAS(error_of_opening("csv:" + path + "?path=label&truth_columns=energy"),
             "there is no column 'energy' (truth_columns=)");
}

TEST(CsvSource, FileNamesAreIdsWithoutAnIdColumn) {
  const TemporaryFolder folder;
  const std::string path = catalogue(folder, "file\nimages/two.png\nimages/one.png\n");
  EXPECT_EQ(ids(*open_data_source(path)), (Ids{"images/two", "images/one"}));
}

TEST(CsvSource, ErrorsNameFileAndLine) {
  const TemporaryFolder folder;
  EXPECT_HAS(error_of_opening("csv:" + folder.path("absent.csv")), "absent.csv: cannot be opened");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n1,a.png\n2,b.png\n1,c.png\n")),
             "list.csv:4: the id '1' is also in line 2 (column 'id')");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n1,a.png\n2\n")),
             "list.csv:3: the row has 1 fields, the header 2");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n,a.png\n")),
             "list.csv:2: the id is empty");
  EXPECT_HAS(error_of_opening(catalogue(folder, "id,file\n")), "the table has no rows");
}

TEST(CsvSource, RowsWithoutImageFailAlone) {
  const TemporaryFolder folder;
  const auto source = open_data_source(
      catalogue(folder, "id,file\n1,images/one.png\n2,images/absent.png\n3,\n4,images\n"));
  ASSERT_EQ(source->size(), 4u);
  EXPECT_TRUE(source->load(0).ok());
  const auto absent = source->load(1);
  ASSERT_FALSE(absent.ok());
  EXPECT_HAS(std::string(absent.error().what()), "images/absent.png");
  EXPECT_HAS(std::string(absent.error().what()), "list.csv:3");
  const auto unnamed = source->load(2);
  ASSERT_FALSE(unnamed.ok());
  EXPECT_HAS(std::string(unnamed.error().what()), "list.csv:4: the column 'file' is empty");
  EXPECT_FALSE(source->load(3).ok());
}

}  // namespace
}  // namespace firstlight
