#pragma once

#include <string>
#include <vector>

namespace firstlight::app {

/// Rows in aligned columns, two blanks between them.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace firstlight::app
