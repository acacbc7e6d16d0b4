#include "firstlight/hosted/hosted.h"

#include <algorithm>
#include <cmath>

#include "firstlight/hosted/prices.h"
#include "hosted_model.h"
#include "request.h"
#include "spec.h"

namespace firstlight::hosted {

bool is_hosted(std::string_view spec) { return spec.rfind("openai:", 0) == 0; }

std::shared_ptr<const VisionLanguageModel> open_model(std::string_view spec,
                                                      const Options& options) {
  return std::make_shared<const HostedModel>(spec, options);
}

Estimate estimate(std::string_view text, const Options& options, const PromptDescription& described,
                  std::uint64_t samples, std::size_t passes) {
  const ModelSpec spec = parse_model_spec(text);
  std::vector<std::string> labels;
  for (const PromptDescription::Answer& answer : described.answers) labels.push_back(answer.text);
  const bool each_label = spec.read == "exact";
  Estimate out;
  out.request = described.text;
  out.requests = samples * passes * (each_label ? labels.size() : 1);
  const auto requests = static_cast<double>(out.requests);
  const double completion = spec.max_tokens ? *spec.max_tokens
                            : each_label    ? 1.0
                                            : enough_tokens(labels);
  out.prompt_tokens = std::llround(requests * described.estimated_tokens);
  out.completion_tokens = std::llround(requests * completion);
  const PriceTable table =
      load_prices(options.price_file.empty() ? default_price_file() : options.price_file);
  if (const auto price = table.find(spec.name)) {
    out.cost_usd = cost_usd(*price, {out.prompt_tokens, 0, out.completion_tokens});
    out.price_source = table.date + ": " + table.source;
  }
  const double pool = static_cast<double>(spec.endpoints.size());
  const auto limited = [&](double amount, double per_minute) {
    return per_minute > 0 ? amount / (per_minute * pool) * 60.0 : 0.0;
  };
  out.seconds = std::max({requests * kAssumedAnswerSeconds / std::max(options.concurrency, 1),
                          limited(requests, options.requests_per_minute),
                          limited(static_cast<double>(out.prompt_tokens + out.completion_tokens),
                                  options.tokens_per_minute)});
  return out;
}

}  // namespace firstlight::hosted
