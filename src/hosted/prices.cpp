#include "firstlight/hosted/prices.h"

#include <algorithm>
#include <cctype>

#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/task/yaml.h"

namespace firstlight::hosted {
namespace {

constexpr double kMillion = 1e6;
constexpr double kHighestPrice = 1e6;

/// "-2024-08-06" at the end.
bool is_date(std::string_view s) {
  constexpr std::string_view kForm = "-0000-00-00";
  return s.size() == kForm.size() &&
         std::equal(s.begin(), s.end(), kForm.begin(), [](char c, char form) {
           return form == '-' ? c == '-' : std::isdigit(static_cast<unsigned char>(c)) != 0;
         });
}

}  // namespace

std::optional<Price> PriceTable::find(const std::string& model) const {
  const auto named = [&](std::string_view name) {
    return std::find_if(prices.begin(), prices.end(),
                        [&](const Price& price) { return price.model == name; });
  };
  auto found = named(model);
  constexpr std::size_t kDate = 11;
  if (found == prices.end() && model.size() > kDate &&
      is_date(std::string_view(model).substr(model.size() - kDate))) {
    found = named(std::string_view(model).substr(0, model.size() - kDate));
  }
  if (found == prices.end()) return std::nullopt;
  return *found;
}

double cost_usd(const Price& price, const Usage& usage) {
  return (static_cast<double>(usage.prompt - usage.cached) * price.input +
          static_cast<double>(usage.cached) * price.cached_input +
          static_cast<double>(usage.completion) * price.output) /
         kMillion;
}

PriceTable load_prices(const std::string& path) {
  const yaml::Node root = yaml::parse(text::read_file(path), path);
  root.require_known({"source", "date", "usd_per_million_tokens"});
  PriceTable table;
  table.source = root.at("source").text();
  table.date = root.at("date").text();
  if (!is_date("-" + table.date)) throw root.at("date").error("is not a date YYYY-MM-DD");
  for (const yaml::Node& item : root.at("usd_per_million_tokens").items()) {
    item.require_known({"model", "input", "cached_input", "output"});
    Price price;
    price.model = item.at("model").text();
    price.input = item.at("input").number(0, kHighestPrice);
    price.output = item.at("output").number(0, kHighestPrice);
    const yaml::Node* cached = item.find("cached_input");
    price.cached_input = cached != nullptr ? cached->number(0, kHighestPrice) : price.input;
    table.prices.push_back(std::move(price));
  }
  return table;
}

std::string default_price_file() { return share_dir() + "/models/prices.yaml"; }

}  // namespace firstlight::hosted
