#include "firstlight/run/contents.h"

namespace firstlight {

bool has_free_text(const RunConfig& config) { return config.settings.contains("free_text"); }

bool has_reasons(const RunConfig& config) { return config.settings.contains("reasons"); }

bool has_domain(const RunConfig& config) { return config.settings.contains("domain.false_alarms"); }

}  // namespace firstlight
