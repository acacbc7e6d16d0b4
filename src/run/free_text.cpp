#include "free_text.h"

#include <string_view>

#include "row_codec.h"

namespace firstlight::run_detail {

const char* const kFreeTextTable = R"sql(
CREATE TABLE free_text(
  sample INTEGER PRIMARY KEY, text TEXT NOT NULL, tokens INTEGER NOT NULL, ended INTEGER NOT NULL,
  label TEXT);
)sql";

Statement insert_free_text(Database& database) {
  return Statement(database,
                   "INSERT INTO free_text(sample, text, tokens, ended, label) VALUES(?,?,?,?,?)");
}

void write_free_text(Statement& insert, const Task& task, const SampleRecord& record) {
  if (!record.free_text) return;
  const FreeText& written = *record.free_text;
  insert.bind(static_cast<std::int64_t>(record.position))
      .bind(std::string_view(written.text))
      .bind(written.tokens)
      .bind(static_cast<std::int64_t>(written.ended));
  if (written.label) {
    insert.bind(std::string_view(task.classes[written.label->index()].key));
  } else {
    insert.bind_null();
  }
  insert.run();
}

Statement select_free_text(Database& database, std::optional<std::uint64_t> sample) {
  return select_samples(database, "sample, text, tokens, ended, label", "free_text", sample);
}

void read_free_text(const Statement& row, const Task& task, SampleRecord& record) {
  FreeText written{row.text(1), row.integer(2), row.integer(3) != 0, std::nullopt};
  if (const auto key = row.optional_text(4)) written.label = class_of_key(task, *key);
  record.free_text = std::move(written);
}

}  // namespace firstlight::run_detail
