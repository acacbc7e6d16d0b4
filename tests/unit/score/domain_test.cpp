#include "firstlight/score/domain.h"

#include <gtest/gtest.h>

#include <cmath>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"

namespace firstlight {
namespace {

using Rows = std::vector<std::vector<float>>;

/// Normal deviates around `centre`, the second number 0.8 times the first plus 0.6 times its own.
Rows correlated(std::size_t count, float centre, std::uint64_t seed) {
  Random random(seed);
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double a = random.normal();
    const double b = 0.8 * a + 0.6 * random.normal();
    rows.push_back({centre + static_cast<float>(a), centre + static_cast<float>(b)});
  }
  return rows;
}

TEST(Domain, DistanceIsThatOfMahalanobis) {
  const DomainStream stream = fit_domain_stream(correlated(20000, 3, 1), 0.05, "test");
  EXPECT_EQ(stream.samples, 20000u);
  // C = [1, 0.8; 0.8, 1]: d^2 of (1, 1) is 2 / 1.8, of (1, -1) is 2 / 0.2.
  EXPECT_NEAR(distance(stream, std::vector<float>{4, 4}), std::sqrt(2 / 1.8), 0.03);
  EXPECT_NEAR(distance(stream, std::vector<float>{4, 2}), std::sqrt(2 / 0.2), 0.08);
  EXPECT_NEAR(distance(stream, stream.mean), 0, 1e-6);
}

TEST(Domain, ThresholdIsTheQuantile) {
  // For two features, d^2 is exponential with mean 2: P(d > t) = exp(-t^2 / 2).
  for (const double rate : {0.01, 0.1}) {
    const DomainStream stream = fit_domain_stream(correlated(20000, 0, 2), rate, "test");
    EXPECT_NEAR(stream.threshold, std::sqrt(-2 * std::log(rate)), 0.1) << rate;
    int above = 0;
    for (const auto& row : correlated(10000, 0, 3))
      above += distance(stream, row) > stream.threshold;
    EXPECT_NEAR(above / 10000.0, rate, 0.25 * rate);
  }
}

TEST(Domain, MoreFeaturesThanSamplesAndAConstantOne) {
  Random random(4);
  Rows rows(30, std::vector<float>(50, 1.0F));
  for (auto& row : rows) {
    for (std::size_t i = 1; i < row.size(); ++i) row[i] = static_cast<float>(random.normal());
  }
  const DomainStream stream = fit_domain_stream(rows, 0.1, "test");
  EXPECT_TRUE(std::isfinite(stream.threshold));
  EXPECT_GT(stream.threshold, 0);
  std::vector<float> far(50, 30.0F);
  EXPECT_GT(distance(stream, far), 3 * stream.threshold);
}

TEST(Domain, RefusesWhatCannotBeFitted) {
  EXPECT_THROW(fit_domain_stream(correlated(19, 0, 5), 0.1, "few"), Error);
  EXPECT_THROW(fit_domain_stream(correlated(40, 0, 5), 0, "rate"), Error);
  Rows uneven = correlated(40, 0, 5);
  uneven.back().push_back(1);
  EXPECT_THROW(fit_domain_stream(uneven, 0.1, "uneven"), Error);
  uneven.back() = {NAN, 1};
  EXPECT_THROW(fit_domain_stream(uneven, 0.1, "nan"), Error);
  const DomainStream stream = fit_domain_stream(correlated(40, 0, 5), 0.1, "test");
  EXPECT_THROW(distance(stream, std::vector<float>{1}), Error);
}

TEST(Domain, WordsOfNames) {
  EXPECT_EQ(content_words("Edge-on disk/spiral Galaxy, with a bulge."),
            (std::vector<std::string>{"edge", "disk", "spiral", "galaxy", "bulge"}));
  EXPECT_TRUE(content_words("not an of the").empty());
}

std::vector<Domain> two_domains() {
  return {{"galaxies",
           {"galaxy-morphology"},
           {"disk", "edge", "galaxy", "round", "spiral"},
           {fit_domain_stream(correlated(400, 0, 6), 0.05, "a"),
            fit_domain_stream(correlated(400, 20, 7), 0.05, "b")}},
          {"events",
           {"neutrino-flavour"},
           {"current", "neutral", "nue"},
           {fit_domain_stream(correlated(400, -20, 8), 0.05, "c")}}};
}

TEST(Domain, ATaskHasItsDomain) {
  const DomainCheck check = domain_check(two_domains(), 0.05, "neutrino-flavour", {"whatever"});
  ASSERT_EQ(check.domains.size(), 1u);
  EXPECT_EQ(check.domains[0].name, "events");
  EXPECT_TRUE(check.unknown_classes.empty());
  EXPECT_LT(check.score(std::vector<float>{-20, -20}), 1);
  EXPECT_GT(check.score(std::vector<float>{0, 0}), 1);
}

TEST(Domain, ClassNamesChooseTheDomain) {
  const DomainCheck known =
      domain_check(two_domains(), 0.05, "classes", {"Spiral galaxy", "edge-on disk"});
  ASSERT_EQ(known.domains.size(), 1u);
  EXPECT_EQ(known.domains[0].name, "galaxies");
  EXPECT_TRUE(known.unknown_classes.empty());
  // Either of its streams is near enough.
  EXPECT_LT(known.score(std::vector<float>{0, 0}), 1);
  EXPECT_LT(known.score(std::vector<float>{20, 20}), 1);
  EXPECT_GT(known.score(std::vector<float>{10, 10}), 1);

  const DomainCheck partly = domain_check(two_domains(), 0.05, "classes", {"round", "giraffe"});
  EXPECT_EQ(partly.domains.at(0).name, "galaxies");
  EXPECT_EQ(partly.unknown_classes, std::vector<std::string>{"giraffe"});

  // Names of two domains: neither knows both.
  const DomainCheck mixed = domain_check(two_domains(), 0.05, "classes", {"spiral", "nue"});
  EXPECT_EQ(mixed.unknown_classes.size(), 1u);

  const DomainCheck none = domain_check(two_domains(), 0.05, "classes", {"cat", "dog"});
  EXPECT_EQ(none.domains.size(), 2u);
  EXPECT_EQ(none.unknown_classes, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_LT(none.score(std::vector<float>{-20, -20}), 1);
}

TEST(Domain, Warning) {
  EXPECT_EQ(domain_warning(0.99, ""), "");
  EXPECT_NE(domain_warning(1.01, "").find("picture"), std::string::npos);
  EXPECT_NE(domain_warning(0, "cat, dog").find("cat, dog"), std::string::npos);
  EXPECT_NE(domain_warning(2, "cat").find("; "), std::string::npos);
}

}  // namespace
}  // namespace firstlight
