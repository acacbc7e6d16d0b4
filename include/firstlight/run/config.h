#pragma once

#include <map>
#include <string>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/task/task.h"

namespace firstlight {

/// What decides the numbers of a run, and where they were made. Keys are dotted and one word
/// everywhere ("model.sha256", "data.spec", "passes"); values are text. config.json shows them
/// nested.
struct RunConfig {
  /// Two runs with equal settings give equal numbers (on one instruction set). A folder is
  /// continued only under equal settings.
  std::map<std::string, std::string> settings;
  /// For the reader of a report, not compared: program version, processor, instruction set, ...
  std::map<std::string, std::string> machine;

  /// Empty where it is not set.
  std::string setting(const std::string& key) const;

  /// Pretty-printed JSON with the objects "settings" and "machine".
  std::string to_json() const;
  /// Throws Error::input naming `origin`.
  static RunConfig from_json(const std::string& json, const std::string& origin);
};

/// "key: was X, is Y" for every setting that differs, sorted by key.
std::vector<std::string> differences(const RunConfig& before, const RunConfig& now);

/// SHA-256 over the view settings of a task: stretch, crop and resize.
std::string pixel_settings_hash(const Task& task);

/// Processor name, number of cores, memory, operating system, instruction sets, program version.
std::map<std::string, std::string> describe_machine();

}  // namespace firstlight
