#include "npy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/half.h"
#include "firstlight/base/metadata.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
/// Headers beyond this are no image stacks; numpy itself warns from 10,000 characters.
constexpr std::size_t kMaxHeader = 65536;

/// The header is the text of a Python dictionary with three known keys; this reads just that form.
class HeaderText {
 public:
  HeaderText(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw Error::input(origin_, "damaged npy header: " + what);
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "' is missing");
  }
  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string quoted() {
    skip_blanks();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) {
      fail("a quoted word is missing");
    }
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail("a quote is not closed");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool at_quote() {
    skip_blanks();
    return at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"');
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += std::strlen(word);
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }
  std::uint64_t integer() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const auto value = text::parse_int(text_.substr(begin, at_ - begin));
    if (!value) fail("a length is not a number");
    return static_cast<std::uint64_t>(*value);
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  std::string_view text_;
  const std::string& origin_;
  std::size_t at_ = 0;
};

NpyType parse_type(const std::string& descr, const std::string& origin) {
  const auto refused = [&](const std::string& what) {
    return Error::input(origin, "elements of type '" + descr + "' " + what,
                        "save numbers, booleans or plain strings");
  };
  if (descr == "|O") throw refused("are pickled Python objects, which are never loaded");
  if (descr.size() < 3) throw refused("are not supported");
  NpyType type;
  type.kind = descr[1];
  const auto size = text::parse_int(std::string_view(descr).substr(2));
  if (!size || *size < 1 || *size > 4096) throw refused("are not supported");
  type.size = static_cast<std::size_t>(*size);
  switch (descr[0]) {
    case '<':
      type.swapped = std::endian::native != std::endian::little;
      break;
    case '>':
      type.swapped = std::endian::native != std::endian::big;
      break;
    case '|':
    case '=':
      break;
    default:
      throw refused("are not supported");
  }
  const bool power = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
  switch (type.kind) {
    case 'b':
      if (type.size != 1) throw refused("are not supported");
      break;
    case 'i':
    case 'u':
      if (!power) throw refused("are not supported");
      break;
    case 'f':
      if (!power || type.size == 1) throw refused("are not supported");
      break;
    case 'U':
      type.size *= 4;
      break;
    case 'S':
      break;
    default:
      throw refused("are not supported");
  }
  return type;
}

std::vector<std::uint64_t> parse_shape(HeaderText& text) {
  std::vector<std::uint64_t> shape;
  text.expect('(');
  while (!text.accept(')')) {
    shape.push_back(text.integer());
    if (shape.size() > 32) text.fail("more than 32 axes");
    if (!text.accept(',')) {
      text.expect(')');
      break;
    }
  }
  return shape;
}

/// The element's bytes as an unsigned number in this machine's order.
template <typename Bits>
Bits load(const NpyType& type, const std::uint8_t* bytes) {
  std::array<std::uint8_t, sizeof(Bits)> raw;
  std::copy_n(bytes, sizeof(Bits), raw.begin());
  if (type.swapped) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<Bits>(raw);
}

