#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/run/prediction.h"
#include "firstlight/run/store.h"

namespace firstlight {

/// A format that a run can be written in.
struct Exporter {
  std::string name;         ///< as after --to
  std::string description;  ///< one line for --help
  bool binary = false;      ///< not meant for a terminal
  std::function<void(const RunStore& run, const Interpretation& interpretation, std::ostream& out)>
      write;  ///< throws Error
};

/// Every format of this program, in the order of --help: the visible list (src/report/export.cpp).
const std::vector<Exporter>& exporters();

/// Throws Error::usage naming the known formats.
const Exporter& find_exporter(std::string_view name);

}  // namespace firstlight
