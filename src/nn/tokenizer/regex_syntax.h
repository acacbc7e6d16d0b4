#pragma once

#include <string>

namespace firstlight::nn {

/// The PCRE2 expression (to be compiled with UTF, UCP and MULTILINE) that means what `expression`
/// means to Oniguruma. Throws Error::input with `where` for constructs that differ in a way that is
/// not translated.
std::string oniguruma_to_pcre2(const std::string& expression, const std::string& where);

}  // namespace firstlight::nn
