// Filters on sequences and mappings.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "firstlight/base/text.h"
#include "jinja/interpreter.h"
#include "jinja/strings.h"

namespace firstlight::nn {
namespace {

using In = const Value&;
using Args = const Arguments&;

/// An attribute such as "function.name" or "0", by items first.
Value dotted(Interpreter& self, const Value& value, const Value& path) {
  if (!path.is_string()) return self.item(value, path);
  Value current = value;
  for (const std::string& part : text::split(path.as_string(), '.')) {
    const auto index = text::parse_int(part);
    current = self.item(current, index ? Value(*index) : Value(part));
  }
  return current;
}

/// Lower case for texts, so that they compare without regard to case.
Value without_case(Interpreter& self, const Value& value) {
  return value.is_string() ? self.text(to_lower(value.as_string())) : value;
}

Value length(Interpreter&, In value, Args arguments) {
  bind_arguments(arguments, {}, "length");
  if (value.is_string()) return Value::size(string_length(value.as_string()));
  if (const ListValue* list = value.as_list()) return Value::size(list->items.size());
  if (const DictValue* dict = value.as_dict()) return Value::size(dict->entries().size());
  if (value.is_undefined()) return Value(std::int64_t{0});
  template_failure("object of type '" + value.type_name() + "' has no len()");
}

Value join(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"d", "attribute"}, "join");
  const std::string separator = bound[0] != nullptr ? bound[0]->str() : "";
  const auto items = self.iterate(value);
  self.charge(separator.size() * items->items.size());
  std::string out;
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    if (i > 0) out += separator;
    const Value& item = items->items[i];
    const std::string part = bound[1] != nullptr ? dotted(self, item, *bound[1]).str() : item.str();
    self.charge(part.size());
    out += part;
  }
  return Value(std::move(out));
}

Value first(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "first");
  const auto items = self.iterate(value);
  return items->items.empty() ? Value::undefined("No first item, sequence was empty.")
                              : items->items.front();
}

Value last(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "last");
  const auto items = self.iterate(value);
  return items->items.empty() ? Value::undefined("No last item, sequence was empty.")
                              : items->items.back();
}

Value list_filter(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "list");
  return self.list(self.iterate(value)->items);
}

Value reverse(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "reverse");
  std::vector<Value> items = self.iterate(value)->items;
  std::reverse(items.begin(), items.end());
  if (!value.is_string()) return self.list(std::move(items));
  std::string out;
  for (const Value& c : items) out += c.as_string();
  return self.text(std::move(out));
}

Value unique(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"case_sensitive", "attribute"}, "unique");
  const bool exact = bound[0] != nullptr && bound[0]->truthy();
  std::set<std::string> seen;
  std::vector<Value> kept;
  const auto sequence = self.iterate(value);
  for (const Value& item : sequence->items) {
    self.step();
    const Value key = bound[1] != nullptr ? dotted(self, item, *bound[1]) : item;
    if (seen.insert(dict_key(exact ? key : without_case(self, key))).second) kept.push_back(item);
  }
  return self.list(std::move(kept));
}

std::vector<Value> sorted(Interpreter& self, const std::vector<Value>& items,
                          const std::vector<Value>& keys, bool descending) {
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    self.step();
    return descending ? less_than(keys[b], keys[a]) : less_than(keys[a], keys[b]);
  });
  std::vector<Value> out;
  for (const std::size_t i : order) out.push_back(items[i]);
  return out;
}

Value sort(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"reverse", "case_sensitive", "attribute"}, "sort");
  const bool exact = bound[1] != nullptr && bound[1]->truthy();
  const auto items = self.iterate(value);
  std::vector<Value> keys;
  for (const Value& item : items->items) {
    std::vector<Value> parts;
    // "a,b" sorts by a, then by b.
    const bool by_attribute = bound[2] != nullptr && !bound[2]->is_none();
    const std::vector<std::string> names = by_attribute && bound[2]->is_string()
                                               ? text::split(bound[2]->as_string(), ',')
                                               : std::vector<std::string>{""};
    for (const std::string& name : names) {
      const Value key = !by_attribute           ? item
                        : bound[2]->is_string() ? dotted(self, item, Value(name))
                                                : dotted(self, item, *bound[2]);
      parts.push_back(exact ? key : without_case(self, key));
    }
    keys.push_back(self.list(std::move(parts)));
  }
  return self.list(sorted(self, items->items, keys, bound[0] != nullptr && bound[0]->truthy()));
}

Value dictsort(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"case_sensitive", "by", "reverse"}, "dictsort");
  const bool exact = bound[0] != nullptr && bound[0]->truthy();
  const bool by_value = bound[1] != nullptr && bound[1]->str() == "value";
  const DictValue* dict = value.as_dict();
  if (dict == nullptr) template_failure("dictsort needs a mapping");
  std::vector<Value> items;
  std::vector<Value> keys;
  for (const auto& [key, entry] : dict->entries()) {
    items.push_back(self.list({key, entry}, true));
    const Value& by = by_value ? entry : key;
    keys.push_back(exact ? by : without_case(self, by));
  }
  return self.list(sorted(self, items, keys, bound[2] != nullptr && bound[2]->truthy()));
}

