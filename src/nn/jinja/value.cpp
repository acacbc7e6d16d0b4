#include "jinja/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "jinja/strings.h"

namespace firstlight::nn {

void template_failure(std::string message) { throw TemplateFailure{std::move(message), 0}; }

namespace {

constexpr int kMaxNesting = 200;
constexpr int kNamespaceNesting = 100;

int one_more(int depth) {
  if (depth >= kMaxNesting) template_failure("values nested too deeply");
  return depth + 1;
}

}  // namespace

int nesting(const Value& value) {
  if (const ListValue* list = value.as_list()) return list->depth;
  if (const DictValue* dict = value.as_dict()) return dict->depth();
  if (value.as_namespace() != nullptr) return kNamespaceNesting;
  if (const CallableValue* callable = value.as_callable()) return callable->depth;
  if (const LoopValue* loop = value.as_loop()) return loop->items->depth + 1;
  return 0;
}

Value Value::list(std::vector<Value> items, bool is_tuple) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, nesting(item));
  return Value(std::make_shared<ListValue>(ListValue{std::move(items), is_tuple, one_more(depth)}));
}

void NamespaceValue::set(const std::string& name, Value value) {
  if (nesting(value) >= kNamespaceNesting) {
    template_failure("a namespace cannot hold a namespace, nor values nested this deeply");
  }
  attributes.set(Value(name), std::move(value));
}

const Value* DictValue::find(const Value& key) const {
  const auto it = index_.find(dict_key(key));
  return it == index_.end() ? nullptr : &entries_[it->second].second;
}

const Value* DictValue::find(std::string_view key) const {
  const auto it = index_.find("s" + std::string(key));
  return it == index_.end() ? nullptr : &entries_[it->second].second;
}

void DictValue::set(Value key, Value value) {
  depth_ = std::max(depth_, one_more(std::max(nesting(key), nesting(value))));
  const auto [it, fresh] = index_.emplace(dict_key(key), entries_.size());
  if (fresh) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[it->second].second = std::move(value);
  }
}

std::string dict_key(const Value& key) {
  if (key.is_string()) return "s" + key.as_string();
  if (key.is_none()) return "n";
  if (key.is_integral()) return "i" + std::to_string(key.as_int());
  if (key.is_float()) {
    const double d = key.as_double();
    if (d == std::floor(d) && std::abs(d) < 9e15) {
      return "i" + std::to_string(static_cast<std::int64_t>(d));
    }
    return "f" + float_repr(d);
  }
  if (const ListValue* list = key.as_list(); list != nullptr && list->is_tuple) {
    std::string text = "t";
    for (const Value& item : list->items) {
      const std::string part = dict_key(item);
      text += std::to_string(part.size()) + ":" + part;
    }
    return text;
  }
  template_failure("unhashable type: '" + key.type_name() + "'");
}

std::string float_repr(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  if (x == 0) return std::signbit(x) ? "-0.0" : "0.0";
  // The shortest digits that give the number back, laid out as Python does.
  std::array<char, 40> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::scientific);
  const std::string scientific(buffer.data(), result.ptr);
  const std::size_t e = scientific.find('e');
  const int exponent = std::stoi(scientific.substr(e + 1));
  if (exponent < -4 || exponent >= 16) {
    std::array<char, 8> tail{};
    std::snprintf(tail.data(), tail.size(), "e%+03d", exponent);
    return scientific.substr(0, e) + tail.data();
  }
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x, std::chars_format::fixed);
  std::string text(buffer.data(), fixed.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

bool Value::truthy() const {
  if (is_undefined() || is_none()) return false;
  if (is_integral()) return as_int() != 0;
  if (is_float()) return as_double() != 0;
  if (is_string()) return !as_string().empty();
  if (const ListValue* list = as_list()) return !list->items.empty();
  if (const DictValue* dict = as_dict()) return !dict->entries().empty();
  return true;
}

std::string Value::str() const {
  if (is_string()) return as_string();
  if (is_undefined()) return "";
  return repr();
}

std::string Value::repr() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "None";
  if (is_bool()) return as_int() != 0 ? "True" : "False";
  if (is_int()) return std::to_string(as_int());
  if (is_float()) return float_repr(as_double());
  if (is_string()) return string_repr(as_string());
  std::string out;
  if (const ListValue* list = as_list()) {
    out += list->is_tuple ? "(" : "[";
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      out += (i > 0 ? ", " : "") + list->items[i].repr();
    }
    if (list->is_tuple && list->items.size() == 1) out += ",";
    return out + (list->is_tuple ? ")" : "]");
  }
  const DictValue* dict = as_dict();
  if (const NamespaceValue* ns = as_namespace()) {
    out = "<Namespace ";
    dict = &ns->attributes;
  }
  if (dict != nullptr) {
    out += "{";
    const char* separator = "";
    for (const auto& [key, value] : dict->entries()) {
      out += separator + key.repr() + ": " + value.repr();
      separator = ", ";
    }
    return out + (as_namespace() != nullptr ? "}>" : "}");
  }
  if (const CallableValue* callable = as_callable()) return "<function " + callable->name + ">";
  return "<loop>";
}

std::string Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (is_bool()) return "bool";
  if (is_int()) return "int";
  if (is_float()) return "float";
  if (is_string()) return "str";
  if (const ListValue* list = as_list()) return list->is_tuple ? "tuple" : "list";
  if (as_dict() != nullptr) return "dict";
  if (as_namespace() != nullptr) return "Namespace";
  if (as_callable() != nullptr) return "function";
  return "LoopContext";
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.as_int() == b.as_int();
    return a.as_double() == b.as_double();
  }
  if (a.is_string() || b.is_string()) {
    return a.is_string() && b.is_string() && a.as_string() == b.as_string();
  }
  const ListValue* list = a.as_list();
  const ListValue* other = b.as_list();
  if (list != nullptr && other != nullptr) {
    return list->is_tuple == other->is_tuple && list->items == other->items;
  }
  const DictValue* dict = a.as_dict();
  const DictValue* other_dict = b.as_dict();
  if (dict != nullptr && other_dict != nullptr) {
    if (dict->entries().size() != other_dict->entries().size()) return false;
    return std::all_of(dict->entries().begin(), dict->entries().end(), [&](const auto& entry) {
      const Value* found = other_dict->find(entry.first);
      return found != nullptr && *found == entry.second;
    });
  }
  return a.content_.index() == b.content_.index() && a.as_namespace() == b.as_namespace() &&
         a.as_callable() == b.as_callable() && a.as_loop() == b.as_loop() &&
         (a.as_namespace() != nullptr || a.as_callable() != nullptr || a.as_loop() != nullptr);
}

}  // namespace firstlight::nn
