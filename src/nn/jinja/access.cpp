// Attributes, items and slices.
#include <algorithm>
#include <limits>

#include "jinja/interpreter.h"
#include "jinja/strings.h"

namespace firstlight::nn {
namespace {

std::string object_name(const Value& object) {
  return object.is_none() ? "None" : object.type_name() + " object";
}

Value no_attribute(const Value& object, const std::string& name) {
  const std::string who = object.is_none() ? "None" : "'" + object_name(object) + "'";
  return Value::undefined(who + " has no attribute '" + name + "'");
}

std::optional<Value> loop_attribute(const LoopValue& loop, const std::string& name) {
  const std::size_t n = loop.items->items.size();
  const std::size_t i = loop.index0;
  if (name == "index") return Value::size(i + 1);
  if (name == "index0") return Value::size(i);
  if (name == "revindex") return Value::size(n - i);
  if (name == "revindex0") return Value::size(n - i - 1);
  if (name == "first") return Value(i == 0);
  if (name == "last") return Value(i + 1 == n);
  if (name == "length") return Value::size(n);
  if (name == "depth") return Value(std::int64_t{1});
  if (name == "depth0") return Value(std::int64_t{0});
  if (name == "previtem") {
    return i > 0 ? loop.items->items[i - 1] : Value::undefined("there is no previous item");
  }
  if (name == "nextitem") {
    return i + 1 < n ? loop.items->items[i + 1] : Value::undefined("there is no next item");
  }
  return std::nullopt;
}

/// Bounds of a Python slice of `size` elements.
struct SliceRange {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t step;
};

std::int64_t slice_bound(const Value& value, std::int64_t size, std::int64_t step,
                         std::int64_t fallback) {
  if (value.is_none()) return fallback;
  if (!value.is_integral()) template_failure("slice indices must be integers or None");
  const std::int64_t low = step < 0 ? -1 : 0;
  const std::int64_t high = step < 0 ? size - 1 : size;
  std::int64_t bound = value.as_int();
  if (bound < 0) bound = std::max(bound + size, low);
  return std::min(bound, high);
}

SliceRange slice_range(const Value& begin, const Value& end, const Value& step, std::int64_t size) {
  std::int64_t stride = 1;
  if (!step.is_none()) {
    if (!step.is_integral()) template_failure("slice indices must be integers or None");
    stride = step.as_int();
    if (stride == 0) template_failure("slice step cannot be zero");
    // Longer steps than this all take one element.
    stride = std::clamp<std::int64_t>(stride, -(size + 1), size + 1);
  }
  return SliceRange{slice_bound(begin, size, stride, stride < 0 ? size - 1 : 0),
                    slice_bound(end, size, stride, stride < 0 ? -1 : size), stride};
}

}  // namespace

Value Interpreter::attribute(const Value& object, const std::string& name) {
  step();
  if (object.is_undefined()) template_failure(object.as_undefined().message);
  if (auto method = find_method(object, name)) return *method;
  if (const LoopValue* loop = object.as_loop()) {
    if (auto found = loop_attribute(*loop, name)) return *found;
  }
  const DictValue* dict = object.as_dict();
  if (NamespaceValue* ns = object.as_namespace()) dict = &ns->attributes;
  if (dict != nullptr) {
    if (const Value* found = dict->find(std::string_view(name))) return *found;
  }
  return no_attribute(object, name);
}

Value Interpreter::item(const Value& object, const Value& key) {
  step();
  if (object.is_undefined()) template_failure(object.as_undefined().message);
  if (const DictValue* dict = object.as_dict()) {
    const bool hashable = key.is_string() || key.is_none() || key.is_number() ||
                          (key.as_list() != nullptr && key.as_list()->is_tuple);
    if (const Value* found = hashable ? dict->find(key) : nullptr) return *found;
  } else if (key.is_integral() && (object.as_list() != nullptr || object.is_string())) {
    const bool is_text = object.is_string();
    const auto size = static_cast<std::int64_t>(is_text ? string_length(object.as_string())
                                                        : object.as_list()->items.size());
    if (is_text) step(object.as_string().size() / 64);
    std::int64_t index = key.as_int();
    if (index < 0) index += size;
    if (index >= 0 && index < size) {
      const auto at = static_cast<std::size_t>(index);
      return is_text ? Value(substring(object.as_string(), at, at + 1))
                     : object.as_list()->items[at];
    }
  }
  if (key.is_string()) {
    if (object.as_namespace() != nullptr || object.as_loop() != nullptr) {
      return attribute(object, key.as_string());
    }
    if (auto method = find_method(object, key.as_string())) return *method;
    return no_attribute(object, key.as_string());
  }
  return Value::undefined(object_name(object) + " has no element " + key.repr());
}

Value Interpreter::slice(const Expression& expression) {
  const Value object = evaluate(*expression.children[0]);
  std::vector<Value> bounds(3);
  for (std::size_t i = 0; i < 3; ++i) {
    if (expression.children[i + 1]) bounds[i] = evaluate(*expression.children[i + 1]);
  }
  if (object.is_undefined()) template_failure(object.as_undefined().message);
  const ListValue* source = object.as_list();
  std::vector<std::string> letters;
  if (object.is_string()) {
    charge(object.as_string().size());
    step(object.as_string().size() / 64);
    letters = characters(object.as_string());
  } else if (source == nullptr) {
    return Value::undefined(object_name(object) + " has no slices");
  }
  const std::size_t size = source != nullptr ? source->items.size() : letters.size();
  const SliceRange range =
      slice_range(bounds[0], bounds[1], bounds[2], static_cast<std::int64_t>(size));
  std::vector<Value> items;
  std::string joined;
  for (std::int64_t i = range.begin; range.step > 0 ? i < range.end : i > range.end;
       i += range.step) {
    const auto at = static_cast<std::size_t>(i);
    if (source != nullptr) {
      items.push_back(source->items[at]);
    } else {
      joined += letters[at];
    }
  }
  return source != nullptr ? list(std::move(items), source->is_tuple) : text(std::move(joined));
}

}  // namespace firstlight::nn
