#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace firstlight {

/// What went wrong, as far as a caller must tell cases apart. The program maps each to its exit
/// code.
enum class ErrorKind {
  kUsage,     ///< arguments, task files, configuration: exit code 2
  kInput,     ///< a file or a sample cannot be read or has the wrong form: exit code 1
  kConflict,  ///< a run folder holds another configuration: exit code 4
  kInternal,  ///< a resource (disk, memory) or an invariant failed: exit code 1
  kStopped,   ///< called off before it began (an interrupt, a budget): exit code 130
};

/// The one exception type of the library. The message is one line: what, where, why, what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

  /// A wrong argument, key or value. `where` is a file with line, a flag or a spec string.
  static Error usage(std::string_view where, std::string_view what, std::string_view advice = {});
  /// A key that does not exist; names the nearest of `known`.
  static Error unknown_key(std::string_view where, std::string_view key,
                           const std::vector<std::string>& known);
  /// An unreadable or malformed input. `where` is the file, and row or key where there is one.
  static Error input(std::string_view where, std::string_view what, std::string_view advice = {});
  /// A run folder or checkpoint that belongs to another configuration.
  static Error conflict(std::string_view where, std::string_view what,
                        std::string_view advice = {});
  /// Work on an item that was called off.
  static Error stopped(std::string_view where, std::string_view what);
  /// A failed resource or a broken invariant.
  static Error internal(std::string_view where, std::string_view what,
                        std::string_view advice = {});

 private:
  ErrorKind kind_;
};

/// A value or the error that prevented it: the return type of per-item work (decode, score), where
/// one bad item is counted and must not end a run.
template <typename T>
class Result {
 public:
  Result(T value) : content_(std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : content_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; throws the stored error where there is none.
  const T& value() const& {
    if (!ok()) throw std::get<1>(content_);
    return std::get<0>(content_);
  }
  T& value() & {
    if (!ok()) throw std::get<1>(content_);
    return std::get<0>(content_);
  }
  T&& value() && {
    if (!ok()) throw std::get<1>(content_);
    return std::get<0>(std::move(content_));
  }
  /// The error; undefined where ok().
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

}  // namespace firstlight
