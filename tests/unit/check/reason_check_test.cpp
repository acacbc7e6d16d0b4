#include "firstlight/check/reason_check.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "sources.h"

namespace firstlight {
namespace {

Task lsbg_task() { return load_task("lsbg"); }

/// Dark pictures are LSBGs in the middle, bright ones are stars off the middle, in turn; the level
/// of a picture tells which.
class CutoutSource : public SampleSource {
 public:
  std::size_t size() const override { return 40; }
  std::string id(std::size_t index) const override { return "cutout-" + std::to_string(index); }
  Result<Sample> load(std::size_t index) const override {
    const bool lsbg = index % 2 == 0;
    Image image{4, 4, 3, {}};
    image.pixels.assign(4 * 4 * 3, lsbg ? 40 : 200);
    Sample sample;
    sample.id = id(index);
    sample.views.push_back({"image", image});
    sample.metadata = {
        {"offset_px", lsbg ? 0.5 : 20.0, Provenance::kTruth},
        {"kind", std::string(lsbg ? "smooth" : "saturated_star"), Provenance::kTruth}};
    return sample;
  }
  std::optional<std::string> truth(std::size_t index) const override {
    return index % 2 == 0 ? "lsbg" : "artifact";
  }
  std::vector<ColumnInfo> columns() const override { return {}; }
};

/// Calls everything an LSBG, and writes what the level of the picture says, but that everything has
/// spikes. A stand-in with a known answer; tests/cli runs the real model.
class LevelWriter : public LevelClassifier {
 public:
  LevelWriter() : LevelClassifier(0) {}
  Capabilities capabilities() const override {
    Capabilities c;
    c.can_generate = true;
    return c;
  }
  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass&) const override {
    LabelScores scores;
    scores.answers = {{{1}, {-3.0}}, {{2}, {-0.1}}};
    return std::vector<Result<LabelScores>>(samples.size(), scores);
  }
  Result<Generated> generate(const PreparedSample& sample, const Writing& writing) const override {
    EXPECT_EQ(writing.label, ClassId{1});
    Generated out;
    out.text = sample.views.front().image.pixels[0] < 128 ? "The source lies in the middle"
                                                          : "The source is not centred";
    out.text += " and diffraction spikes can be seen.";
    return out;
  }
};

TEST(CheckReasons, CountsWhatIsTrue) {
  ASSERT_EQ(lsbg_task().classes[1].key, "lsbg");
  ReasonSettings settings;
  settings.exchange = true;
  const ReasonCheck check =
      check_reasons(CutoutSource(), lsbg_task(), LevelWriter(), settings, quick_options());
  EXPECT_EQ(check.n, 40u);
  EXPECT_EQ(check.accuracy.value, 0.5);
  ASSERT_EQ(check.rows.size(), 4u);
  const ReasonRow& all = check.rows[0];
  const ReasonRow& centred = check.rows[1];
  const ReasonRow& diffuse = check.rows[2];
  const ReasonRow& spikes = check.rows[3];
  EXPECT_EQ(centred.attribute, "centred");
  EXPECT_EQ(centred.all.known, 40u);
  EXPECT_EQ(centred.all.agreement.value, 1);
  EXPECT_EQ(centred.wrong.stated, 20u);
  EXPECT_LT(centred.exchanged.agreement.value, 0.9);
  EXPECT_EQ(diffuse.all.stated, 0u);
  EXPECT_FALSE(diffuse.all.agreement.undefined.empty());
  EXPECT_EQ(spikes.all.agreement.value, 0.5);
  EXPECT_EQ(spikes.right.agreement.value, 0);
  EXPECT_EQ(spikes.wrong.agreement.value, 1);
  EXPECT_NEAR(all.all.agreement.value, 0.75, 1e-12);
  EXPECT_EQ(check.examples.front().label, "lsbg");
  EXPECT_NE(to_text(check).find("pictures exchanged"), std::string::npos);
}

TEST(CheckReasons, NeedsAVocabularyAndAModelThatWrites) {
  EXPECT_THROW(check_reasons(GreySource(8), shapes_task(), LevelWriter(), {}, quick_options()),
               Error);
  EXPECT_THROW(check_reasons(CutoutSource(), lsbg_task(), LevelClassifier(0), {}, quick_options()),
               Error);
}

}  // namespace
}  // namespace firstlight
