#include "explanation.h"

#include <string_view>

namespace firstlight::run_detail {

const char* const kExplanationTable =
    "CREATE TABLE explanation(sample INTEGER PRIMARY KEY, text TEXT NOT NULL);";

Statement insert_explanation(Database& database) {
  return Statement(database, "INSERT INTO explanation(sample, text) VALUES(?,?)");
}

void write_explanation(Statement& insert, const SampleRecord& record) {
  if (!record.explanation) return;
  insert.bind(static_cast<std::int64_t>(record.position))
      .bind(std::string_view(*record.explanation))
      .run();
}

Statement select_explanation(Database& database, std::optional<std::uint64_t> sample) {
  return select_samples(database, "sample, text", "explanation", sample);
}

}  // namespace firstlight::run_detail
