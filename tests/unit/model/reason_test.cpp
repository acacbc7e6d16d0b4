#include "firstlight/model/reason.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "firstlight/base/error.h"

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

TEST(ChooseStatements, WantsANumberForEachPart) {
  EXPECT_THROW(choose_statements(*Vocabulary::of_task("lsbg"), std::vector<double>(3)), Error);
}

}  // namespace
}  // namespace firstlight
