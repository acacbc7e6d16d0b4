#include "firstlight/base/secret.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

constexpr std::size_t kMaxSecret = 4096;

std::string checked(const std::string& raw, const std::string& where) {
  std::string secret = text::trim(raw);
  const bool sound =
      std::all_of(secret.begin(), secret.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!sound || secret.size() > kMaxSecret) {
    throw Error::usage(where, "holds no key: a key is one word of ASCII characters");
  }
  return secret;
}

std::string read_secret_file(const std::string& path, const std::string& where) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error::usage(where, "is no file that can be read");
  }
  if ((status.st_mode & 077) != 0) {
    throw Error::usage(where, "others may read or write it", "chmod 600 " + path);
  }
  std::string secret = checked(text::read_file(path), where);
  if (secret.empty()) throw Error::usage(where, "is empty");
  return secret;
}

}  // namespace

std::string load_secret(const std::string& file, const std::string& flag,
                        const std::string& variable) {
  if (!file.empty()) return read_secret_file(file, flag + " " + file);
  const char* value = std::getenv(variable.c_str());
  return value == nullptr ? std::string() : checked(value, "environment variable " + variable);
}

std::string without_secret(std::string text, const std::string& secret) {
  return secret.empty() ? text : text::replace_all(std::move(text), secret, "[key]");
}

}  // namespace firstlight
