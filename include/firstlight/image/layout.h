#pragma once

#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/image/image.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// The views of a sample as one picture of three channels, for models that take one:
///   kSideBySide  from left to right, tops aligned
///   kStacked     from top to bottom, left edges aligned
///   kChannels    at most three views of equal size as red, green and blue, each by the mean of its
///                channels; a missing one is `blank`
/// What no view covers is `blank` (0 is black). Error::input without a place where kChannels gets
/// more than three views or different sizes. `layout` is not kSeparate; `views` is not empty.
Result<Image> join_views(const std::vector<const Image*>& views, ViewLayout layout,
                         std::uint8_t blank);

}  // namespace firstlight
