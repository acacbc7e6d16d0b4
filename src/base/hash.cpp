#include "firstlight/base/hash.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <vector>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

constexpr std::size_t kDigestBytes = 32;

std::array<unsigned char, kDigestBytes> digest(EVP_MD_CTX* context) {
  std::array<unsigned char, kDigestBytes> out{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context, out.data(), &length) != 1 || length != out.size()) {
    throw Error::internal("SHA-256", "the digest failed");
  }
  return out;
}

}  // namespace

struct ContentHash::Impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

ContentHash::ContentHash() : impl_(std::make_unique<Impl>()) {
  if (impl_->context == nullptr ||
      EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr) != 1) {
    throw Error::internal("SHA-256", "cannot be started");
  }
}
ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

ContentHash& ContentHash::update(std::string_view bytes) {
  return update(bytes.data(), bytes.size());
}

ContentHash& ContentHash::update(const void* data, std::size_t size) {
  if (EVP_DigestUpdate(impl_->context.get(), data, size) != 1) {
    throw Error::internal("SHA-256", "cannot be updated");
  }
  return *this;
}

std::string ContentHash::hex() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest(impl_->context.get())) {
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) { return ContentHash().update(bytes).hex(); }

std::string sha256_hex_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error::input(path, "cannot be opened");
  ContentHash hash;
  std::vector<char> block(1 << 20);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    hash.update(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) throw Error::input(path, "cannot be read");
  return hash.hex();
}

std::uint64_t stable_hash64(std::string_view bytes) {
  const std::string hex = sha256_hex(bytes);
  return std::stoull(hex.substr(0, 16), nullptr, 16);
}

}  // namespace firstlight
