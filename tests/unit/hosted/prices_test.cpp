#include "firstlight/hosted/prices.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "temporary_folder.h"

namespace firstlight::hosted {
namespace {

TEST(Prices, TheBuiltInTableIsCitedAndDated) {
  const PriceTable table = load_prices(default_price_file());
  EXPECT_FALSE(table.source.empty());
  EXPECT_EQ(table.date.size(), 10u);
  ASSERT_TRUE(table.find("gpt-4o"));
  EXPECT_EQ(table.find("gpt-4o-2024-08-06")->input, table.find("gpt-4o")->input);
  EXPECT_FALSE(table.find("gpt-4o-2024-08"));
  EXPECT_FALSE(table.find("gpt-4o-audio"));
  EXPECT_FALSE(table.find(""));
}

TEST(Prices, CostCountsCachedTokensOnce) {
  const Price price{"m", 2.5, 1.25, 10.0};
  EXPECT_NEAR(cost_usd(price, {1000, 400, 50}), (600 * 2.5 + 400 * 1.25 + 50 * 10.0) / 1e6, 1e-15);
}

TEST(Prices, ErrorsNameFileAndLine) {
  const TemporaryFolder folder;
  const std::string path = folder.path("prices.yaml");
  text::write_file_atomically(path,
                              "source: s\ndate: \"2026-01-01\"\nusd_per_million_tokens:\n"
                              "  - {model: m, input: -1, output: 2}\n");
  try {
    load_prices(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(path + ":4"), std::string::npos) << e.what();
  }
  text::write_file_atomically(path, "source: s\ndate: today\nusd_per_million_tokens: []\n");
  EXPECT_THROW(load_prices(path), Error);
}

}  // namespace
}  // namespace firstlight::hosted
