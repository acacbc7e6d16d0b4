#include "firstlight/task/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "expect_error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

using Statements = std::vector<std::optional<std::size_t>>;

/// Every combination of statements of a vocabulary.
std::vector<Statements> combinations(const Vocabulary& vocabulary) {
  std::vector<Statements> all = {{}};
  for (const Attribute& attribute : vocabulary.attributes()) {
    std::vector<Statements> longer;
    for (const Statements& before : all) {
      for (std::size_t s = 0; s <= attribute.statements.size(); ++s) {
        longer.push_back(before);
        longer.back().push_back(s == 0 ? std::nullopt : std::optional(s - 1));
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<Said> said(const Statements& statements) {
  std::vector<Said> said;
  for (std::size_t a = 0; a < statements.size(); ++a) {
    if (statements[a]) said.push_back({a, *statements[a]});
  }
  return said;
}

TEST(Vocabulary, WhatIsWrittenIsRead) {
  for (const char* task : {"galaxy-morphology", "lsbg", "neutrino-flavour"}) {
    const auto vocabulary = Vocabulary::of_task(task);
    ASSERT_TRUE(vocabulary) << task;
    Random random(1);
    for (const Statements& statements : combinations(*vocabulary)) {
      for (int draw = 0; draw < 8; ++draw) {
        const std::string text = vocabulary->sentences(said(statements), random);
        EXPECT_EQ(vocabulary->stated(text), statements) << text;
      }
    }
  }
  EXPECT_FALSE(Vocabulary::of_task("no-such-task"));
}

TEST(Vocabulary, MakesOneOrTwoSentences) {
  const auto vocabulary = Vocabulary::of_task("neutrino-flavour");
  Random random(2);
  for (const Statements& statements : combinations(*vocabulary)) {
    const std::string text = vocabulary->sentences(said(statements), random);
    const auto stops = std::count(text.begin(), text.end(), '.');
    EXPECT_EQ(stops, text.empty() ? 0 : stops > 1 ? 2 : 1) << text;
    if (text.empty()) continue;
    EXPECT_TRUE(text[0] >= 'A' && text[0] <= 'Z') << text;
  }
}

TEST(Vocabulary, KnowsWhatIsTrueOfASample) {
  const auto vocabulary = Vocabulary::of_task("neutrino-flavour");
  const std::vector<Metadata> columns = {{"longest_track_cm", 300.0, Provenance::kTruth},
                                         {"showers", std::int64_t{2}, Provenance::kTruth},
                                         {"shower_gap_cm", 3.0, Provenance::kTruth},
                                         {"n_pizero", std::int64_t{0}, Provenance::kTruth}};
  // Long track; a shower; a gap between the limits; no neutral pion.
  EXPECT_EQ(vocabulary->truth("numu_cc", columns), (Statements{0, 0, std::nullopt, 1}));
  EXPECT_EQ(vocabulary->truth("numu_cc", {}), Statements(4));
}

TEST(Vocabulary, AContradictionSaysNothing) {
  const auto vocabulary = Vocabulary::of_task("galaxy-morphology");
  const Statements read = vocabulary->stated(
      "ITS OUTLINE IS ROUND, it is much longer than wide and no spiral arms can be seen.");
  EXPECT_EQ(read, (Statements{std::nullopt, 1, std::nullopt, std::nullopt}));
  EXPECT_EQ(vocabulary->stated("A galaxy."), Statements(4));
}

TEST(Vocabulary, RefusesWordsThatAreSaidTwice) {
  const std::string path = ::testing::TempDir() + "twice.yaml";
  text::write_file_atomically(path, R"(tasks: [t]
attributes:
  - name: a
    statements: [{value: "yes", when: [{truth: x}], says: [it is so]}]
  - name: b
    statements: [{value: "yes", when: [{truth: y}], says: [It is so]}]
)");
  EXPECT_NE(usage_error([&] { Vocabulary::load(path); }).find("'It is so' is said twice"),
            std::string::npos);
}

}  // namespace
}  // namespace firstlight
