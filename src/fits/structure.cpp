#include "structure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

constexpr std::uint64_t kBlock = 2880;
constexpr std::size_t kCard = 80;
/// Far more than any header needs; ends the search for END in a file of blanks.
constexpr std::uint64_t kMaxHeader = kBlock * 10000;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 50;

/// Cards that cfitsio reads as numbers; '#' stands for an index.
constexpr std::array<std::string_view, 25> kNumbers = {
    "BITPIX",   "NAXIS",   "NAXIS#", "PCOUNT",  "GCOUNT", "TFIELDS", "THEAP",   "BSCALE", "BZERO",
    "BLANK",    "ZBITPIX", "ZNAXIS", "ZNAXIS#", "ZTILE#", "ZPCOUNT", "ZGCOUNT", "ZBLANK", "ZVAL#",
    "ZDITHER0", "ZSCALE",  "ZZERO",  "TNULL#",  "TSCAL#", "TZERO#",  "TBCOL#"};

bool matches(std::string_view name, std::string_view pattern) {
  if (!pattern.ends_with('#')) return name == pattern;
  pattern.remove_suffix(1);
  if (!name.starts_with(pattern) || name.size() == pattern.size()) return false;
  return name.find_first_not_of("0123456789", pattern.size()) == std::string_view::npos;
}

bool is_number(std::string value) {
  if (value.empty() || value.size() > 40) return false;
  for (char& c : value) {
    if (c == 'D' || c == 'd') c = 'E';
  }
  return text::parse_double(value).has_value();
}

/// The text of a value field without quotes, comment and surrounding blanks.
std::string raw_value(std::string_view field) {
  const std::size_t start = field.find_first_not_of(' ');
  if (start == std::string_view::npos) return "";
  if (field[start] != '\'') {
    return text::trim(field.substr(start, field.find('/', start) - start));
  }
  const std::size_t end = field.find('\'', start + 1);
  return text::trim(
      field.substr(start + 1, (end == std::string_view::npos ? field.size() : end) - start - 1));
}

}  // namespace

std::string place(const std::string& path, int hdu) {
  return path + " (HDU " + std::to_string(hdu) + ")";
}

std::uint64_t whole_number(const Hdu& hdu, const std::string& where, const std::string& name,
                           std::uint64_t most, const std::uint64_t* fallback) {
  const auto found = hdu.values.find(name);
  if (found == hdu.values.end()) {
    if (fallback != nullptr) return *fallback;
    throw Error::input(where, "the header is damaged: " + name + " is missing");
  }
  const auto value = text::parse_int(found->second);
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most) {
    throw Error::input(where, "the header is damaged: " + name + " is '" + found->second + "'");
  }
  return static_cast<std::uint64_t>(*value);
}

bool Structure::next(Hdu& hdu) {
  hdu = {};
  hdu.number = number_;
  if (number_ > 0) {
    // Something else after the last HDU is allowed ("special records"), and no business of ours.
    char start[8];
    if (position_ + sizeof start > file_.size()) return false;
    file_.read(position_, start, sizeof start);
    if (std::string_view(start, sizeof start) != "XTENSION") return false;
  }
  read_header(hdu);
  check_numbers(hdu);
  measure(hdu);
  ++number_;
  return true;
}

void Structure::read_header(Hdu& hdu) {
  const std::string where = place(file_.path(), number_);
  std::array<char, kBlock> block;
  for (std::uint64_t read = 0; read < kMaxHeader; read += kBlock) {
    if (position_ + read + kBlock > file_.size()) {
      throw Error::input(where, "the file is truncated: its header has no END");
    }
    file_.read(position_ + read, block.data(), kBlock);
    for (std::size_t at = 0; at < kBlock; at += kCard) {
      const std::string_view card(block.data() + at, kCard);
      const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; };
      if (std::any_of(card.begin(), card.end(), control)) {
        throw Error::input(where, "the header is damaged: card " +
                                      std::to_string((read + at) / kCard + 1) +
                                      " holds bytes that are no text");
      }
      const std::string name = text::trim(card.substr(0, 8));
      if (name == "END" && text::trim(card) == "END") {
        hdu.data_offset = position_ + read + kBlock;
        return;
      }
      if (card.substr(8, 2) == "= ") hdu.values.emplace(name, raw_value(card.substr(10)));
    }
  }
  throw Error::input(where, "the header is damaged: it has no END");
}

void Structure::check_numbers(const Hdu& hdu) const {
  for (const auto& card : hdu.values) {
    const bool numeric = std::any_of(kNumbers.begin(), kNumbers.end(),
                                     [&](std::string_view p) { return matches(card.first, p); });
    if (numeric && !is_number(card.second)) {
      throw Error::input(place(file_.path(), number_),
                         "the header is damaged: " + card.first + " is '" + card.second + "'");
    }
  }
}

void Structure::measure(Hdu& hdu) {
  const std::string where = place(file_.path(), number_);
  const std::uint64_t zero = 0, one = 1;
  const auto bits = text::parse_int(hdu.values.contains("BITPIX") ? hdu.values["BITPIX"] : "");
  const std::array<std::int64_t, 6> known = {8, 16, 32, 64, -32, -64};
  if (!bits || std::find(known.begin(), known.end(), *bits) == known.end()) {
    throw Error::input(where, "the header is damaged: BITPIX is missing or no pixel type");
  }
  const auto read_axes = [&](const std::string& prefix) {
    std::vector<std::uint64_t> axes(whole_number(hdu, where, prefix, 999));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      axes[i] = whole_number(hdu, where, prefix + std::to_string(i + 1), kMaxBytes);
    }
    return axes;
  };
  const std::vector<std::uint64_t> axes = read_axes("NAXIS");
  const std::uint64_t groups = whole_number(hdu, where, "GCOUNT", kMaxBytes, &one);
  const std::uint64_t heap = whole_number(hdu, where, "PCOUNT", kMaxBytes, &zero);
  std::uint64_t elements = axes.empty() ? 0 : 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const bool random_groups = i == 0 && axes[0] == 0 && axes.size() > 1 && number_ == 0;
    if (random_groups) continue;
    if (axes[i] != 0 && elements > kMaxBytes / axes[i]) {
      throw Error::input(where, "the image is too large: its axes multiply to more than 2^50");
    }
    elements *= axes[i];
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(std::abs(*bits)) / 8;
  if (groups == 0 || elements + heap > kMaxBytes / bytes / groups) {
    throw Error::input(where, "the header is damaged: PCOUNT and GCOUNT make no sense");
  }
  hdu.data_bytes = bytes * groups * (elements + heap);
  position_ = hdu.data_offset + (hdu.data_bytes + kBlock - 1) / kBlock * kBlock;
  const auto kind = hdu.values.find("XTENSION");
  const bool table = kind != hdu.values.end() && kind->second == "BINTABLE";
  hdu.compressed = table && hdu.values.contains("ZIMAGE") && hdu.values["ZIMAGE"] == "T";
  if (hdu.compressed) {
    hdu.axes = read_axes("ZNAXIS");
  } else if (number_ == 0 || (kind != hdu.values.end() && kind->second == "IMAGE")) {
    hdu.axes = axes;
  }
}

}  // namespace firstlight::fits
