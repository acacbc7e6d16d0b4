#pragma once

#include <string_view>

namespace firstlight {

/// What an object may be used for, the same in every set of images that shows it.
enum class Split { kTrain, kValidation, kTest };

/// The rule that parts objects: h = stable_hash64(object_id) mod 10; 0 and 1 are test, 2 is
/// validation, 3 to 9 are train. `object_id` is the survey's name of the object (the column
/// `object_id`), never a file name: `gz1_587722982271615079.jpg` and `587722982271615079.jpg` show
/// one object. Sets that name the same object differently need the near-duplicate check too
/// (data/duplicates.h).
Split split_of_object(std::string_view object_id);

/// "train", "validation" or "test".
std::string_view to_text(Split split);
/// The reverse; throws Error::usage.
Split parse_split(std::string_view name);

}  // namespace firstlight
