#pragma once

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/hosted/options.h"
#include "http.h"
#include "pace.h"

namespace firstlight::hosted {

/// Keeps the order of keys: vLLM's lists of token probabilities need it.
using Json = nlohmann::ordered_json;

/// What became of one request after all its tries.
struct Outcome {
  enum class Kind {
    kAnswer,
    kRefused,  ///< the server does not take this request; another one it may
    kGaveUp,   ///< every try failed
    kStopped,  ///< called off before a try
  };
  Kind kind = Kind::kGaveUp;
  Json answer;
  long status = 0;        ///< of the last try, 0 where there was no answer
  std::string problem;    ///< fit to be shown
  std::string parameter;  ///< kRefused: the field of the request that the server names, if it does
};

/// A request of the protocol.
struct Call {
  const char* path;
  bool beside;        ///< stands beside the base address's /v1, as llama-server's own requests do
  const char* holds;  ///< the field without which an answer is malformed
};
inline constexpr Call kChat = {"/chat/completions", false, "choices"};
inline constexpr Call kTokenise = {"/tokenize", true, "tokens"};
inline constexpr Call kApplyTemplate = {"/apply-template", true, "prompt"};

/// A model that a server lists.
struct ListedModel {
  std::string id;
  std::string owner;
};

/// Requests to a pool of endpoints: retried with back-off and jitter on 408, 429, 5xx, time-outs,
/// cut connections and malformed answers; Retry-After and rate limits honoured; an endpoint that
/// fails three times in a row is left alone until it answers GET /models again.
/// Safe from any thread.
class Exchange {
 public:
  Exchange(std::vector<Url> endpoints, std::string key, std::string ca_file,
           const Options& options);

  /// Asks every endpoint for its models. Those that do not answer are left out with a warning.
  /// Throws Error::input where none does and Error::usage where the key is refused. Empty where a
  /// server has no such list.
  std::vector<ListedModel> check();

  /// POSTs a request. `tokens` is a guess for the rate limit, corrected by the answer's usage. With
  /// `finish`, it is asked even after an interrupt: it belongs to a sample that has been paid for
  /// in part. Throws Error::usage for a refused key and a model that is not there, and Error::input
  /// where the account has no money left.
  Outcome ask(const Call& call, const std::string& body, double tokens, bool finish = false);

  /// Whether an endpoint answers at all, asked once.
  bool alive() const;
  /// Number of answers so far: one that grows says that the pool is alive.
  std::uint64_t answers() const { return answers_; }

 private:
  struct Endpoint {
    Url url;
    Bucket requests;
    Bucket tokens;
    int failures = 0;  ///< in a row
    int in_flight = 0;
    bool down = false;
    Clock::time_point not_before = {};
  };
  Endpoint* reserve(double tokens, bool finish);
  void release(Endpoint& endpoint);
  bool revive(Endpoint& endpoint);
  void note_failure(Endpoint& endpoint, double wait_seconds, bool pause);
  void note_answer(Endpoint& endpoint, const HttpReply& reply, double guess, double used);
  bool sleep(double seconds, bool finish = false) const;
  double jitter();
  std::string shown(std::string_view text) const;
  std::string message_of(const HttpReply& reply) const;
  void throw_if_fatal(const Endpoint& endpoint, const HttpReply& reply) const;

  HttpClient http_;
  std::string key_;
  Options options_;
  std::mutex mutex_;
  std::vector<Endpoint> endpoints_;
  Random random_;
  std::atomic<std::uint64_t> answers_ = 0;
};

}  // namespace firstlight::hosted
