#include "firstlight/base/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace firstlight {

std::string inflate_stream(std::string_view packed, std::uint64_t limit, std::string* content) {
  z_stream stream = {};
  constexpr int kEitherHeader = 32;
  if (inflateInit2(&stream, kEitherHeader + MAX_WBITS) != Z_OK) return "zlib cannot be set up";
  const struct End {
    z_stream& opened;
    ~End() { inflateEnd(&opened); }
  } end{stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  std::size_t left = packed.size();
  std::uint64_t total = 0;
  std::string part(1 << 16, '\0');
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const auto take = static_cast<uInt>(std::min<std::size_t>(left, 1u << 30));
    stream.avail_in = take;
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    status = inflate(&stream, Z_NO_FLUSH);
    left -= take - stream.avail_in;
    const std::size_t got = part.size() - stream.avail_out;
    total += got;
    if (total > limit) return "more than " + std::to_string(limit) + " bytes after decompression";
    if (content != nullptr) content->append(part, 0, got);
    if (status == Z_BUF_ERROR || (status == Z_OK && left == 0 && got < part.size())) {
      return "the compressed data is truncated";
    }
    if (status != Z_OK && status != Z_STREAM_END) {
      return std::string("the compressed data is damaged: ") +
             (stream.msg != nullptr ? stream.msg : "unknown method");
    }
  }
  return {};
}

}  // namespace firstlight
