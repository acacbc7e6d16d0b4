#include "firstlight/serve/server.h"

#include <httplib.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include <chrono>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>

#include "chat_answer.h"
#include "chat_request.h"
#include "firstlight/base/error.h"
#include "firstlight/base/loopback.h"
#include "firstlight/base/text.h"

namespace firstlight::serve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kConnections = 64;  ///< each holds a thread while it is open
constexpr int kReadSeconds = 30;
constexpr int kIdleSeconds = 5;
constexpr std::size_t kMaxClients = 10'000;

/// A web page that the user has open can name this server, but not with one of these names: so
/// that no page reaches it through a name of its own (DNS rebinding).
bool names_loopback(const std::string& host) {
  const std::size_t port = host.find(':', host.empty() || host.front() != '[' ? 0 : host.find(']'));
  return is_loopback_host(host.substr(0, port));
}

bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void reply_error(httplib::Response& response, int status, const std::string& message,
                 const std::string& field = {}) {
  const char* type = status == 401   ? "authentication_error"
                     : status == 429 ? "rate_limit_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  const Json json = {{"error",
                      {{"message", message},
                       {"type", type},
                       {"param", field.empty() ? Json() : Json(field)},
                       {"code", nullptr}}}};
  response.status = status;
  response.set_content(json.dump(-1, ' ', false, Json::error_handler_t::replace),
                       "application/json");
}

/// Requests of each address: a bucket that holds a minute's worth.
class RateLimit {
 public:
  explicit RateLimit(double per_minute) : per_minute_(per_minute) {}

  /// Seconds to wait; 0 = taken.
  double take(const std::string& client) {
    if (per_minute_ <= 0) return 0.0;
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (levels_.size() >= kMaxClients) levels_.clear();
    const auto [entry, fresh] = levels_.try_emplace(client, Level{per_minute_, now});
    Level& level = entry->second;
    const double rate = per_minute_ / 60.0;
    if (!fresh) {
      const double passed = std::chrono::duration<double>(now - level.updated).count();
      level.amount = std::min(std::max(per_minute_, 1.0), level.amount + rate * passed);
      level.updated = now;
    }
    if (level.amount < 1.0) return (1.0 - level.amount) / rate;
    level.amount -= 1.0;
    return 0.0;
  }

 private:
  struct Level {
    double amount;
    Clock::time_point updated;
  };
  double per_minute_;
  std::mutex mutex_;
  std::map<std::string, Level> levels_;
};

}  // namespace

struct Server::Impl {
  std::shared_ptr<const VisionLanguageModel> model;
  ServerOptions options;
  ChatLimits limits;
  std::string fingerprint;
  httplib::Server http;
  int port = 0;
  RateLimit rate;
  std::mutex model_mutex;
  std::atomic<int> waiting = 0;
  std::atomic<std::uint64_t> answered = 0;
  std::int64_t started = std::time(nullptr);

  Impl(std::shared_ptr<const VisionLanguageModel> m, const ServerOptions& o)
      : model(std::move(m)), options(o), rate(o.requests_per_minute) {
    const Capabilities can = model->capabilities();
    limits = {can.name, options.max_tokens, can.max_images, options.pixels};
    fingerprint = "fp_" + model->content_hash().substr(0, 12);
  }

