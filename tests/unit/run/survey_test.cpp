#include <gtest/gtest.h>

#include <map>

#include "firstlight/base/error.h"
#include "firstlight/run/runner.h"

namespace firstlight {
namespace {

Task task_with(const std::string& field, const std::string& view) {
  return parse_task(
      "name: t\nclasses:\n  - {key: a}\n  - {key: b}\n"
      "views: [{name: g}, {name: " +
          view +
          "}]\n"
          "prompt: \"{image} z is {field:" +
          field + "}. {classes}\"\n",
      "t.yaml");
}

/// Says nothing of its columns, as files with header keywords do; the first sample is damaged.
class KeywordSource : public SampleSource {
 public:
  std::size_t size() const override { return 3; }
  std::string id(std::size_t index) const override { return std::to_string(index); }
  Result<Sample> load(std::size_t index) const override {
    if (index == 0) return Error::input("0.fits", "truncated");
    Sample sample = describe(index);
    sample.views = {{"g", Image{1, 1, 3, {1, 2, 3}}}, {"r", Image{1, 1, 3, {4, 5, 6}}}};
    sample.metadata = {{"REDSHIFT", 0.1, Provenance::kMeasured}, {"FLUX", 2.0, Provenance::kTruth}};
    return sample;
  }
  std::optional<std::string> truth(std::size_t) const override { return std::nullopt; }
  std::vector<ColumnInfo> columns() const override { return {}; }
};

std::string error_of(const std::string& field, const std::string& view = "r") {
  try {
    check_data(KeywordSource(), task_with(field, view));
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::kUsage));
    return error.what();
  }
  return "no error";
}

TEST(CheckData, KeywordsOfTheFirstReadableSampleCount) {
  EXPECT_EQ(error_of("REDSHIFT"), "no error");
  EXPECT_EQ(error_of("REDSHFT"),
            "t.yaml:6: the data have no field 'REDSHFT'; did you mean 'REDSHIFT'?");
  EXPECT_EQ(error_of("FLUX"),
            "t.yaml:6: the field 'FLUX' is truth, which would give the answer away; only measured "
            "columns may enter a prompt");
}

TEST(CheckData, ViewsMustBeThoseOfTheData) {
  EXPECT_EQ(error_of("REDSHIFT", "z"),
            "t.yaml: the data have no view 'z', which the task shows; they have: g, r");
}

}  // namespace
}  // namespace firstlight
