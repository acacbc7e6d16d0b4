#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace firstlight::nn {

struct TemplateToken {
  enum class Kind {
    kData,           ///< text between tags
    kVariableBegin,  ///< {{
    kVariableEnd,
    kBlockBegin,  ///< {%
    kBlockEnd,
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string text;  ///< name, operator, or the value of a string
  std::int64_t integer = 0;
  double number = 0;
  int line = 1;
};

/// Cuts a template into tokens as Jinja does with trim_blocks and lstrip_blocks on, comments and
/// raw blocks resolved. Throws TemplateFailure.
std::vector<TemplateToken> lex_template(const std::string& source);

}  // namespace firstlight::nn
