#pragma once

#include <string>
#include <string_view>

/// Character classes and normal forms by ICU, with the definitions of the Rust libraries that
/// `tokenizers` uses.
namespace firstlight::nn {

bool is_white_space(char32_t c);     ///< White_Space
bool is_numeric(char32_t c);         ///< general category N
bool is_punctuation(char32_t c);     ///< general category P, or ASCII punctuation
bool is_combining_mark(char32_t c);  ///< general category M
bool is_digit(char32_t c);           ///< Numeric_Type Digit or Decimal (str.isdigit)
bool is_letter(char32_t c);          ///< general category L (str.isalpha)
bool is_alphanumeric(char32_t c);    ///< a letter or a number (str.isalnum)
bool is_word_character(char32_t c);  ///< \w of Rust's regex (UTS 18, annex C)

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };
/// Throws Error::internal where ICU has no data.
std::string normal_form(std::string_view utf8, NormalForm form);
/// Lower case character by character, without regard to context.
std::string lower_case(std::string_view utf8);

}  // namespace firstlight::nn
