#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/error.h"

/// Strict reading of small YAML files (tasks, training recipes): every value knows its file and
/// line, so that every error names them.
namespace firstlight::yaml {

/// A value of a parsed file. Immutable; safe from any thread. Accessors throw Error::usage with
/// `file:line` where the value has another type.
class Node {
 public:
  /// "file:line" of the value.
  std::string where() const;
  /// An error about this value, for checks of the caller's own.
  Error error(std::string_view what, std::string_view advice = {}) const;
  /// The same at another line of the file, for instance one that `line_of` found.
  Error error_at(int line, std::string_view what, std::string_view advice = {}) const;
  /// Line of the `occurrence`-th place (from 0) of `needle` in this text value, for errors inside
  /// a text of many lines; the value's own line where it cannot be told.
  int line_of(std::string_view needle, std::size_t occurrence = 0) const;
  int line() const { return line_; }
  /// How the file reaches the value, for instance `views[0].stretch`.
  const std::string& path() const { return path_; }

  bool is_text() const { return kind_ == Kind::kScalar; }
  bool is_map() const { return kind_ == Kind::kMap; }
  bool is_list() const { return kind_ == Kind::kSequence; }

  const std::string& text() const;
  /// A whole number in [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  /// A finite number in [low, high].
  double number(double low, double high) const;
  /// `true` or `false`.
  bool boolean() const;
  /// Items of a list.
  const std::vector<Node>& items() const;

  /// Value of a map's key; null where the key is absent.
  const Node* find(std::string_view key) const;
  /// Value of a key that must be there.
  const Node& at(std::string_view key) const;
  /// Keys of a map in file order.
  std::vector<std::string> keys() const;
  /// Throws Error::unknown_key for a key of the map that is not in `known`.
  void require_known(const std::vector<std::string>& known) const;

 private:
  friend class Builder;
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Source {
    std::string origin;
    std::string text;
  };

  Error wrong_type(std::string_view wanted) const;

  Kind kind_ = Kind::kNull;
  int line_ = 1;
  bool quoted_ = false;
  std::string scalar_;
  std::string path_;
  std::vector<Node> keys_;
  std::vector<Node> items_;
  std::shared_ptr<const Source> source_;
};

/// Parses one document. `origin` names it in errors. Meant for files that a stranger wrote: at most
/// 1 MiB, 20,000 values and 16 levels; UTF-8 without control characters; no anchors, aliases or
/// tags; no key twice. Throws Error::usage.
Node parse(std::string_view text, const std::string& origin);

/// The text as a double-quoted YAML scalar.
std::string quote(std::string_view text);

}  // namespace firstlight::yaml
