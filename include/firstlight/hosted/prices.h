#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace firstlight::hosted {

/// Dollars for a million tokens.
struct Price {
  std::string model;
  double input = 0.0;
  double cached_input = 0.0;
  double output = 0.0;
};

/// Tokens as a server counts them; `cached` is a part of `prompt`.
struct Usage {
  std::int64_t prompt = 0;
  std::int64_t cached = 0;
  std::int64_t completion = 0;
};

/// A table of prices as a server's owner published them.
struct PriceTable {
  std::string source;  ///< what to cite
  std::string date;    ///< of the prices, YYYY-MM-DD
  std::vector<Price> prices;

  /// The price of a model: of its own name, or of the name before a date (`gpt-4o-2024-08-06` is a
  /// `gpt-4o`); nullopt where the table has neither.
  std::optional<Price> find(const std::string& model) const;
};

double cost_usd(const Price& price, const Usage& usage);

/// Reads a table; throws Error::usage with file and line.
PriceTable load_prices(const std::string& path);
/// The table of the models' folder.
std::string default_price_file();

}  // namespace firstlight::hosted
