#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/data/sample.h"
#include "firstlight/data/source.h"
#include "firstlight/score/label_scores.h"
#include "firstlight/task/task.h"

/// How values become columns of run.sqlite. Pure functions.
namespace firstlight::run_detail {

/// The compact value of the table `score`: for each answer the number of log-probabilities
/// (LEB128), then all of them as little-endian 32-bit floats. The model computes in 32 bits at
/// best; a relative error of 6e-8 is below its own rounding.
std::string encode_logprobs(const std::vector<AnswerScore>& answers);
/// The token ids of all answers as JSON, [[1, 2], [1, 3]]: nearly always the same for every sample,
/// so that the table `token_set` holds each such text once.
std::string encode_token_ids(const std::vector<AnswerScore>& answers);
/// The answers from both; nullopt where they are damaged or do not fit each other.
std::optional<std::vector<AnswerScore>> decode_answers(const std::string& token_ids,
                                                       std::string_view logprobs);

/// {"measured": {NAME: value}, "truth": {NAME: value}}, empty objects left out; NaN becomes null.
std::string encode_metadata(const std::vector<Metadata>& metadata);
std::vector<Metadata> decode_metadata(const std::string& json);

using PrepareRecord = std::map<std::string, std::map<std::string, std::string>>;
std::string encode_prepared(const PrepareRecord& prepared);
PrepareRecord decode_prepared(const std::string& json);

/// The class of this key; nullopt where the task has none.
std::optional<ClassId> class_of_key(const Task& task, std::string_view key);

std::string encode_columns(const std::vector<ColumnInfo>& columns);
std::vector<ColumnInfo> decode_columns(const std::string& json);

}  // namespace firstlight::run_detail
