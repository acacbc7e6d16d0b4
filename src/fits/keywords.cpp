#include "keywords.h"

#include <set>

#include "cfitsio_file.h"
#include "firstlight/base/text.h"

namespace firstlight::fits {
namespace {

bool is_described(char* card, const std::string& name) {
  switch (fits_get_keyclass(card)) {
    case TYP_STRUC_KEY:
    case TYP_CMPRS_KEY:
    case TYP_SCAL_KEY:
    case TYP_NULL_KEY:
    case TYP_DIM_KEY:
    case TYP_CKSUM_KEY:
    case TYP_COMM_KEY:
    case TYP_CONT_KEY:
      return false;
    default:
      break;
  }
  return !name.empty() && name != "LONGSTRN" && name != "INHERIT" && name != "EXTEND";
}

MetadataValue number(const std::string& value) {
  if (const auto whole = text::parse_int(value)) return *whole;
  std::string real = value;
  for (char& c : real) {
    if (c == 'D' || c == 'd') c = 'E';  // Fortran's double precision exponent
  }
  if (const auto parsed = text::parse_double(real)) return *parsed;
  return value;
}

/// The value as it stands in a card, quotes and trailing blanks removed.
MetadataValue value_of(fitsfile* file, const std::string& name, char* raw) {
  if (raw[0] == '\0') return std::monostate{};
  char type = 'C';
  int status = 0;
  fits_get_keytype(raw, &type, &status);
  if (status != 0) {
    fits_clear_errmsg();
    return std::string(raw);
  }
  if (type == 'L') return raw[0] == 'T';
  if (type == 'I' || type == 'F') return number(raw);
  if (type != 'C') return std::string(raw);
  char* whole = nullptr;  // joined over CONTINUE cards
  fits_read_key_longstr(file, name.c_str(), &whole, nullptr, &status);
  std::string value = status == 0 && whole != nullptr ? whole : raw;
  if (whole != nullptr) {
    int ignored = 0;
    fits_free_memory(whole, &ignored);
  }
  fits_clear_errmsg();
  return text::trim(value);
}

}  // namespace

Keywords read_keywords(fitsfile* file, const std::string& where) {
  int status = 0, count = 0;
  fits_get_hdrspace(file, &count, nullptr, &status);
  Keywords keywords;
  std::set<std::string> names;
  for (int i = 1; i <= count && status == 0; ++i) {
    char card[FLEN_CARD] = {}, name[FLEN_KEYWORD] = {}, value[FLEN_VALUE] = {};
    fits_read_record(file, i, card, &status);
    int parse_status = 0, length = 0;
    fits_get_keyname(card, name, &length, &parse_status);
    fits_parse_value(card, value, nullptr, &parse_status);
    // A card that cannot be parsed costs this keyword, not the image.
    if (status != 0 || parse_status != 0 || !is_described(card, name)) continue;
    if (!names.insert(name).second) continue;
    keywords.push_back({name, value_of(file, name, value), Provenance::kMeasured});
  }
  if (status != 0) throw Error::input(where, "the header is damaged: " + explain(status));
  fits_clear_errmsg();
  return keywords;
}

}  // namespace firstlight::fits
