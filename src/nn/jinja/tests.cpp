// Tests: what may follow "is".
#include <algorithm>
#include <unordered_map>

#include "jinja/interpreter.h"
#include "jinja/strings.h"

namespace firstlight::nn {
namespace {

using In = const Value&;
using Args = const Arguments&;

const Value& one(Args arguments, std::string_view what) {
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    template_failure("the test '" + std::string(what) + "' needs one argument");
  }
  return arguments.positional[0];
}

std::int64_t whole(In value, std::string_view what) { return int_argument(value, what); }

bool defined(Interpreter&, In v, Args) { return !v.is_undefined(); }
bool undefined(Interpreter&, In v, Args) { return v.is_undefined(); }
bool none(Interpreter&, In v, Args) { return v.is_none(); }
bool string(Interpreter&, In v, Args) { return v.is_string(); }
bool mapping(Interpreter&, In v, Args) { return v.as_dict() != nullptr; }
bool sequence(Interpreter&, In v, Args) {
  return v.is_string() || v.as_list() != nullptr || v.as_dict() != nullptr || v.is_undefined();
}
bool iterable(Interpreter& self, In v, Args a) { return sequence(self, v, a); }
bool number(Interpreter&, In v, Args) { return v.is_number(); }
bool integer(Interpreter&, In v, Args) { return v.is_int(); }
bool floating(Interpreter&, In v, Args) { return v.is_float(); }
bool boolean(Interpreter&, In v, Args) { return v.is_bool(); }
bool is_true(Interpreter&, In v, Args) { return v.is_bool() && v.as_int() != 0; }
bool is_false(Interpreter&, In v, Args) { return v.is_bool() && v.as_int() == 0; }
bool callable(Interpreter&, In v, Args) { return v.as_callable() != nullptr; }
bool odd(Interpreter&, In v, Args) { return whole(v, "odd") % 2 != 0; }
bool even(Interpreter&, In v, Args) { return whole(v, "even") % 2 == 0; }
bool divisible(Interpreter&, In v, Args a) {
  const std::int64_t by = whole(one(a, "divisibleby"), "divisibleby");
  if (by == 0) template_failure("division by zero");
  return by == -1 || whole(v, "divisibleby") % by == 0;
}
bool lower(Interpreter&, In v, Args) {
  return to_lower(v.str()) == v.str() && to_upper(v.str()) != v.str();
}
bool upper(Interpreter&, In v, Args) {
  return to_upper(v.str()) == v.str() && to_lower(v.str()) != v.str();
}
bool is_in(Interpreter& self, In v, Args a) { return compare_values(self, "in", v, one(a, "in")); }
bool equal(Interpreter& self, In v, Args a) { return compare_values(self, "==", v, one(a, "eq")); }
bool unequal(Interpreter& self, In v, Args a) {
  return compare_values(self, "!=", v, one(a, "ne"));
}
bool less(Interpreter& self, In v, Args a) { return compare_values(self, "<", v, one(a, "lt")); }
bool greater(Interpreter& self, In v, Args a) { return compare_values(self, ">", v, one(a, "gt")); }
bool at_most(Interpreter& self, In v, Args a) {
  return compare_values(self, "<=", v, one(a, "le"));
}
bool at_least(Interpreter& self, In v, Args a) {
  return compare_values(self, ">=", v, one(a, "ge"));
}
bool same(Interpreter&, In v, Args a) {
  const Value& other = one(a, "sameas");
  return v.type_name() == other.type_name() && v == other;
}
bool is_filter(Interpreter&, In v, Args) {
  return v.is_string() &&
         (find_filter(v.as_string()) != nullptr || find_sequence_filter(v.as_string()) != nullptr);
}
bool is_test(Interpreter&, In v, Args) {
  return v.is_string() && find_test(v.as_string()) != nullptr;
}

}  // namespace

TestFunction find_test(std::string_view name) {
  static const std::unordered_map<std::string_view, TestFunction> tests = {
      {"defined", defined},
      {"undefined", undefined},
      {"none", none},
      {"string", string},
      {"mapping", mapping},
      {"sequence", sequence},
      {"iterable", iterable},
      {"number", number},
      {"integer", integer},
      {"float", floating},
      {"boolean", boolean},
      {"true", is_true},
      {"false", is_false},
      {"callable", callable},
      {"odd", odd},
      {"even", even},
      {"divisibleby", divisible},
      {"lower", lower},
      {"upper", upper},
      {"in", is_in},
      {"eq", equal},
      {"equalto", equal},
      {"==", equal},
      {"ne", unequal},
      {"!=", unequal},
      {"lt", less},
      {"lessthan", less},
      {"<", less},
      {"gt", greater},
      {"greaterthan", greater},
      {">", greater},
      {"le", at_most},
      {"<=", at_most},
      {"ge", at_least},
      {">=", at_least},
      {"sameas", same},
      {"filter", is_filter},
      {"test", is_test}};
  const auto it = tests.find(name);
  return it == tests.end() ? nullptr : it->second;
}

}  // namespace firstlight::nn
