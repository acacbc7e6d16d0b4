// Methods of texts, lists, dicts and loops, and the functions that every template has.
#include <algorithm>
#include <array>
#include <ctime>
#include <unordered_map>
#include <utility>

#include "jinja/interpreter.h"
#include "jinja/strings.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

using In = const Value&;
using Args = const Arguments&;
using Method = Value (*)(Interpreter&, In, Args);
using MethodTable = std::unordered_map<std::string_view, Method>;

std::optional<std::string> optional_text(const Value* value, std::string_view what) {
  if (value == nullptr || value->is_none()) return std::nullopt;
  return string_argument(*value, what);
}

const Value& required(const Value* value, std::string_view what) {
  if (value == nullptr) template_failure(std::string(what) + "() needs another argument");
  return *value;
}

template <bool Left, bool Right>
Value strip_method(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"chars"}, "strip");
  return self.text(strip(v.as_string(), optional_text(bound[0], "strip"), Left, Right));
}

Value texts(Interpreter& self, std::vector<std::string> parts) {
  std::vector<Value> items;
  for (std::string& part : parts) items.push_back(self.text(std::move(part)));
  return self.list(std::move(items));
}

template <bool FromRight>
Value split_method(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"sep", "maxsplit"}, "split");
  const std::int64_t limit = bound[1] != nullptr ? int_argument(*bound[1], "split") : -1;
  const auto by = optional_text(bound[0], "split");
  if (!FromRight || limit < 0) return texts(self, split_string(v.as_string(), by, limit));
  if (!by) template_failure("rsplit() with a limit needs a separator");
  return texts(self, rsplit_string(v.as_string(), *by, limit));
}

Value splitlines(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"keepends"}, "splitlines");
  return texts(self, split_lines(v.as_string(), bound[0] != nullptr && bound[0]->truthy()));
}

/// startswith and endswith, of a text or any of a tuple.
template <bool Start>
Value affix(Interpreter&, In v, Args a) {
  const auto bound = bind_arguments(a, {"prefix"}, Start ? "startswith" : "endswith");
  const Value& wanted = required(bound[0], "startswith");
  const auto holds = [&](const Value& part) {
    const std::string& text = string_argument(part, "startswith");
    return Start ? v.as_string().starts_with(text) : v.as_string().ends_with(text);
  };
  const ListValue* list = wanted.as_list();
  if (list == nullptr || !list->is_tuple) return Value(holds(wanted));
  return Value(std::any_of(list->items.begin(), list->items.end(), holds));
}

template <bool Prefix>
Value remove_affix(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"affix"}, "removeprefix");
  const std::string& affix_text =
      string_argument(required(bound[0], "removeprefix"), "removeprefix");
  std::string s = v.as_string();
  if (Prefix ? s.starts_with(affix_text) : s.ends_with(affix_text)) {
    s = Prefix ? s.substr(affix_text.size()) : s.substr(0, s.size() - affix_text.size());
  }
  return self.text(std::move(s));
}

template <std::string (*Change)(std::string_view)>
Value changed_case(Interpreter& self, In v, Args a) {
  bind_arguments(a, {}, "a change of case");
  return self.text(Change(v.as_string()));
}

Value replace_method(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"old", "new", "count"}, "replace");
  self.step(v.as_string().size() / 64);
  return self.text(replace_string(
      v.as_string(), string_argument(required(bound[0], "replace"), "replace"),
      string_argument(required(bound[1], "replace"), "replace"),
      bound[2] != nullptr ? int_argument(*bound[2], "replace") : -1, Interpreter::kMaxOutput));
}

Value join_method(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"iterable"}, "join");
  std::string out;
  const char* separator = "";
  const auto sequence = self.iterate(required(bound[0], "join"));
  for (const Value& item : sequence->items) {
    out += separator;
    separator = v.as_string().c_str();
    self.charge(v.as_string().size());
    out += string_argument(item, "join");
  }
  return self.text(std::move(out));
}

/// Position in characters of a byte position that find gave, -1 for none.
Value position(const std::string& s, std::size_t at) {
  return at == std::string::npos ? Value(std::int64_t{-1})
                                 : Value::size(string_length(std::string_view(s).substr(0, at)));
}

template <bool FromRight, bool MustExist>
Value find_text(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"sub"}, "find");
  const std::string& s = v.as_string();
  const std::string& wanted = string_argument(required(bound[0], "find"), "find");
  self.step(s.size() / 64);
  const std::size_t at = FromRight ? s.rfind(wanted) : s.find(wanted);
  if (MustExist && at == std::string::npos) template_failure("substring not found");
  return position(s, at);
}

Value count_text(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"sub"}, "count");
  const std::string& s = v.as_string();
  const std::string& wanted = string_argument(required(bound[0], "count"), "count");
  self.step(s.size() / 64);
  if (wanted.empty()) return Value::size(string_length(s) + 1);
  std::size_t n = 0;
  for (std::size_t at = s.find(wanted); at != std::string::npos;
       at = s.find(wanted, at + wanted.size())) {
    ++n;
  }
  return Value::size(n);
}

