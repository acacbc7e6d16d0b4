#include "tokenizer/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

UChar32 code_point(char32_t c) { return static_cast<UChar32>(c); }

bool in_category(char32_t c, std::uint32_t mask) {
  return (U_MASK(u_charType(code_point(c))) & mask) != 0;
}

}  // namespace

bool is_white_space(char32_t c) { return u_hasBinaryProperty(code_point(c), UCHAR_WHITE_SPACE); }

bool is_numeric(char32_t c) { return in_category(c, U_GC_N_MASK); }

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return u_charType(code_point(c)) != U_CONTROL_CHAR && c > ' ' && !u_isalnum(code_point(c));
  return in_category(c, U_GC_P_MASK);
}

bool is_combining_mark(char32_t c) { return in_category(c, U_GC_M_MASK); }

bool is_digit(char32_t c) {
  const auto type = u_getIntPropertyValue(code_point(c), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}

bool is_letter(char32_t c) { return in_category(c, U_GC_L_MASK); }

bool is_alphanumeric(char32_t c) {
  return is_letter(c) || u_getIntPropertyValue(code_point(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

bool is_word_character(char32_t c) {
  return u_hasBinaryProperty(code_point(c), UCHAR_ALPHABETIC) ||
         in_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) ||
         u_hasBinaryProperty(code_point(c), UCHAR_JOIN_CONTROL);
}

std::string normal_form(std::string_view utf8, NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case NormalForm::kNfc:
      normalizer = icu::Normalizer2::getNFCInstance(status);
      break;
    case NormalForm::kNfd:
      normalizer = icu::Normalizer2::getNFDInstance(status);
      break;
    case NormalForm::kNfkc:
      normalizer = icu::Normalizer2::getNFKCInstance(status);
      break;
    case NormalForm::kNfkd:
      normalizer = icu::Normalizer2::getNFKDInstance(status);
      break;
  }
  std::string out;
  if (U_SUCCESS(status)) {
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(utf8.size()));
    normalizer->normalizeUTF8(0,
                              icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())),
                              sink, nullptr, status);
  }
  if (U_FAILURE(status)) {
    throw Error::internal("Unicode normalisation", u_errorName(status), "is ICU installed whole?");
  }
  return out;
}

std::string lower_case(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); i += utf8_length(utf8, i)) {
    const char32_t c = utf8_decode(utf8, i);
    if (c == 0x130) {
      // The only character whose lower case is two characters in every context.
      out.append("i\xCC\x87");
    } else {
      text::append_utf8(out, static_cast<char32_t>(u_tolower(code_point(c))));
    }
  }
  return out;
}

}  // namespace firstlight::nn
