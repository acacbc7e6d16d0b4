// In place of http.cpp in a build without libcurl.
#include "firstlight/base/error.h"
#include "http.h"

namespace firstlight::hosted {

std::optional<std::time_t> parse_http_date(const std::string&) { return std::nullopt; }

HttpClient::HttpClient(double timeout_seconds, std::string ca_file)
    : timeout_(timeout_seconds), ca_file_(std::move(ca_file)) {
  throw Error::usage("--model", "this build has no hosted models",
                     "build with -DFIRSTLIGHT_HOSTED=ON");
}

HttpClient::~HttpClient() = default;

HttpReply HttpClient::send(const Url&, const std::string&, const std::string*) const { return {}; }

}  // namespace firstlight::hosted
