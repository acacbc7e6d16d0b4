#pragma once

#include <string>

#include "jinja/ast.h"

namespace firstlight::nn {

/// Throws TemplateFailure with the line of what is malformed or not supported.
Block parse_template(const std::string& source);

}  // namespace firstlight::nn
