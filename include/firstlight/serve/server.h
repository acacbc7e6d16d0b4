#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "firstlight/image/image.h"
#include "firstlight/model/model.h"

namespace firstlight::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;       ///< 0: any that is free
  std::string token;  ///< what clients must send as a bearer token; empty: none, on loopback only
  std::size_t max_request_bytes = std::size_t{32} << 20;
  PixelLimits pixels = {16'000'000, 8192};  ///< of one picture
  int max_tokens = 512;                     ///< of one answer
  int max_waiting = 256;                    ///< requests that wait for the model; more get 503
  double requests_per_minute = 0.0;         ///< of one address; 0: no limit
};

/// A model behind the OpenAI protocol: GET /v1/models, POST /v1/chat/completions, GET /health.
///
/// Of chat completions it takes an optional system message and one user message with texts and
/// pictures (data URLs), gives one greedy answer, and offers log-probabilities (up to 20 likeliest
/// tokens a place), answers held to a list (JSON schema with one enumeration, `guided_choice`,
/// `structured_outputs.choice`, a GBNF grammar of literal alternatives), and vLLM's
/// `prompt_logprobs` for an assistant message at the end, which is then scored whole. What it does
/// not offer is refused with status 400, never ignored where it would change the answer
/// (docs/hosted-models.md).
///
/// The model is called from one thread at a time. Never writes what a client sent anywhere.
class Server {
 public:
  /// Binds the port. Throws Error::usage for an address off loopback without a token, and
  /// Error::input where the port cannot be had.
  Server(std::shared_ptr<const VisionLanguageModel> model, const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// Serves until `stop` is set; requests that have begun are answered.
  void run(const std::atomic<bool>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstlight::serve