/// Calls `use` with the element as the C++ type that holds it exactly.
template <typename Use>
auto visit_number(const NpyType& type, const std::uint8_t* bytes, const Use& use) {
  const auto whole = [&](auto unsigned_zero) {
    using U = decltype(unsigned_zero);
    const U bits = load<U>(type, bytes);
    return type.kind == 'i' ? use(static_cast<std::make_signed_t<U>>(bits)) : use(bits);
  };
  if (type.kind == 'f') {
    if (type.size == 2) return use(half_to_float(load<std::uint16_t>(type, bytes)));
    if (type.size == 4) return use(std::bit_cast<float>(load<std::uint32_t>(type, bytes)));
    return use(std::bit_cast<double>(load<std::uint64_t>(type, bytes)));
  }
  switch (type.size) {
    case 1:
      return whole(std::uint8_t{});
    case 2:
      return whole(std::uint16_t{});
    case 4:
      return whole(std::uint32_t{});
    default:
      return whole(std::uint64_t{});
  }
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, std::uint64_t file_size,
                           const std::string& origin) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) {
    throw Error::input(origin, bytes.empty() ? "the file is empty" : "is not an npy file");
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) {
    throw Error::input(origin, "npy format version " + std::to_string(version) + " is not known");
  }
  std::size_t begin = 10;
  std::size_t length = byte(8) | byte(9) << 8;
  if (version > 1) {
    begin = 12;
    if (bytes.size() < begin) throw Error::input(origin, "the file is cut short in its header");
    length |= byte(10) << 16 | byte(11) << 24;
  }
  if (length > kMaxHeader) throw Error::input(origin, "damaged npy header: longer than 64 kB");
  if (begin + length > bytes.size()) {
    throw Error::input(origin, "the file is cut short in its header");
  }
  HeaderText text(bytes.substr(begin, length), origin);
  NpyHeader header;
  std::optional<std::string> descr;
  std::optional<bool> fortran;
  bool has_shape = false;
  text.expect('{');
  while (!text.accept('}')) {
    const std::string key = text.quoted();
    text.expect(':');
    if (key == "descr") {
      if (!text.at_quote()) {
        throw Error::input(origin, "records (structured elements) are not supported",
                           "save one array a file");
      }
      descr = text.quoted();
    } else if (key == "fortran_order") {
      fortran = text.boolean();
    } else if (key == "shape") {
      header.shape = parse_shape(text);
      has_shape = true;
    } else {
      text.fail("unknown key '" + key + "'");
    }
    if (!text.accept(',')) {
      text.expect('}');
      break;
    }
  }
  if (!descr || !fortran || !has_shape) text.fail("a key is missing");
  header.type = parse_type(*descr, origin);
  if (*fortran && header.shape.size() > 1) {
    throw Error::input(origin,
                       "the array is in Fortran order, which scatters a sample over the file",
                       "save np.ascontiguousarray(array)");
  }
  header.data_offset = begin + length;
  std::uint64_t size = header.type.size;
  for (const std::uint64_t n : header.shape) {
    if (n > 0 && size > file_size / n) {
      throw Error::input(origin, "the file is cut short: its header promises more than its " +
                                     std::to_string(file_size) + " bytes");
    }
    size *= n;
  }
  if (header.data_offset + size != file_size) {
    throw Error::input(
        origin,
        (header.data_offset + size > file_size ? "the file is cut short: "
                                               : "the file is longer than its header says: ") +
            std::to_string(file_size) + " bytes, not " + std::to_string(header.data_offset + size));
  }
  return header;
}

NpyFile::NpyFile(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw Error::input(path, std::string("cannot be opened: ") + std::strerror(errno));
  try {
    struct stat status {};
    if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
      throw Error::input(path, "is not a regular file");
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    std::string start(std::min<std::uint64_t>(size, kMaxHeader + 12), '\0');
    const ssize_t got = ::pread(file_, start.data(), start.size(), 0);
    if (got < 0) throw Error::input(path, std::string("cannot be read: ") + std::strerror(errno));
    start.resize(static_cast<std::size_t>(got));
    header_ = parse_npy_header(start, size, path);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

NpyFile::~NpyFile() { ::close(file_); }

std::vector<std::uint8_t> NpyFile::read(std::uint64_t first, std::uint64_t count) const {
  std::vector<std::uint8_t> bytes(count * header_.type.size);
  std::uint64_t offset = header_.data_offset + first * header_.type.size;
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::input(path_, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) throw Error::input(path_, "the file was cut short after it was opened");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::vector<float> to_floats(const NpyType& type, const std::vector<std::uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / type.size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = visit_number(type, bytes.data() + i * type.size,
                             [](auto number) { return static_cast<float>(number); });
  }
  return values;
}

std::string element_text(const NpyType& type, const std::uint8_t* bytes) {
  std::string out;
  if (type.kind == 'U') {
    for (std::size_t i = 0; i < type.size; i += 4) {
      const std::uint32_t code = load<std::uint32_t>(type, bytes + i);
      if (code == 0) break;
      text::append_utf8(out, code);
    }
    return out;
  }
  if (type.kind == 'S') {
    const auto* end = std::find(bytes, bytes + type.size, std::uint8_t{0});
    return std::string(bytes, end);
  }
  if (type.kind == 'b') return bytes[0] != 0 ? "true" : "false";
  return visit_number(type, bytes, [](auto number) -> std::string {
    if constexpr (std::is_floating_point_v<decltype(number)>) {
      return to_text(MetadataValue{static_cast<double>(number)});
    } else {
      return std::to_string(number);
    }
  });
}

}  // namespace firstlight
