#pragma once

#include <string>

namespace firstlight {

/// The folder with the built-in tasks (`tasks/`), models (`models/`) and assets: the environment
/// variable FIRSTLIGHT_SHARE, else `../share/firstlight` beside the program's folder, else the
/// source tree that the library was built from. Throws Error::input where none exists.
std::string share_dir();

/// The program's version, as in CMake's project().
std::string version();

}  // namespace firstlight
