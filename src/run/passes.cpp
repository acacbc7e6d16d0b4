#include "firstlight/run/passes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/image/orientation.h"

namespace firstlight {
namespace {

void check_orientable(const Task& task, const char* flag) {
  if (task.views.size() < 2) return;
  throw Error::usage(flag,
                     "the task '" + task.name + "' has several views, which have their directions",
                     "orientations are for single pictures without an up");
}

/// K of PREFIX_K where that is 1 to `last`.
std::optional<int> numbered(const std::string& name, const std::string& prefix, int last) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const auto k = text::parse_int(name.substr(prefix.size()));
  if (!k || *k < 1 || *k > last) return std::nullopt;
  return static_cast<int>(*k);
}

}  // namespace

std::vector<Pass> parse_passes(std::string_view list, const Task& task) {
  std::vector<Pass> passes;
  const auto add = [&](const Pass& pass) {
    if (std::find(passes.begin(), passes.end(), pass) != passes.end()) {
      throw Error::usage("--passes", "'" + pass.name() + "' is named twice");
    }
    if (pass.kind == Pass::Kind::kOrientation) check_orientable(task, "--passes");
    passes.push_back(pass);
  };
  const int last_order = static_cast<int>(task.size()) - 1;
  for (const std::string& item : text::split(list, ',')) {
    const std::string name = text::trim(item);
    if (name == "main") {
      add({Pass::Kind::kMain, 0});
    } else if (name == "blank") {
      add({Pass::Kind::kBlank, 0});
    } else if (name == "no_descriptions") {
      add({Pass::Kind::kNoDescriptions, 0});
    } else if (name == "order") {
      for (int k = 1; k <= last_order; ++k) add({Pass::Kind::kOrder, k});
    } else if (name == "orientation") {
      for (int k = 1; k < kOrientations; ++k) add({Pass::Kind::kOrientation, k});
    } else if (const auto order = numbered(name, "order_", last_order)) {
      add({Pass::Kind::kOrder, *order});
    } else if (const auto orientation = numbered(name, "orientation_", kOrientations - 1)) {
      add({Pass::Kind::kOrientation, *orientation});
    } else {
      throw Error::usage("--passes", "unknown pass '" + name + "'",
                         fmt::format("known: main, blank, no_descriptions, order, order_1 to "
                                     "order_{}, orientation, orientation_1 to orientation_{}",
                                     last_order, kOrientations - 1));
    }
  }
  if (std::find(passes.begin(), passes.end(), Pass{}) == passes.end()) {
    throw Error::usage("--passes", "the pass main is missing", "add it: main,...");
  }
  return passes;
}

std::vector<Pass> spread_orders(int orders, const Task& task) {
  const int classes = static_cast<int>(task.size());
  if (orders < 1 || orders > classes) {
    throw Error::usage("--orders",
                       fmt::format("{} is not 1 to {}, the number of classes", orders, classes));
  }
  std::vector<Pass> passes = {Pass{}};
  for (int j = 1; j < orders; ++j) passes.push_back({Pass::Kind::kOrder, j * classes / orders});
  return passes;
}

std::vector<Pass> orientation_passes(int count, const Task& task) {
  if (count < 1 || count > kOrientations) {
    throw Error::usage("--orientations", fmt::format("{} is not 1 to {}", count, kOrientations));
  }
  std::vector<Pass> passes = {Pass{}};
  if (count > 1) check_orientable(task, "--orientations");
  for (int k = 1; k < count; ++k) passes.push_back({Pass::Kind::kOrientation, k});
  return passes;
}

}  // namespace firstlight
