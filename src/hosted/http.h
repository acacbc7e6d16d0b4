#pragma once

#include <cstddef>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "url.h"

namespace firstlight::hosted {

/// Largest answer that is read; one with the twenty likeliest tokens of 256 positions has 1 MB.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{16} << 20;

/// What came back from a server, or why nothing did.
struct HttpReply {
  enum class Kind {
    kAnswer,   ///< `status`, `headers` and `body` hold an answer
    kCut,      ///< no or half an answer (refused, reset, timed out): worth another try
    kRefused,  ///< an answer that is not taken (TLS, redirect, size): another try gives the same
  };
  Kind kind = Kind::kCut;
  long status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string problem;  ///< without the key; empty for kAnswer
};

/// A date as HTTP headers have it.
std::optional<std::time_t> parse_http_date(const std::string& text);

/// HTTP by libcurl: TLS verified, no redirect to another origin, answers of bounded size, loopback
/// never by a proxy. Keeps connections. Safe from any thread.
class HttpClient {
 public:
  /// `ca_file` replaces the system's certificates where it is not empty.
  HttpClient(double timeout_seconds, std::string ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// GET, or POST of a JSON text where `body` is not null. `key` becomes a bearer token where it is
  /// not empty.
  HttpReply send(const Url& url, const std::string& key, const std::string* body) const;

 private:
  HttpReply send_once(const Url& url, const std::string& key, const std::string* body) const;
  void* take_handle() const;
  void give_back(void* handle) const;

  double timeout_;
  std::string ca_file_;
  mutable std::mutex mutex_;
  mutable std::vector<void*> idle_;  ///< curl handles with their connections
};

}  // namespace firstlight::hosted
