#include "http.h"

#include <curl/curl.h>

#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"

namespace firstlight::hosted {
namespace {

constexpr double kConnectSeconds = 20.0;
constexpr int kMaxRedirects = 3;
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;

void initialise() {
  static const CURLcode status = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (status != CURLE_OK) throw Error::internal("libcurl", curl_easy_strerror(status));
}

struct Receiver {
  HttpReply* reply;
  std::size_t header_bytes = 0;
  bool too_large = false;
};

std::size_t on_body(char* data, std::size_t one, std::size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  const std::size_t size = one * count;
  if (receiver.reply->body.size() + size > kMaxAnswerBytes) {
    receiver.too_large = true;
    return 0;
  }
  receiver.reply->body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t one, std::size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  const std::size_t size = one * count;
  receiver.header_bytes += size;
  if (receiver.header_bytes > kMaxHeaderBytes) {
    receiver.too_large = true;
    return 0;
  }
  const std::string_view line(data, size);
  // A new status line begins the headers anew (an interim answer came before).
  if (line.rfind("HTTP/", 0) == 0) receiver.reply->headers.clear();
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    receiver.reply->headers[text::lower(line.substr(0, colon))] =
        text::trim(line.substr(colon + 1));
  }
  return size;
}

class HeaderList {
 public:
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// Whether the same request may meet another fate.
bool worth_another_try(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<std::time_t> parse_http_date(const std::string& text) {
  const std::time_t date = curl_getdate(text.c_str(), nullptr);
  return date < 0 ? std::nullopt : std::optional(date);
}

HttpClient::HttpClient(double timeout_seconds, std::string ca_file)
    : timeout_(timeout_seconds), ca_file_(std::move(ca_file)) {
  initialise();
}

HttpClient::~HttpClient() {
  for (void* handle : idle_) curl_easy_cleanup(handle);
}

void* HttpClient::take_handle() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      void* handle = idle_.back();
      idle_.pop_back();
      curl_easy_reset(handle);  // keeps connections and the cache of TLS sessions
      return handle;
    }
  }
  void* handle = curl_easy_init();
  if (handle == nullptr) throw Error::internal("libcurl", "cannot make a handle");
  return handle;
}

void HttpClient::give_back(void* handle) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(handle);
}

HttpReply HttpClient::send_once(const Url& url, const std::string& key,
                                const std::string* body) const {
  HttpReply reply;
  Receiver receiver{&reply};
  HeaderList headers;
  headers.add("Accept: application/json");
  headers.add("Expect:");
  if (!key.empty()) headers.add("Authorization: Bearer " + key);
  CURL* curl = take_handle();
  curl_easy_setopt(curl, CURLOPT_URL, url.text().c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  if (url.is_loopback()) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectSeconds * 1000));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ * 1000));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, ("firstlight/" + version()).c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiver);
  if (body != nullptr) {
    headers.add("Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    reply.kind = HttpReply::Kind::kAnswer;
  } else if (receiver.too_large) {
    reply.kind = HttpReply::Kind::kRefused;
    reply.problem = "the answer is larger than " + std::to_string(kMaxAnswerBytes >> 20) + " MiB";
  } else {
    reply.kind = worth_another_try(code) ? HttpReply::Kind::kCut : HttpReply::Kind::kRefused;
    reply.problem = curl_easy_strerror(code);
  }
  // The handle must not keep pointers into this frame.
  curl_easy_reset(curl);
  give_back(curl);
  return reply;
}

HttpReply HttpClient::send(const Url& url, const std::string& key, const std::string* body) const {
  Url target = url;
  for (int hop = 0;; ++hop) {
    HttpReply reply = send_once(target, key, body);
    if (reply.kind != HttpReply::Kind::kAnswer || reply.status < 300 || reply.status > 399) {
      return reply;
    }
    const auto refuse = [&](const std::string& why) {
      reply.kind = HttpReply::Kind::kRefused;
      reply.problem = why;
      reply.body.clear();
      return reply;
    };
    // Only 307 and 308 keep method and body; the others would turn a request into another one.
    const auto location = reply.headers.find("location");
    if (location == reply.headers.end() || (reply.status != 307 && reply.status != 308)) {
      return refuse("HTTP " + std::to_string(reply.status) + ", which is not followed");
    }
    if (hop == kMaxRedirects) return refuse("too many redirects");
    Url next = target;
    if (location->second.rfind('/', 0) == 0 && location->second.rfind("//", 0) != 0) {
      next.path = location->second;
    } else {
      try {
        next = parse_url(location->second, "redirect");
      } catch (const Error&) {
        return refuse("a redirect to something that is no address");
      }
    }
    if (!next.same_origin(target)) {
      return refuse("a redirect to another host, which is refused");
    }
    target = next;
  }
}

}  // namespace firstlight::hosted
