#include <algorithm>
#include <cmath>
#include <limits>

#include "jinja/interpreter.h"

namespace firstlight::nn {
namespace {

[[noreturn]] void unsupported_operands(const std::string& op, const Value& a, const Value& b) {
  for (const Value* value : {&a, &b}) {
    if (value->is_undefined()) template_failure(value->as_undefined().message);
  }
  template_failure("unsupported operand type(s) for " + op + ": '" + a.type_name() + "' and '" +
                   b.type_name() + "'");
}

[[noreturn]] void too_large() { template_failure("a number grows too large"); }

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) template_failure("division by zero");
  if (a == std::numeric_limits<std::int64_t>::min() && b == -1) too_large();
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(result, base, &result)) too_large();
  }
  return result;
}

Value integer_operation(const std::string& op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (op == "+") {
    if (__builtin_add_overflow(a, b, &result)) too_large();
  } else if (op == "-") {
    if (__builtin_sub_overflow(a, b, &result)) too_large();
  } else if (op == "*") {
    if (__builtin_mul_overflow(a, b, &result)) too_large();
  } else if (op == "//") {
    result = floor_divide(a, b);
  } else if (op == "%") {
    result = a - floor_divide(a, b) * b;
  } else if (op == "/") {
    if (b == 0) template_failure("division by zero");
    return Value(static_cast<double>(a) / static_cast<double>(b));
  } else {
    if (b < 0) return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
    result = power(a, b);
  }
  return Value(result);
}

Value float_operation(const std::string& op, double a, double b) {
  if (op == "+") return Value(a + b);
  if (op == "-") return Value(a - b);
  if (op == "*") return Value(a * b);
  if (op == "**") return Value(std::pow(a, b));
  if (b == 0) template_failure("float division by zero");
  if (op == "/") return Value(a / b);
  if (op == "//") return Value(std::floor(a / b));
  const double remainder = std::fmod(a, b);
  return Value(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder);
}

/// A text or list, `count` times.
Value repeat(Interpreter& interpreter, const Value& value, std::int64_t count) {
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  const std::size_t size =
      value.is_string() ? value.as_string().size() : value.as_list()->items.size() * sizeof(Value);
  if (size > 0 && n > Interpreter::kMaxBytes / size) interpreter.charge(Interpreter::kMaxBytes + 1);
  interpreter.charge(size * n);
  if (value.is_string()) {
    std::string out;
    if (size > 0) {
      for (std::size_t i = 0; i < n; ++i) out += value.as_string();
    }
    return Value(std::move(out));
  }
  std::vector<Value> items;
  for (std::size_t i = 0; size > 0 && i < n; ++i) {
    items.insert(items.end(), value.as_list()->items.begin(), value.as_list()->items.end());
  }
  return Value::list(std::move(items), value.as_list()->is_tuple);
}

/// Python's % on a text: %s, %r, %d and %%.
Value format_text(Interpreter& interpreter, const std::string& format, const Value& argument) {
  std::vector<Value> values = {argument};
  if (const ListValue* list = argument.as_list(); list != nullptr && list->is_tuple) {
    values = list->items;
  }
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const char kind = ++i < format.size() ? format[i] : '\0';
    if (kind == '%') {
      out += '%';
      continue;
    }
    if (kind != 's' && kind != 'r' && kind != 'd') {
      template_failure("only %s, %r and %d are supported in a format");
    }
    if (next >= values.size()) template_failure("not enough arguments for format string");
    const Value& value = values[next++];
    if (kind == 'd') {
      if (!value.is_number()) template_failure("%d format: a number is required");
      out += std::to_string(value.is_float() ? static_cast<std::int64_t>(value.as_double())
                                             : value.as_int());
    } else {
      out += kind == 's' ? value.str() : value.repr();
    }
  }
  if (next < values.size()) template_failure("not all arguments converted during formatting");
  return interpreter.text(std::move(out));
}

bool contains(Interpreter& interpreter, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      template_failure("'in <string>' requires string as left operand, not " + item.type_name());
    }
    interpreter.step(container.as_string().size() / 64);
    return container.as_string().find(item.as_string()) != std::string::npos;
  }
  if (const DictValue* dict = container.as_dict()) return dict->find(item) != nullptr;
  if (const ListValue* list = container.as_list()) {
    interpreter.step(list->items.size() / 8);
    return std::find(list->items.begin(), list->items.end(), item) != list->items.end();
  }
  if (container.is_undefined()) return false;
  template_failure("argument of type '" + container.type_name() + "' is not iterable");
}

}  // namespace

Value binary_operation(Interpreter& interpreter, const std::string& op, const Value& a,
                       const Value& b) {
  if (a.is_integral() && b.is_integral()) return integer_operation(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return float_operation(op, a.as_double(), b.as_double());
  const ListValue* left = a.as_list();
  const ListValue* right = b.as_list();
  if (op == "+" && a.is_string() && b.is_string()) {
    return interpreter.text(a.as_string() + b.as_string());
  }
  if (op == "+" && left != nullptr && right != nullptr && left->is_tuple == right->is_tuple) {
    std::vector<Value> items = left->items;
    items.insert(items.end(), right->items.begin(), right->items.end());
    return interpreter.list(std::move(items), left->is_tuple);
  }
  if (op == "*" && (a.is_string() || left != nullptr) && b.is_integral()) {
    return repeat(interpreter, a, b.as_int());
  }
  if (op == "*" && (b.is_string() || right != nullptr) && a.is_integral()) {
    return repeat(interpreter, b, a.as_int());
  }
  if (op == "%" && a.is_string()) return format_text(interpreter, a.as_string(), b);
  unsupported_operands(op, a, b);
}

bool less_than(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_int() < b.as_int();
  if (a.is_number() && b.is_number()) return a.as_double() < b.as_double();
  // The order of UTF-8 bytes is that of code points.
  if (a.is_string() && b.is_string()) return a.as_string() < b.as_string();
  const ListValue* left = a.as_list();
  const ListValue* right = b.as_list();
  if (left != nullptr && right != nullptr && left->is_tuple == right->is_tuple) {
    const std::size_t n = std::min(left->items.size(), right->items.size());
    for (std::size_t i = 0; i < n; ++i) {
      if (!(left->items[i] == right->items[i])) return less_than(left->items[i], right->items[i]);
    }
    return left->items.size() < right->items.size();
  }
  for (const Value* value : {&a, &b}) {
    if (value->is_undefined()) template_failure(value->as_undefined().message);
  }
  template_failure("'<' not supported between instances of '" + a.type_name() + "' and '" +
                   b.type_name() + "'");
}

bool compare_values(Interpreter& interpreter, const std::string& op, const Value& a,
                    const Value& b) {
  if (op == "==") return a == b;
  if (op == "!=") return !(a == b);
  if (op == "in") return contains(interpreter, b, a);
  if (op == "not in") return !contains(interpreter, b, a);
  if (op == "<") return less_than(a, b);
  if (op == ">") return less_than(b, a);
  // For numbers that are not ordered (nan), neither holds.
  if (op == "<=") return less_than(a, b) || a == b;
  return less_than(b, a) || a == b;
}

}  // namespace firstlight::nn
