#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/inflate.h"
#include "firstlight/base/text.h"
#include "rice.h"
#include "structure.h"

namespace firstlight::fits {
namespace {

constexpr std::uint64_t kMany = std::uint64_t{1} << 40;

/// A column of variable-length arrays (descriptors P or Q) in the table of tiles.
struct Column {
  std::string name;
  std::uint64_t offset = 0;   ///< in the row
  std::uint64_t element = 0;  ///< bytes
  bool wide = false;          ///< Q: two 64-bit numbers, else two of 32 bits
};

std::uint64_t element_bytes(char type) {
  switch (type) {
    case 'B':
    case 'L':
    case 'A':
      return 1;
    case 'I':
      return 2;
    case 'J':
    case 'E':
      return 4;
    case 'K':
    case 'D':
    case 'C':
      return 8;
    case 'M':
      return 16;
    default:
      return 0;
  }
}

std::uint64_t big_endian(const char* bytes, int n) {
  std::uint64_t value = 0;
  for (int i = 0; i < n; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

class TileCheck {
 public:
  TileCheck(const InputFile& file, const Hdu& hdu)
      : file_(file), hdu_(hdu), where_(place(file.path(), hdu.number)) {}

  void run() {
    read_shape();
    read_columns();
    check_rows();
  }

 private:
  [[noreturn]] void damaged(const std::string& cause) const {
    throw Error::input(where_, "the compressed image is damaged: " + cause);
  }

  void read_shape() {
    if (hdu_.values.at("BITPIX") != "8" || whole_number(hdu_, where_, "NAXIS", 999) != 2) {
      damaged("it is not a table of bytes");
    }
    static const std::array<std::string, 7> kKinds = {
        "RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1", "NOCOMPRESS"};
    const auto kind = hdu_.values.find("ZCMPTYPE");
    if (kind == hdu_.values.end() ||
        std::find(kKinds.begin(), kKinds.end(), kind->second) == kKinds.end()) {
      damaged("ZCMPTYPE is missing or unknown");
    }
    gzip_ = kind->second.starts_with("GZIP");
    rice_ = kind->second.starts_with("RICE");
    if (rice_) read_rice_settings();
    hcompress_ = kind->second == "HCOMPRESS_1";
    plio_ = kind->second == "PLIO_1";
    row_bytes_ = whole_number(hdu_, where_, "NAXIS1", kMany);
    rows_ = whole_number(hdu_, where_, "NAXIS2", kMany);
    std::uint64_t tiles = 1;
    for (std::size_t i = 0; i < hdu_.axes.size(); ++i) {
      const std::uint64_t one = 1;
      const std::uint64_t standard = i == 0 ? hdu_.axes[0] : one;
      const std::uint64_t side =
          whole_number(hdu_, where_, "ZTILE" + std::to_string(i + 1), hdu_.axes[i], &standard);
      if (side == 0) damaged("tiles of no size");
      tile_.push_back(side);
      counts_.push_back((hdu_.axes[i] + side - 1) / side);
      tiles *= counts_.back();
    }
    if (tiles != rows_) {
      damaged(std::to_string(rows_) + " tiles where the image has " + std::to_string(tiles));
    }
    const std::uint64_t table = row_bytes_ * rows_;
    heap_ = whole_number(hdu_, where_, "THEAP", kMany, &table);
    if (table > hdu_.data_bytes || heap_ < table || heap_ > hdu_.data_bytes) {
      damaged("the table and its heap overlap");
    }
    heap_bytes_ = hdu_.data_bytes - heap_;
  }

  /// Block size and bytes of a pixel, which cfitsio takes from ZVAL1 and ZVAL2 in either order.
  void read_rice_settings() {
    const std::uint64_t four = 4;
    std::uint64_t block = whole_number(hdu_, where_, "ZVAL1", 64);
    std::uint64_t bytes = whole_number(hdu_, where_, "ZVAL2", 64, &four);
    if (block < 16 && bytes > 8) std::swap(block, bytes);
    if ((block != 16 && block != 32) || (bytes != 1 && bytes != 2 && bytes != 4)) {
      damaged("ZVAL1 and ZVAL2 are no settings of Rice compression");
    }
    rice_block_ = static_cast<int>(block);
    rice_bytes_ = static_cast<int>(bytes);
  }

  void read_columns() {
    const std::uint64_t fields = whole_number(hdu_, where_, "TFIELDS", 999);
    std::uint64_t offset = 0;
    for (std::uint64_t i = 1; i <= fields; ++i) {
      const auto form = hdu_.values.find("TFORM" + std::to_string(i));
      if (form == hdu_.values.end() || form->second.empty()) damaged("a column has no TFORM");
      offset += add_column(form->second, i, offset);
    }
    if (offset != row_bytes_) damaged("its columns do not fill a row");
    const bool data = std::any_of(columns_.begin(), columns_.end(), [](const Column& column) {
      return column.name == "COMPRESSED_DATA";
    });
    if (!data) damaged("it has no column COMPRESSED_DATA");
  }

  /// Returns the column's width in bytes.
  std::uint64_t add_column(const std::string& form, std::uint64_t number, std::uint64_t offset) {
    std::size_t at = 0;
    while (at < form.size() && std::isdigit(static_cast<unsigned char>(form[at]))) ++at;
    const auto repeat = text::parse_int(at == 0 ? "1" : form.substr(0, at));
    if (at >= form.size() || !repeat || *repeat > 1'000'000) damaged("TFORM '" + form + "'");
    const char type = form[at];
    if (type == 'P' || type == 'Q') {
      const std::uint64_t bytes = at + 1 < form.size() ? element_bytes(form[at + 1]) : 0;
      if (bytes == 0 || *repeat > 1) damaged("TFORM '" + form + "'");
      const auto name = hdu_.values.find("TTYPE" + std::to_string(number));
      const std::uint64_t width = *repeat == 0 ? 0 : (type == 'Q' ? 16 : 8);
      if (width > 0) {
        columns_.push_back(
            {name == hdu_.values.end() ? "" : name->second, offset, bytes, type == 'Q'});
      }
      return width;
    }
    if (type == 'X') return (static_cast<std::uint64_t>(*repeat) + 7) / 8;
    if (element_bytes(type) == 0) damaged("TFORM '" + form + "'");
    return element_bytes(type) * static_cast<std::uint64_t>(*repeat);
  }

  std::uint64_t pixels_of_tile(std::uint64_t index) const {
    std::uint64_t pixels = 1;
    for (std::size_t i = 0; i < tile_.size(); ++i) {
      const std::uint64_t start = index % counts_[i] * tile_[i];
      pixels *= std::min(tile_[i], hdu_.axes[i] - start);
      index /= counts_[i];
    }
    return pixels;
  }

  void check_rows() {
    std::string row(row_bytes_, '\0');
    for (std::uint64_t r = 0; r < rows_; ++r) {
      file_.read(hdu_.data_offset + r * row_bytes_, row.data(), row.size());
      for (const Column& column : columns_) {
        const int n = column.wide ? 8 : 4;
        const std::uint64_t count = big_endian(row.data() + column.offset, n);
        const std::uint64_t start = big_endian(row.data() + column.offset + n, n);
        if (count > heap_bytes_ / column.element || start > heap_bytes_ ||
            count * column.element > heap_bytes_ - start) {
          damaged("tile " + std::to_string(r + 1) + " lies outside of the data");
        }
        if (count == 0) continue;
        const bool data = column.name == "COMPRESSED_DATA";
        if (column.name == "GZIP_COMPRESSED_DATA" || (data && gzip_)) {
          check_gzip(r, start, count * column.element);
        }
        if (!data) continue;
        if (rice_) check_rice(r, start, count * column.element);
        if (hcompress_) check_hcompress(r, start, count * column.element);
        if (plio_) check_plio(r, start, count * column.element);
      }
    }
  }

  /// cfitsio asks for more and more memory where a stream does not end.
  void check_gzip(std::uint64_t tile, std::uint64_t start, std::uint64_t bytes) const {
    std::string packed(bytes, '\0');
    file_.read(hdu_.data_offset + heap_ + start, packed.data(), packed.size());
    const std::string cause = inflate_stream(packed, pixels_of_tile(tile) * 8, nullptr);
    if (!cause.empty()) damaged("tile " + std::to_string(tile + 1) + ": " + cause);
  }

  /// cfitsio looks for the end of a run of zeros beyond the end of the stream.
  void check_rice(std::uint64_t tile, std::uint64_t start, std::uint64_t bytes) const {
    std::string packed(bytes, '\0');
    file_.read(hdu_.data_offset + heap_ + start, packed.data(), packed.size());
    if (!is_whole_rice_stream(packed, pixels_of_tile(tile), rice_bytes_, rice_block_)) {
      damaged("tile " + std::to_string(tile + 1) + " does not hold its pixels");
    }
  }

  /// The stream begins with 0xDD99, the sides and the scale of its picture (32 bits each), the sum
  /// (64 bits) and the number of bit planes of three quadrants. cfitsio believes them.
  void check_hcompress(std::uint64_t tile, std::uint64_t start, std::uint64_t bytes) const {
    char head[25] = {};
    if (bytes < sizeof head) damaged("tile " + std::to_string(tile + 1) + " is too short");
    file_.read(hdu_.data_offset + heap_ + start, head, sizeof head);
    const std::uint64_t width = big_endian(head + 2, 4), height = big_endian(head + 6, 4);
    const bool planes = std::all_of(head + 22, head + 25,
                                    [](char c) { return static_cast<unsigned char>(c) <= 32; });
    if (width > kMany || height == 0 || width * height != pixels_of_tile(tile) || !planes) {
      damaged("tile " + std::to_string(tile + 1) + " has another size");
    }
  }

  /// A line list holds its own length: in word 3, or in words 4 and 5 where word 3 is not positive.
  void check_plio(std::uint64_t tile, std::uint64_t start, std::uint64_t bytes) const {
    char head[14] = {};
    if (bytes < sizeof head) damaged("tile " + std::to_string(tile + 1) + " is too short");
    file_.read(hdu_.data_offset + heap_ + start, head, sizeof head);
    const auto word = [&](int i) { return static_cast<std::int16_t>(big_endian(head + 2 * i, 2)); };
    const std::int64_t length = word(2) > 0 ? word(2) : (std::int64_t{word(4)} << 15) + word(3);
    const std::int64_t first = word(2) > 0 ? 3 : word(1);
    if (length < 0 || first < 0 || static_cast<std::uint64_t>(length) * 2 > bytes) {
      damaged("tile " + std::to_string(tile + 1) + " has another length");
    }
  }

  const InputFile& file_;
  const Hdu& hdu_;
  std::string where_;
  bool gzip_ = false, rice_ = false, hcompress_ = false, plio_ = false;
  int rice_block_ = 0, rice_bytes_ = 0;
  std::uint64_t row_bytes_ = 0, rows_ = 0, heap_ = 0, heap_bytes_ = 0;
  std::vector<std::uint64_t> tile_, counts_;
  std::vector<Column> columns_;
};

}  // namespace

void check_tiles(const InputFile& file, const Hdu& hdu) { TileCheck(file, hdu).run(); }

}  // namespace firstlight::fits