template <bool (*Holds)(char32_t)>
Value all_characters(Interpreter& self, In v, Args a) {
  bind_arguments(a, {}, "a question about characters");
  const std::string& s = v.as_string();
  self.step(s.size() / 64);
  for (std::size_t i = 0; i < s.size(); i += utf8_length(s, i)) {
    if (!Holds(utf8_decode(s, i))) return Value(false);
  }
  return Value(!s.empty());
}

template <bool FromRight>
Value partition(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"sep"}, "partition");
  const std::string& s = v.as_string();
  const std::string& by = string_argument(required(bound[0], "partition"), "partition");
  if (by.empty()) template_failure("empty separator");
  const std::size_t at = FromRight ? s.rfind(by) : s.find(by);
  if (at == std::string::npos) {
    return FromRight ? self.list({Value(""), Value(""), v}, true)
                     : self.list({v, Value(""), Value("")}, true);
  }
  return self.list({self.text(s.substr(0, at)), Value(by), self.text(s.substr(at + by.size()))},
                   true);
}

const MethodTable& string_methods() {
  static const MethodTable methods = {{"strip", strip_method<true, true>},
                                      {"lstrip", strip_method<true, false>},
                                      {"rstrip", strip_method<false, true>},
                                      {"split", split_method<false>},
                                      {"rsplit", split_method<true>},
                                      {"splitlines", splitlines},
                                      {"startswith", affix<true>},
                                      {"endswith", affix<false>},
                                      {"removeprefix", remove_affix<true>},
                                      {"removesuffix", remove_affix<false>},
                                      {"upper", changed_case<to_upper>},
                                      {"lower", changed_case<to_lower>},
                                      {"title", changed_case<title_words>},
                                      {"capitalize", changed_case<capitalize>},
                                      {"replace", replace_method},
                                      {"join", join_method},
                                      {"find", find_text<false, false>},
                                      {"rfind", find_text<true, false>},
                                      {"index", find_text<false, true>},
                                      {"rindex", find_text<true, true>},
                                      {"count", count_text},
                                      {"isdigit", all_characters<is_digit>},
                                      {"isalpha", all_characters<is_letter>},
                                      {"isalnum", all_characters<is_alphanumeric>},
                                      {"isspace", all_characters<is_python_space>},
                                      {"partition", partition<false>},
                                      {"rpartition", partition<true>}};
  return methods;
}

Value list_index(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"value"}, "index");
  const auto& items = v.as_list()->items;
  self.step(items.size() / 8);
  const auto it = std::find(items.begin(), items.end(), required(bound[0], "index"));
  if (it == items.end()) template_failure(bound[0]->repr() + " is not in list");
  return Value::size(static_cast<std::size_t>(it - items.begin()));
}

Value list_count(Interpreter& self, In v, Args a) {
  const auto bound = bind_arguments(a, {"value"}, "count");
  const auto& items = v.as_list()->items;
  self.step(items.size() / 8);
  return Value::size(static_cast<std::size_t>(
      std::count(items.begin(), items.end(), required(bound[0], "count"))));
}

Value copy(Interpreter&, In v, Args a) {
  bind_arguments(a, {}, "copy");
  return v;  // nothing can change either
}

Value dict_get(Interpreter&, In v, Args a) {
  const auto bound = bind_arguments(a, {"key", "default"}, "get");
  const Value* found = v.as_dict()->find(required(bound[0], "get"));
  if (found != nullptr) return *found;
  return bound[1] != nullptr ? *bound[1] : Value();
}

Value dict_items(Interpreter& self, In v, Args a) {
  return find_sequence_filter("items")(self, v, a);
}

Value dict_keys(Interpreter& self, In v, Args a) {
  bind_arguments(a, {}, "keys");
  return self.list(self.iterate(v)->items);
}

Value dict_values(Interpreter& self, In v, Args a) {
  bind_arguments(a, {}, "values");
  std::vector<Value> items;
  for (const auto& [key, value] : v.as_dict()->entries()) items.push_back(value);
  return self.list(std::move(items));
}

Value loop_cycle(Interpreter&, In v, Args a) {
  if (a.positional.empty()) template_failure("no items for cycling given");
  return a.positional[v.as_loop()->index0 % a.positional.size()];
}

Value loop_changed(Interpreter& self, In v, Args a) {
  // A text, not the values: a loop that held itself would never be freed.
  std::string now = self.list(a.positional).repr();
  self.charge(now.size());
  std::string& last = v.as_loop()->last_changed;
  return Value(std::exchange(last, now) != now);
}

bool modifies(const Value& object, std::string_view name) {
  static constexpr std::array<std::string_view, 8> kList = {"append", "clear", "pop",    "reverse",
                                                            "insert", "sort",  "extend", "remove"};
  static constexpr std::array<std::string_view, 5> kDict = {"clear", "pop", "popitem", "setdefault",
                                                            "update"};
  if (object.as_dict() != nullptr)
    return std::find(kDict.begin(), kDict.end(), name) != kDict.end();
  return object.as_list() != nullptr && !object.as_list()->is_tuple &&
         std::find(kList.begin(), kList.end(), name) != kList.end();
}

