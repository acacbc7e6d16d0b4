#include "domain.h"

namespace firstlight::run_detail {

const char* const kDomainTable = R"sql(
CREATE TABLE domain(sample INTEGER PRIMARY KEY, score REAL NOT NULL);
)sql";

Statement insert_domain(Database& database) {
  return Statement(database, "INSERT INTO domain(sample, score) VALUES(?,?)");
}

void write_domain(Statement& insert, const SampleRecord& record) {
  if (!record.domain_score) return;
  insert.bind(static_cast<std::int64_t>(record.position)).bind(*record.domain_score).run();
}

Statement select_domain(Database& database, std::optional<std::uint64_t> sample) {
  return select_samples(database, "sample, score", "domain", sample);
}

}  // namespace firstlight::run_detail
