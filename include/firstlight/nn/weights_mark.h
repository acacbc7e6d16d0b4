#pragma once

#include <string>

namespace firstlight::nn {

/// A mark of a folder's weights, for files beside them that hold for no others: their sizes, and
/// bytes from all over them, so that gigabytes need not be read.
std::string mark_of_weights(const std::string& folder);

}  // namespace firstlight::nn
