#include "database.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "firstlight/base/error.h"

namespace firstlight::run_detail {
namespace {

constexpr int kBusyMilliseconds = 20'000;

/// SQLite reports a full disk by a code of its own, but a quota and a limit on the size of files
/// only as a failed write, and by then the system's error number may be lost (0).
bool is_full(int code, int system_error) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return code == SQLITE_IOERR_WRITE && (system_error == 0 || system_error == ENOSPC ||
                                        system_error == EDQUOT || system_error == EFBIG);
}

}  // namespace

Database::Database(const std::string& path, Mode mode) : path_(path) {
  open(mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (mode == Mode::kWrite) return;
  // A writer that was killed leaves a journal that only a connection with write access can play
  // back; the first read tells.
  const int code =
      sqlite3_exec(handle_, "SELECT count(*) FROM sqlite_master", nullptr, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_READONLY || (code & 0xff) == SQLITE_CANTOPEN) {
    sqlite3_close(handle_);
    open(SQLITE_OPEN_READWRITE);
  }
}

void Database::open(int flags) {
  const int code = sqlite3_open_v2(path_.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const std::string cause = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
    sqlite3_close(handle_);
    throw(flags & SQLITE_OPEN_CREATE) == 0
        ? Error::input(path_, "cannot open the run: " + cause)
        : Error::internal(path_, "cannot open the run: " + cause);
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
}

Database::~Database() { sqlite3_close(handle_); }

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Database::fail(int code) {
  const int system_error = sqlite3_system_errno(handle_);
  if (is_full(code, system_error)) {
    throw Error::internal(path_, "the disk is full (or a quota is reached)",
                          "free space and run the same command again: it continues");
  }
  const std::string cause = sqlite3_errmsg(handle_);
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_CANTOPEN:
      throw Error::input(path_, "not a readable run: " + cause);
    case SQLITE_BUSY:
      throw Error::internal(path_, "another process holds the run: " + cause, "try again later");
    case SQLITE_IOERR:
      throw Error::internal(
          path_, "cannot read or write: " + cause + " (" + std::strerror(system_error) + ")");
    default:
      throw Error::internal(path_, cause);
  }
}

void Statement::Deleter::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &statement,
                           nullptr));
  handle_.reset(statement);
}

void Statement::check(int code) {
  if (code != SQLITE_OK) database_->fail(code);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), next_++, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(handle_.get(), next_++, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  check(sqlite3_bind_text(handle_.get(), next_++, value.empty() ? "" : value.data(),
                          static_cast<int>(value.size()), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind(const std::optional<std::string>& value) {
  return value ? bind(std::string_view(*value)) : bind_null();
}

Statement& Statement::bind(const std::optional<double>& value) {
  return value ? bind(*value) : bind_null();
}

Statement& Statement::bind_blob(std::string_view value) {
  check(sqlite3_bind_blob(handle_.get(), next_++, value.empty() ? "" : value.data(),
                          static_cast<int>(value.size()), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(handle_.get(), next_++));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->fail(code);
  return false;
}

void Statement::reset() {
  // Its result repeats the error of the last step, which has been reported already.
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  next_ = 1;
}

void Statement::run() {
  step();
  reset();
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(handle_.get(), column); }

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<double> Statement::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

Statement select_samples(Database& database, const std::string& columns, const std::string& table,
                         std::optional<std::uint64_t> sample, const std::string& order) {
  Statement query(database, "SELECT " + columns + " FROM " + table +
                                (sample ? " WHERE sample = ?" : "") + " ORDER BY " + order);
  if (sample) query.bind(static_cast<std::int64_t>(*sample));
  return query;
}

}  // namespace firstlight::run_detail
