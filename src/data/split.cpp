#include "firstlight/data/split.h"

#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"

namespace firstlight {

Split split_of_object(std::string_view object_id) {
  const auto part = stable_hash64(object_id) % 10;
  if (part < 2) return Split::kTest;
  return part == 2 ? Split::kValidation : Split::kTrain;
}

std::string_view to_text(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "validation";
    case Split::kTest:
      return "test";
  }
  return "";
}

Split parse_split(std::string_view name) {
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    if (name == to_text(split)) return split;
  }
  throw Error::usage("split", "'" + std::string(name) + "' is not a split",
                     "take train, validation or test");
}

}  // namespace firstlight