  void set_up() {
    http.new_task_queue = [] { return new httplib::ThreadPool(kConnections); };
    // Without SO_REUSEPORT, the library's default, by which two servers could share a port.
    http.set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    http.set_tcp_nodelay(true);
    http.set_payload_max_length(options.max_request_bytes);
    http.set_read_timeout(kReadSeconds);
    http.set_write_timeout(kReadSeconds);
    http.set_keep_alive_timeout(kIdleSeconds);
    http.set_default_headers(
        {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
    http.set_pre_routing_handler([this](const httplib::Request& q, httplib::Response& r) {
      if (admit(q, r)) return httplib::Server::HandlerResponse::Unhandled;
      // The body stays unread, so the connection cannot serve another request.
      r.set_header("Connection", "close");
      return httplib::Server::HandlerResponse::Handled;
    });
    http.set_exception_handler(
        [](const httplib::Request&, httplib::Response& r, std::exception_ptr) {
          reply_error(r, 500, "the server failed");
        });
    http.set_error_handler([](const httplib::Request&, httplib::Response& r) {
      if (!r.body.empty()) return;
      reply_error(r, r.status, r.status == 413 ? "the request is too large" : "no such address");
    });
    http.Get("/health", [](const httplib::Request&, httplib::Response& r) {
      r.set_content(R"({"status":"ok"})", "application/json");
    });
    http.Get("/v1/models", [this](const httplib::Request&, httplib::Response& r) {
      const Json json = {{"object", "list"},
                         {"data", Json::array({{{"id", limits.model},
                                                {"object", "model"},
                                                {"created", started},
                                                {"owned_by", "firstlight"}}})}};
      r.set_content(json.dump(), "application/json");
    });
    http.Post("/v1/chat/completions",
              [this](const httplib::Request& q, httplib::Response& r) { chat(q, r); });
  }

  /// What is checked before a body is read.
  bool admit(const httplib::Request& request, httplib::Response& response) {
    if (options.token.empty()) {
      if (!names_loopback(request.get_header_value("Host"))) {
        reply_error(response, 403, "the Host header names another machine");
        return false;
      }
    } else if (request.path != "/health" &&
               !same_secret(request.get_header_value("Authorization"), "Bearer " + options.token)) {
      reply_error(response, 401, "the token is missing or wrong");
      return false;
    }
    // A web page may send plain text or a form to any address, JSON only after asking.
    if (request.method == "POST" &&
        request.get_header_value("Content-Type").rfind("application/json", 0) != 0) {
      reply_error(response, 415, "the body must be application/json");
      return false;
    }
    if (request.has_header("Content-Encoding")) {
      reply_error(response, 415, "compressed bodies are not taken");
      return false;
    }
    const double wait = rate.take(request.remote_addr);
    if (wait > 0) {
      reply_error(response, 429, "too many requests");
      response.set_header("Retry-After", std::to_string(static_cast<int>(wait) + 1));
      return false;
    }
    return true;
  }

  void chat(const httplib::Request& request, httplib::Response& response) {
    struct Place {
      std::atomic<int>& count;
      int number;
      explicit Place(std::atomic<int>& c) : count(c), number(++c) {}
      ~Place() { --count; }
    };
    const Place place(waiting);
    if (place.number > options.max_waiting) {
      reply_error(response, 503, "too many requests wait for the model");
      response.set_header("Retry-After", "1");
      return;
    }
    try {
      const ChatRequest chat = parse_chat_request(request.body, limits);
      ChatAnswer answer;
      {
        const std::lock_guard lock(model_mutex);
        answer = answer_chat(*model, chat);
      }
      const std::string id =
          "chatcmpl-" + std::to_string(started) + "-" + std::to_string(++answered);
      response.set_content(
          completion_json(answer, chat, id, limits.model, fingerprint, std::time(nullptr)),
          chat.stream ? "text/event-stream" : "application/json");
    } catch (const BadRequest& e) {
      reply_error(response, e.status(), e.what(), e.field());
    }
  }
};

Server::Server(std::shared_ptr<const VisionLanguageModel> model, const ServerOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), options)) {
  if (options.token.empty() && !is_loopback_host(options.host)) {
    throw Error::usage("serve --host " + options.host, "other machines can reach this address",
                       "set FIRSTLIGHT_SERVE_TOKEN or --token-file, which clients then send as "
                       "their API key");
  }
  impl_->set_up();
  if (!impl_->http.is_valid()) throw Error::internal("serve", "the server cannot be made");
  if (options.port == 0) {
    impl_->port = impl_->http.bind_to_any_port(options.host);
  } else {
    impl_->port = impl_->http.bind_to_port(options.host, options.port) ? options.port : -1;
  }
  if (impl_->port <= 0) {
    throw Error::input("serve",
                       "cannot listen on " + options.host + " port " + std::to_string(options.port),
                       "another program may hold it: choose another --port");
  }
}

Server::~Server() = default;

int Server::port() const { return impl_->port; }

void Server::run(const std::atomic<bool>& stop) {
  std::thread listener([this] { impl_->http.listen_after_bind(); });
  // Stopping a server that does not listen yet would be forgotten.
  while (!impl_->http.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  impl_->http.stop();
  listener.join();
}

}  // namespace firstlight::serve
