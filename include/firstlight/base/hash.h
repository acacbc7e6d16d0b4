#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace firstlight {

/// SHA-256 over what is fed to it; used for content hashes of models, tasks, pixels and settings.
/// One thread at a time.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash&&) noexcept;
  ContentHash& operator=(ContentHash&&) noexcept;

  ContentHash& update(std::string_view bytes);
  ContentHash& update(const void* data, std::size_t size);
  /// 64 lower-case hexadecimal digits; the object must not be used afterwards.
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256_hex(std::string_view bytes);
/// Streams the file; throws Error::input.
std::string sha256_hex_of_file(const std::string& path);
/// First 8 bytes of SHA-256 as a big-endian number: the stable hash behind folds, shards and
/// samples of a data set (the same on every machine).
std::uint64_t stable_hash64(std::string_view bytes);

}  // namespace firstlight
