#pragma once

#include <optional>
#include <string>

#include "firstlight/base/hash.h"
#include "firstlight/run/store.h"

namespace firstlight::run_detail {

/// Over ids and truths as written, in order: which samples a run is of ("data.ids_sha256").
class IdsHash {
 public:
  void add(const std::string& id, const std::optional<std::string>& truth) {
    hash_.update(id).update("\0", 1).update(truth.value_or("")).update("\n", 1);
  }
  std::string hex() { return hash_.hex(); }

 private:
  ContentHash hash_;
};

/// Over the pixel hashes of all samples: equal where the model saw equal pictures.
std::string pixels_sha256(const RunStore& store);

}  // namespace firstlight::run_detail
