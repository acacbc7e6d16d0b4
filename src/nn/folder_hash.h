#pragma once

#include <string>

namespace firstlight::nn {

/// SHA-256 over `settings` and every .json, .jinja and .safetensors file of a model folder.
std::string hash_of_folder(const std::string& folder, const std::string& settings);

/// The folder's own name, for reports.
std::string name_of_folder(const std::string& folder);

}  // namespace firstlight::nn
