#pragma once

#include <string>

namespace firstlight {

/// A key or token: from `file` where it is not empty (a regular file that only its owner can read
/// and write), else from the environment variable; empty where neither holds one. `flag` names the
/// file in errors. Throws Error::usage, never with a part of the secret.
std::string load_secret(const std::string& file, const std::string& flag,
                        const std::string& variable);

/// `text` with every occurrence of the secret taken out.
std::string without_secret(std::string text, const std::string& secret);

}  // namespace firstlight