Value items_filter(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "items");
  std::vector<Value> items;
  if (const DictValue* dict = value.as_dict()) {
    for (const auto& [key, entry] : dict->entries()) items.push_back(self.list({key, entry}, true));
  } else if (!value.is_undefined()) {
    template_failure("Can only get item pairs from a mapping.");
  }
  return self.list(std::move(items));
}

Value extreme(Interpreter& self, In value, Args arguments, bool smallest) {
  const auto bound = bind_arguments(arguments, {"case_sensitive", "attribute"}, "min and max");
  const bool exact = bound[0] != nullptr && bound[0]->truthy();
  const Value* best = nullptr;
  Value best_key;
  const auto items = self.iterate(value);
  for (const Value& item : items->items) {
    Value key = bound[1] != nullptr ? dotted(self, item, *bound[1]) : item;
    if (!exact) key = without_case(self, key);
    if (best == nullptr || (smallest ? less_than(key, best_key) : less_than(best_key, key))) {
      best = &item;
      best_key = key;
    }
  }
  return best != nullptr ? *best : Value::undefined("No aggregated item, sequence was empty.");
}

Value minimum(Interpreter& self, In value, Args arguments) {
  return extreme(self, value, arguments, true);
}

Value maximum(Interpreter& self, In value, Args arguments) {
  return extreme(self, value, arguments, false);
}

Value sum(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"attribute", "start"}, "sum");
  Value total = bound[1] != nullptr ? *bound[1] : Value(std::int64_t{0});
  const auto sequence = self.iterate(value);
  for (const Value& item : sequence->items) {
    const bool by_attribute = bound[0] != nullptr && !bound[0]->is_none();
    total = binary_operation(self, "+", total, by_attribute ? dotted(self, item, *bound[0]) : item);
  }
  return total;
}

Arguments rest(const Arguments& arguments, std::size_t from) {
  Arguments out;
  out.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(from),
                        arguments.positional.end());
  out.named = arguments.named;
  return out;
}

Value map(Interpreter& self, In value, Args arguments) {
  std::vector<Value> out;
  const auto items = self.iterate(value);
  if (arguments.positional.empty()) {
    const auto bound = bind_arguments(arguments, {"attribute", "default"}, "map");
    if (bound[0] == nullptr) template_failure("map requires a filter argument");
    for (const Value& item : items->items) {
      Value found = dotted(self, item, *bound[0]);
      if (found.is_undefined() && bound[1] != nullptr) found = *bound[1];
      out.push_back(std::move(found));
    }
  } else {
    const std::string& name = string_argument(arguments.positional[0], "map");
    const Arguments others = rest(arguments, 1);
    for (const Value& item : items->items) out.push_back(self.filter(name, item, others));
  }
  return self.list(std::move(out));
}

/// select, reject, selectattr, rejectattr.
Value choose(Interpreter& self, In value, Args arguments, bool by_attribute, bool wanted) {
  const std::size_t offset = by_attribute ? 1 : 0;
  if (arguments.positional.size() < offset) {
    template_failure("Missing parameter for attribute name");
  }
  const bool with_test = arguments.positional.size() > offset;
  const std::string name =
      with_test ? string_argument(arguments.positional[offset], "select") : std::string();
  const Arguments others = rest(arguments, std::min(offset + 1, arguments.positional.size()));
  std::vector<Value> kept;
  const auto sequence = self.iterate(value);
  for (const Value& item : sequence->items) {
    self.step();
    const Value subject = by_attribute ? dotted(self, item, arguments.positional[0]) : item;
    const bool holds = with_test ? self.test(name, subject, others) : subject.truthy();
    if (holds == wanted) kept.push_back(item);
  }
  return self.list(std::move(kept));
}

Value select(Interpreter& self, In value, Args arguments) {
  return choose(self, value, arguments, false, true);
}
Value reject(Interpreter& self, In value, Args arguments) {
  return choose(self, value, arguments, false, false);
}
Value selectattr(Interpreter& self, In value, Args arguments) {
  return choose(self, value, arguments, true, true);
}
Value rejectattr(Interpreter& self, In value, Args arguments) {
  return choose(self, value, arguments, true, false);
}

}  // namespace

FilterFunction find_sequence_filter(std::string_view name) {
  static const std::unordered_map<std::string_view, FilterFunction> filters = {
      {"length", length},
      {"count", length},
      {"join", join},
      {"first", first},
      {"last", last},
      {"list", list_filter},
      {"reverse", reverse},
      {"unique", unique},
      {"sort", sort},
      {"dictsort", dictsort},
      {"items", items_filter},
      {"min", minimum},
      {"max", maximum},
      {"sum", sum},
      {"map", map},
      {"select", select},
      {"reject", reject},
      {"selectattr", selectattr},
      {"rejectattr", rejectattr}};
  const auto it = filters.find(name);
  return it == filters.end() ? nullptr : it->second;
}

}  // namespace firstlight::nn
