#include "rice.h"

#include <algorithm>
#include <cstddef>

namespace firstlight::fits {
namespace {

/// Reads bits from the highest of each byte; `spent` once more were asked for than there are.
class Bits {
 public:
  explicit Bits(std::string_view bytes) : bytes_(bytes) {}

  bool spent() const { return position_ > bytes_.size() * 8; }
  void skip(std::uint64_t n) { position_ += n; }
  unsigned take(int n) {
    unsigned value = 0;
    for (int i = 0; i < n; ++i) value = value << 1 | next();
    return value;
  }
  /// Passes a run of zeros and the one that ends it.
  void skip_unary() {
    while (!spent() && next() == 0) {
    }
  }

 private:
  unsigned next() {
    const std::uint64_t at = position_++;
    if (at >= bytes_.size() * 8) return 0;
    return static_cast<unsigned char>(bytes_[at / 8]) >> (7 - at % 8) & 1u;
  }

  std::string_view bytes_;
  std::uint64_t position_ = 0;
};

}  // namespace

bool is_whole_rice_stream(std::string_view stream, std::uint64_t pixels, int pixel_bytes,
                          int block) {
  // Length of the code of a block's split level, and the level that means "not coded".
  const int level_bits = pixel_bytes == 1 ? 3 : (pixel_bytes == 2 ? 4 : 5);
  const unsigned uncoded = pixel_bytes == 1 ? 6 : (pixel_bytes == 2 ? 14 : 25);
  const auto pixel_bits = static_cast<std::uint64_t>(pixel_bytes) * 8;
  Bits bits(stream);
  bits.skip(pixel_bits);  // the first pixel as it is
  for (std::uint64_t done = 0; done < pixels && !bits.spent();) {
    const std::uint64_t n =
        std::min<std::uint64_t>(static_cast<std::uint64_t>(block), pixels - done);
    const unsigned code = bits.take(level_bits);
    if (code == uncoded + 1) {
      bits.skip(n * pixel_bits);
    } else if (code > uncoded + 1) {
      return false;
    } else if (code > 0) {
      for (std::uint64_t i = 0; i < n && !bits.spent(); ++i) {
        bits.skip_unary();
        bits.skip(code - 1);
      }
    }
    done += n;
  }
  return !bits.spent();
}

}  // namespace firstlight::fits
