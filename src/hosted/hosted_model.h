#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "exchange.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/hosted/prices.h"
#include "forced.h"
#include "request.h"
#include "spec.h"

namespace firstlight::hosted {

/// VisionLanguageModel over a server: requests out, read-outs in.
class HostedModel final : public VisionLanguageModel {
 public:
  HostedModel(std::string_view spec, const Options& options);

  Capabilities capabilities() const override;
  std::string content_hash() const override;
  std::vector<Result<LabelScores>> score(std::span<const ScoreRequest> requests) const override;
  Result<Generated> generate(const GenerateRequest& request) const override;
  PromptDescription describe(const ScoreRequest& request) const override;

 private:
  /// One sample's requests: one, or one for each label where labels are forced.
  struct Job {
    std::string key;  ///< hash over the requests
    std::vector<std::string> bodies;
    std::string fallback;  ///< the constrained request behind a free one; may be empty
    std::vector<std::string> labels;
    double tokens = 0.0;  ///< guess for each request
    int max_tokens = 0;
  };
  /// A request with the fields that the server takes.
  Outcome send(const std::string& body, double tokens, bool finish = false) const;
  /// Asks llama-server for the tokens of labels, once for each set of them. An Error where it has
  /// none for them; throws like `ask`.
  Result<std::vector<LabelTokens>> find_tokens(const Json& messages,
                                               const std::vector<std::string>& labels) const;
  Result<Json> ask_beside(const Call& call, const Json& body) const;
  [[noreturn]] void throw_gone(const std::string& problem) const;
  std::vector<Json> requests_of(const ScoreRequest& request, Reading reading,
                                const PictureText& picture) const;
  Job job_of(const ScoreRequest& request) const;
  Result<LabelScores> run(const Job& job) const;
  Result<LabelScores> ask_labels(const Job& job, ServerAnswer& server) const;
  Result<LabelScores> ask_freely(const Job& job, ServerAnswer& server) const;
  /// One request within the budget; what it used is added to `server`. `finish`: see Exchange::ask.
  Result<Json> ask(const std::string& body, const Job& job, ServerAnswer& server,
                   bool finish = false) const;
  void note(const Json& answer, ServerAnswer& server) const;
  std::optional<double> cost_of(const Json& answer, const Usage& usage) const;

  void find_reading();
  bool wants_special_tokens() const;
  bool offers_prompt_scores();
  bool offers_forced_tokens();
  bool offers_top();
  Constraint offered_constraint();
  Json probe(const Json& request);

  ModelSpec spec_;
  Options options_;
  std::optional<Price> price_;
  std::optional<PriceTable> prices_;
  std::unique_ptr<Exchange> exchange_;
  RequestSettings settings_;
  Reading reading_ = Reading::kTop20;
  Constraint constraint_ = Constraint::kNone;
  bool llama_server_ = false;
  /// kGrammar: the tokens of labels.
  mutable std::map<std::vector<std::string>, std::vector<LabelTokens>> tokens_;
  /// Recent results by key: a blank image of one size is asked about once.
  mutable std::deque<std::pair<std::string, LabelScores>> recent_;
  mutable std::atomic<int> gave_up_ = 0;  ///< requests in a row, without an answer in between
};

}  // namespace firstlight::hosted