const MethodTable& methods_of(const Value& object) {
  static const MethodTable list = {{"index", list_index}, {"count", list_count}, {"copy", copy}};
  static const MethodTable dict = {{"get", dict_get},
                                   {"items", dict_items},
                                   {"keys", dict_keys},
                                   {"values", dict_values},
                                   {"copy", copy}};
  static const MethodTable loop = {{"cycle", loop_cycle}, {"changed", loop_changed}};
  static const MethodTable none;
  if (object.is_string()) return string_methods();
  if (object.as_list() != nullptr) return list;
  if (object.as_dict() != nullptr) return dict;
  if (object.as_loop() != nullptr) return loop;
  return none;
}

Value raise_exception(Interpreter&, const Arguments& a) {
  const auto bound = bind_arguments(a, {"message"}, "raise_exception");
  template_failure(required(bound[0], "raise_exception").str());
}

Value strftime_now(Interpreter& self, const Arguments& a) {
  const auto bound = bind_arguments(a, {"format"}, "strftime_now");
  const std::string& format = string_argument(required(bound[0], "strftime_now"), "strftime_now");
  if (format.size() > 200) template_failure("strftime_now: a format longer than 200 bytes");
  std::array<char, 4096> out{};
  const std::tm now = self.now();
  const std::size_t n = std::strftime(out.data(), out.size(), format.c_str(), &now);
  return self.text(std::string(out.data(), n));
}

Value range(Interpreter& self, const Arguments& a) {
  const std::size_t n = a.positional.size();
  if (n < 1 || n > 3 || !a.named.empty()) template_failure("range takes one to three numbers");
  std::int64_t begin = n > 1 ? int_argument(a.positional[0], "range") : 0;
  const std::int64_t end = int_argument(a.positional[n > 1 ? 1 : 0], "range");
  const std::int64_t step = n > 2 ? int_argument(a.positional[2], "range") : 1;
  if (step == 0) template_failure("range() arg 3 must not be zero");
  std::vector<Value> items;
  while (step > 0 ? begin < end : begin > end) {
    if (items.size() >= 100000) template_failure("Range too big (100000 items are allowed)");
    items.emplace_back(begin);
    if (__builtin_add_overflow(begin, step, &begin)) break;
  }
  return self.list(std::move(items));
}

std::shared_ptr<DictValue> dict_of(Interpreter& self, const Arguments& a, std::string_view what) {
  auto dict = std::make_shared<DictValue>();
  if (a.positional.size() > 1) template_failure(std::string(what) + " takes one mapping");
  if (!a.positional.empty()) {
    if (const DictValue* from = a.positional[0].as_dict()) {
      for (const auto& [key, value] : from->entries()) dict->set(key, value);
    } else {
      const auto sequence = self.iterate(a.positional[0]);
      for (const Value& pair : sequence->items) {
        const auto parts = self.iterate(pair);
        if (parts->items.size() != 2) template_failure(std::string(what) + " needs pairs");
        dict->set(parts->items[0], parts->items[1]);
      }
    }
  }
  for (const auto& [key, value] : a.named) dict->set(Value(key), value);
  self.charge(dict->entries().size() * 128);
  return dict;
}

Value dict_function(Interpreter& self, const Arguments& a) {
  return Value(dict_of(self, a, "dict"));
}

Value namespace_function(Interpreter& self, const Arguments& a) {
  auto ns = std::make_shared<NamespaceValue>();
  const auto attributes = dict_of(self, a, "namespace");
  for (const auto& [key, value] : attributes->entries()) {
    const std::string& name = string_argument(key, "namespace");
    if (name.starts_with('_')) {
      template_failure("a namespace cannot have an attribute that begins with an underscore");
    }
    ns->set(name, value);
  }
  return Value(std::move(ns));
}

}  // namespace

std::optional<Value> find_method(const Value& object, const std::string& name) {
  if (modifies(object, name)) {
    return Value::undefined("access to attribute '" + name + "' of '" + object.type_name() +
                            "' object is unsafe: chat templates cannot change lists and dicts");
  }
  const MethodTable& methods = methods_of(object);
  const auto it = methods.find(std::string_view(name));
  if (it == methods.end()) return std::nullopt;
  auto bound = std::make_shared<CallableValue>();
  bound->name = name;
  bound->depth = nesting(object) + 1;
  bound->call = [object, method = it->second](Interpreter& self, const Arguments& arguments) {
    return method(self, object, arguments);
  };
  return Value(std::shared_ptr<const CallableValue>(std::move(bound)));
}

std::optional<Value> find_function(const std::string& name) {
  using Function = Value (*)(Interpreter&, const Arguments&);
  static const std::unordered_map<std::string_view, Function> functions = {
      {"raise_exception", raise_exception},
      {"strftime_now", strftime_now},
      {"range", range},
      {"dict", dict_function},
      {"namespace", namespace_function}};
  const auto it = functions.find(std::string_view(name));
  if (it == functions.end()) return std::nullopt;
  auto function = std::make_shared<CallableValue>();
  function->name = name;
  function->call = it->second;
  return Value(std::shared_ptr<const CallableValue>(std::move(function)));
}

}  // namespace firstlight::nn
