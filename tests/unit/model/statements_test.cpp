#include "firstlight/model/statements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/model/reason.h"

namespace firstlight {
namespace {

/// Log-probabilities of the parts of a vocabulary; those that are not named get a thousandth.
std::vector<double> logs(const Vocabulary& vocabulary, const std::map<std::string, double>& named) {
  std::vector<double> out;
  for (const std::string& part : vocabulary.parts()) {
    const auto found = named.find(part);
    out.push_back(std::log(found == named.end() ? 0.001 : found->second) - 70);
  }
  return out;
}

TEST(ChooseStatements, SaysWhatIsSureInTheLikeliestWords) {
  const Vocabulary vocabulary = *Vocabulary::of_task("lsbg");
  const auto said = choose_statements(
      vocabulary, logs(vocabulary, {{"the source lies in the middle", 0.1},
                                    {"the source is well centred", 0.3},
                                    {"the source is not centred", 0.02},
                                    {"it has a bright core", 0.2},
                                    {"its light is faint and diffuse", 0.1},  // one to two
                                    {"there are no diffraction spikes", 0.2}}));
  EXPECT_EQ(said, (std::vector<std::string>{"the source is well centred",
                                            "there are no diffraction spikes"}));
  EXPECT_EQ(to_sentences(said), "The source is well centred and there are no diffraction spikes.");
}

TEST(ChooseStatements, SaysNothingOfWhatTheModelDoesNotSpeakOf) {
  const Vocabulary vocabulary = *Vocabulary::of_task("lsbg");
  // Sure of the spikes if it spoke of them, which it would in one reason of fifty.
  const auto said = choose_statements(
      vocabulary, logs(vocabulary, {{"it has a bright core", 0.9},
                                    {"no diffraction spikes can be seen", 0.02}}));
  EXPECT_EQ(said, std::vector<std::string>{"it has a bright core"});
}

TEST(ChooseStatements, SaysTheLikeliestAloneWhereNothingIsSure) {
  const Vocabulary vocabulary = *Vocabulary::of_task("lsbg");
  const auto said =
      choose_statements(vocabulary, logs(vocabulary, {{"the source is well centred", 0.25},
                                                      {"the source is not centred", 0.2},
                                                      {"it has a bright core", 0.3},
                                                      {"its light is faint and diffuse", 0.2}}));
  EXPECT_EQ(said, std::vector<std::string>{"it has a bright core"});
}

TEST(ChooseStatements, SpeaksOfAGapOnlyWhereThereIsAShower) {
  const Vocabulary vocabulary = *Vocabulary::of_task("neutrino-flavour");
  const std::map<std::string, double> gap = {{"the shower is attached to the vertex", 0.3}};
  auto with = gap;
  with["there is an electromagnetic shower"] = 0.3;
  EXPECT_EQ(choose_statements(vocabulary, logs(vocabulary, with)).size(), 2U);
  auto without = gap;
  without["there is no electromagnetic shower"] = 0.3;
  EXPECT_EQ(choose_statements(vocabulary, logs(vocabulary, without)),
            std::vector<std::string>{"there is no electromagnetic shower"});
}

/// A fit that takes what the model gives as it is; nine in ten galaxies have no arms.
StatementFit plain_fit(const Vocabulary& vocabulary) {
  const Calibration as_it_is{CalibrationMethod::kPlatt, 1, {0, 0}};
  StatementFit fit;
  for (const Attribute& attribute : vocabulary.attributes()) {
    StatementFit::Of& of = fit.attributes.emplace_back();
    of.attribute = attribute.name;
    for (const Statement& statement : attribute.statements) of.values.push_back(statement.value);
    if (attribute.name != "arms" && attribute.name != "shape") continue;
    of.common = attribute.name == "arms" ? std::vector{0.1, 0.9} : std::vector{0.5, 0.5};
    of.which = as_it_is;
    of.applies = {CalibrationMethod::kPlatt, 1, {std::log(8.0), 0}};
  }
  return fit;
}

const std::map<std::string, double> kRoundWithoutArms = {{"it is nearly circular", 0.3},
                                                         {"no spiral arms can be seen", 0.3}};

TEST(ChooseStatements, AFitLeavesOutWhatIsTrueOfMost) {
  const Vocabulary vocabulary = *Vocabulary::of_task("galaxy-morphology");
  const auto given = logs(vocabulary, kRoundWithoutArms);
  EXPECT_EQ(choose_statements(vocabulary, given).size(), 2U);
  EXPECT_EQ(choose_statements(vocabulary, given, plain_fit(vocabulary), 1),
            std::vector<std::string>{"it is nearly circular"});
}

TEST(ChooseStatements, AFitSaysWhatIsRareAndSure) {
  const Vocabulary vocabulary = *Vocabulary::of_task("galaxy-morphology");
  const auto given =
      logs(vocabulary, {{"it is nearly circular", 0.3}, {"spiral arms can be traced", 0.3}});
  EXPECT_EQ(choose_statements(vocabulary, given, plain_fit(vocabulary), 1).size(), 2U);
}

TEST(ChooseStatements, AnUnlikelyLabelMakesItsStatementsUnsure) {
  const Vocabulary vocabulary = *Vocabulary::of_task("galaxy-morphology");
  const auto given =
      logs(vocabulary, {{"it is nearly circular", 0.3}, {"spiral arms can be traced", 0.2}});
  // Of the shape 0.75 is left, of the arms 0.62: neither is said for its probability, but the arms
  // exceed their frequency most.
  EXPECT_EQ(choose_statements(vocabulary, given, plain_fit(vocabulary), 0.5),
            std::vector<std::string>{"spiral arms can be traced"});
  EXPECT_EQ(unconditioned({1, 0}, 0.5, {0.25, 0.75}), (std::vector<double>{0.625, 0.375}));
}

TEST(ChooseStatements, WithoutAnyScalingAFitChangesNothing) {
  const Vocabulary vocabulary = *Vocabulary::of_task("galaxy-morphology");
  const auto given = logs(vocabulary, kRoundWithoutArms);
  StatementFit fit = plain_fit(vocabulary);
  for (StatementFit::Of& of : fit.attributes) of.which.offsets.clear();
  EXPECT_EQ(choose_statements(vocabulary, given, fit, 1), choose_statements(vocabulary, given));
}

TEST(StatementFit, FitsItsVocabularyAlone) {
  const Vocabulary galaxies = *Vocabulary::of_task("galaxy-morphology");
  StatementFit fit = plain_fit(galaxies);
  EXPECT_TRUE(fits_vocabulary(fit, galaxies));
  EXPECT_FALSE(fits_vocabulary(fit, *Vocabulary::of_task("lsbg")));
  std::swap(fit.attributes[1].values[0], fit.attributes[1].values[1]);
  EXPECT_FALSE(fits_vocabulary(fit, galaxies));
}

TEST(StatementFit, SamplesAreJudgedByTheFitOfTheirNumberOfViews) {
  ReasonWriter writer;
  EXPECT_EQ(writer.fit_for(2), nullptr);
  writer.fits.resize(2);
  writer.fits[0].views = 2;
  writer.fits[1].views = 3;
  EXPECT_EQ(writer.fit_for(3), &writer.fits[1]);
  EXPECT_EQ(writer.fit_for(1), &writer.fits[0]);
}

TEST(ChooseStatements, WantsANumberForEachPart) {
  EXPECT_THROW(choose_statements(*Vocabulary::of_task("lsbg"), std::vector<double>(3)), Error);
}

}  // namespace
}  // namespace firstlight
