#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// The values of a chat template, with Python's meanings.
namespace firstlight::nn {

class Interpreter;
class Value;

/// What goes wrong while a template is parsed or run; the line is that of the template, 0 where it
/// is not known yet. Translated to Error by ChatTemplate.
struct TemplateFailure {
  std::string message;
  int line = 0;
};
[[noreturn]] void template_failure(std::string message);

struct Undefined {
  std::string message;  ///< said when the value is used
};

struct ListValue {
  std::vector<Value> items;
  bool is_tuple = false;
  int depth = 1;  ///< levels of containers; set by Value::list
};

/// A dict in order of insertion.
class DictValue {
 public:
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }
  int depth() const { return depth_; }

 private:
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string, std::size_t> index_;
  int depth_ = 1;
};

/// The one thing that a template can change. It cannot hold another, so that no cycle can arise.
struct NamespaceValue {
  DictValue attributes;
  void set(const std::string& name, Value value);
};

/// Arguments of a call, in the order given.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct CallableValue {
  std::string name;
  std::function<Value(Interpreter&, const Arguments&)> call;
  int depth = 0;  ///< of what the function holds
};

/// `loop` inside a for loop.
struct LoopValue {
  std::shared_ptr<const ListValue> items;
  std::size_t index0 = 0;
  std::string last_changed;  ///< repr of the arguments of the last loop.changed()
};

class Value {
 public:
  Value() : content_(None{}) {}
  Value(bool b) : content_(b) {}          // NOLINT: implicit by design
  Value(std::int64_t i) : content_(i) {}  // NOLINT
  Value(double d) : content_(d) {}        // NOLINT
  Value(std::string s) : content_(std::make_shared<const std::string>(std::move(s))) {}    // NOLINT
  Value(const char* s) : Value(std::string(s)) {}                                          // NOLINT
  Value(std::shared_ptr<ListValue> list) : content_(std::move(list)) {}                    // NOLINT
  Value(std::shared_ptr<DictValue> dict) : content_(std::move(dict)) {}                    // NOLINT
  Value(std::shared_ptr<NamespaceValue> ns) : content_(std::move(ns)) {}                   // NOLINT
  Value(std::shared_ptr<const CallableValue> callable) : content_(std::move(callable)) {}  // NOLINT
  Value(std::shared_ptr<LoopValue> loop) : content_(std::move(loop)) {}                    // NOLINT
  static Value undefined(std::string message) {
    Value value;
    value.content_ = Undefined{std::move(message)};
    return value;
  }
  /// Fails where containers would be nested too deeply.
  static Value list(std::vector<Value> items, bool is_tuple = false);
  static Value size(std::size_t n) { return Value(static_cast<std::int64_t>(n)); }

  bool is_undefined() const { return std::holds_alternative<Undefined>(content_); }
  bool is_none() const { return std::holds_alternative<None>(content_); }
  bool is_bool() const { return std::holds_alternative<bool>(content_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(content_); }
  bool is_float() const { return std::holds_alternative<double>(content_); }
  /// Numbers in Python's sense: bool is one.
  bool is_number() const { return is_bool() || is_int() || is_float(); }
  bool is_integral() const { return is_bool() || is_int(); }
  bool is_string() const { return std::holds_alternative<StringPtr>(content_); }

  const Undefined& as_undefined() const { return std::get<Undefined>(content_); }
  const std::string& as_string() const { return *std::get<StringPtr>(content_); }
  const ListValue* as_list() const { return pointer<ListValue>(); }
  const DictValue* as_dict() const { return pointer<DictValue>(); }
  NamespaceValue* as_namespace() const { return pointer<NamespaceValue>(); }
  const CallableValue* as_callable() const { return pointer<const CallableValue>(); }
  LoopValue* as_loop() const { return pointer<LoopValue>(); }
  std::shared_ptr<ListValue> shared_list() const {
    return std::get<std::shared_ptr<ListValue>>(content_);
  }
  std::int64_t as_int() const {  ///< of an integral value
    return is_bool() ? (std::get<bool>(content_) ? 1 : 0) : std::get<std::int64_t>(content_);
  }
  double as_double() const {  ///< of a number
    return is_float() ? std::get<double>(content_) : static_cast<double>(as_int());
  }

  bool truthy() const;
  /// Python's str(); "" for undefined.
  std::string str() const;
  /// Python's repr().
  std::string repr() const;
  /// Python's name of the type, for messages.
  std::string type_name() const;

  friend bool operator==(const Value& a, const Value& b);

 private:
  struct None {};
  using StringPtr = std::shared_ptr<const std::string>;
  template <typename T>
  T* pointer() const {
    const auto* p = std::get_if<std::shared_ptr<T>>(&content_);
    return p == nullptr ? nullptr : p->get();
  }
  std::variant<Undefined, None, bool, std::int64_t, double, StringPtr, std::shared_ptr<ListValue>,
               std::shared_ptr<DictValue>, std::shared_ptr<NamespaceValue>,
               std::shared_ptr<const CallableValue>, std::shared_ptr<LoopValue>>
      content_;
};

/// Levels of containers in a value, so that none is ever nested deeper than the stack allows.
int nesting(const Value& value);
/// A text equal for keys that Python counts as one, such as 1 and True; fails for unhashable ones.
std::string dict_key(const Value& key);
/// Python's repr of a float.
std::string float_repr(double x);
/// json.dumps(ensure_ascii=False) with its options; indent < 0 means None.
struct JsonStyle {
  bool ensure_ascii = false;
  int indent = -1;
  std::string indent_text;  ///< used where not empty
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace firstlight::nn
