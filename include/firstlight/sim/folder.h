#pragma once

#include <string>

#include "firstlight/base/log.h"
#include "firstlight/data/source.h"

namespace firstlight::sim {

/// Writes every sample of `source`, which is not empty, into `directory`: 8-bit pictures as ID.png,
/// or ID_VIEW.png where there are several views, and `labels.csv` beside them: the columns file (or
/// file.VIEW for each), id, label (the truth) and every truth column as
/// `truth.NAME`, which the reader `csv:` takes for truth, so that it never enters a prompt;
/// measured columns keep their names. The folder is made if need be; one that holds anything is
/// Error::usage. `labels.csv` comes last: a folder without it is incomplete. Uses parallel_for;
/// `progress` is called from the calling thread. Throws Error::internal where a file cannot be
/// written.
void write_image_folder(const SampleSource& source, const std::string& directory,
                        const ProgressSink& progress = {});

}  // namespace firstlight::sim
