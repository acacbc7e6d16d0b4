#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "firstlight/run/config.h"
#include "firstlight/run/store.h"
#include "firstlight/task/task.h"
#include "temporary_folder.h"

namespace firstlight {

inline Task two_class_task() { return task_from_class_names({"round", "flat"}); }

inline RunConfig config_of(std::size_t samples) {
  RunConfig config;
  config.settings = {{"model.sha256", "abc"},
                     {"data.samples", std::to_string(samples)},
                     {"passes", "main,order_1"},
                     {"normalisation", "sum"}};
  config.machine = {{"processor", "test"}};
  return config;
}

/// Scores with the given sums: two tokens an answer.
inline LabelScores scores_of(double first, double second) {
  LabelScores scores;
  scores.answers = {{{5, 2}, {first, -0.25}}, {{7, 2}, {second, -0.25}}};
  return scores;
}

inline SampleRecord record_of(std::uint64_t position) {
  SampleRecord record;
  record.position = position;
  record.id = "sample-" + std::to_string(position);
  record.origin = "images/" + record.id + ".png";
  record.truth = "Round";
  record.truth_class = ClassId{0};
  record.metadata = {{"ra", 12.5, Provenance::kMeasured},
                     {"plate", std::int64_t{7}, Provenance::kMeasured},
                     {"note", std::monostate{}, Provenance::kMeasured},
                     {"axis", 0.25, Provenance::kTruth}};
  record.prepared = {{"image", {{"stretch", "asinh"}, {"high", "1.5"}}}};
  record.pixels_hash = 0xfedcba9876543210u + position;
  record.seconds = 0.125;
  record.scores = {{"main", scores_of(-0.5, -1.5)}, {"order_1", scores_of(-0.75, -1.25)}};
  return record;
}

inline SampleRecord failed_record(std::uint64_t position) {
  SampleRecord record;
  record.position = position;
  record.id = "sample-" + std::to_string(position);
  record.ok = false;
  record.error = "images/x.png: truncated";
  return record;
}

}  // namespace firstlight
