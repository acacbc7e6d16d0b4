#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/spec.h"
#include "firstlight/data/sample.h"

/// How several views and the numbers of an event are found, for the readers that share them.
namespace firstlight {

/// The names of an option's list, `channels=u,v,z`: empty without the option. Throws Error::usage
/// for an empty name or one given twice.
std::vector<std::string> name_list(const Spec& spec, const std::string& key);

/// One view with `pixels` as `image`, or, where `channels` holds names, a view for each channel
/// (band of values) in order. Error::input without a place where their number differs.
Result<std::vector<View>> views_of(Pixels pixels, const std::vector<std::string>& channels);

/// The columns that number an event, in the order run, subrun (or sub_run, subrun_number, ...),
/// event: their values joined by '/' are its id, since an event's number alone is not unique.
/// Empty unless all three are there.
std::vector<std::size_t> event_columns(const std::vector<std::string>& names);

}  // namespace firstlight
