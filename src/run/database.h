#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace firstlight::run_detail {

class Database;

/// A prepared statement: bind in order, step, read columns, reset. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  Statement(Database& database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);
  Statement& bind(const std::optional<std::string>& value);
  Statement& bind(const std::optional<double>& value);
  Statement& bind_blob(std::string_view value);
  Statement& bind_null();

  /// True while there is a row. Throws as Database does.
  bool step();
  /// Ready for the next round of binds.
  void reset();
  /// Steps once and resets: for statements without a result.
  void run();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;
  std::optional<std::string> optional_text(int column) const;
  std::optional<double> optional_real(int column) const;

 private:
  void check(int code);

  struct Deleter {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Deleter> handle_;
  int next_ = 1;
};

/// An SQLite connection whose errors are firstlight::Error: internal for a full disk or a failed
/// write, input for a file that is no database.
class Database {
 public:
  enum class Mode { kRead, kWrite };
  Database(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  const std::string& path() const { return path_; }
  sqlite3* handle() { return handle_; }
  /// The error for a result code of the last call.
  [[noreturn]] void fail(int code);

 private:
  void open(int flags);

  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// SELECT `columns` FROM `table`, whose key is the column `sample`, ordered by `order`. Of one
/// sample where it is given.
Statement select_samples(Database& database, const std::string& columns, const std::string& table,
                         std::optional<std::uint64_t> sample, const std::string& order = "sample");

}  // namespace firstlight::run_detail
