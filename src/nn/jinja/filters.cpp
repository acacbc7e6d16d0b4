// Filters on one value; those on sequences are in sequence_filters.cpp.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "firstlight/base/text.h"
#include "jinja/interpreter.h"
#include "jinja/strings.h"

namespace firstlight::nn {
namespace {

using In = const Value&;
using Args = const Arguments&;

Value trim(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"chars"}, "trim");
  std::optional<std::string> chars;
  if (bound[0] != nullptr && !bound[0]->is_none()) chars = string_argument(*bound[0], "trim");
  return self.text(strip(value.str(), chars, true, true));
}

Value upper(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "upper");
  return self.text(to_upper(value.str()));
}

Value lower(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "lower");
  return self.text(to_lower(value.str()));
}

Value capitalize_filter(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "capitalize");
  return self.text(capitalize(value.str()));
}

Value title(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "title");
  return self.text(title_filter(value.str()));
}

Value replace(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"old", "new", "count"}, "replace");
  if (bound[0] == nullptr || bound[1] == nullptr) template_failure("replace needs two arguments");
  const bool limited = bound[2] != nullptr && !bound[2]->is_none();
  const std::string text = value.str();
  self.step(text.size() / 64);
  return self.text(replace_string(text, bound[0]->str(), bound[1]->str(),
                                  limited ? int_argument(*bound[2], "replace") : -1,
                                  Interpreter::kMaxOutput));
}

Value default_filter(Interpreter&, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"default_value", "boolean"}, "default");
  const bool boolean = bound[1] != nullptr && bound[1]->truthy();
  if (!value.is_undefined() && !(boolean && !value.truthy())) return value;
  return bound[0] != nullptr ? *bound[0] : Value("");
}

Value tojson(Interpreter& self, In value, Args arguments) {
  const auto bound =
      bind_arguments(arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, "tojson");
  JsonStyle style;
  style.ensure_ascii = bound[0] != nullptr && bound[0]->truthy();
  if (bound[1] != nullptr && !bound[1]->is_none()) {
    if (bound[1]->is_string()) {
      style.indent_text = bound[1]->as_string();
      if (style.indent_text.empty()) style.indent = 0;
    } else {
      const std::int64_t indent = int_argument(*bound[1], "tojson");
      if (indent > 100) template_failure("tojson: an indent above 100");
      style.indent = static_cast<int>(std::max<std::int64_t>(indent, 0));
    }
    style.item_separator = ",";
  }
  if (bound[2] != nullptr && !bound[2]->is_none()) {
    const ListValue* pair = bound[2]->as_list();
    if (pair == nullptr || pair->items.size() != 2) {
      template_failure("tojson: separators must be a pair");
    }
    style.item_separator = string_argument(pair->items[0], "tojson");
    style.key_separator = string_argument(pair->items[1], "tojson");
  }
  style.sort_keys = bound[3] != nullptr && bound[3]->truthy();
  return self.text(to_json(value, style));
}

Value string_filter(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "string");
  return value.is_string() ? value : self.text(value.str());
}

/// A text as Python's float() reads it.
std::optional<double> parse_float(const std::string& text) {
  const std::string trimmed = strip(text, std::nullopt, true, true);
  return text::parse_double(trimmed);
}

Value int_filter(Interpreter&, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"default", "base"}, "int");
  const Value fallback = bound[0] != nullptr ? *bound[0] : Value(std::int64_t{0});
  const std::int64_t base = bound[1] != nullptr ? int_argument(*bound[1], "int") : 10;
  if (base != 10 && base != 16 && base != 8 && base != 2) template_failure("int: unusual base");
  if (value.is_integral()) return Value(value.as_int());
  std::optional<double> number;
  if (value.is_float()) number = value.as_double();
  if (value.is_string()) {
    const std::string trimmed = strip(value.as_string(), std::nullopt, true, true);
    char* end = nullptr;
    errno = 0;
    const long long parsed = std::strtoll(trimmed.c_str(), &end, static_cast<int>(base));
    if (!trimmed.empty() && errno == 0 && end == trimmed.c_str() + trimmed.size()) {
      return Value(static_cast<std::int64_t>(parsed));
    }
    number = parse_float(trimmed);
  }
  if (!number || !std::isfinite(*number) || std::abs(*number) > 9e18) return fallback;
  return Value(static_cast<std::int64_t>(*number));
}

Value float_filter(Interpreter&, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"default"}, "float");
  if (value.is_number()) return Value(value.as_double());
  if (value.is_string()) {
    if (const auto number = parse_float(value.as_string())) return Value(*number);
  }
  return bound[0] != nullptr ? *bound[0] : Value(0.0);
}

Value abs_filter(Interpreter& self, In value, Args arguments) {
  bind_arguments(arguments, {}, "abs");
  if (!value.is_number())
    template_failure("bad operand type for abs(): '" + value.type_name() + "'");
  if (value.is_float()) return Value(std::abs(value.as_double()));
  return value.as_int() < 0 ? binary_operation(self, "-", Value(std::int64_t{0}), value)
                            : Value(value.as_int());
}

Value round_filter(Interpreter&, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"precision", "method"}, "round");
  if (!value.is_number()) template_failure("round: a number is needed");
  const std::int64_t precision = bound[0] != nullptr ? int_argument(*bound[0], "round") : 0;
  const std::string method = bound[1] != nullptr ? string_argument(*bound[1], "round") : "common";
  if (precision < -15 || precision > 15) template_failure("round: precision beyond 15 digits");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double x = value.as_double() * scale;
  if (method == "common") {
    if (value.is_integral() && precision >= 0) return Value(value.as_int());
    if (precision < 0) return Value(std::nearbyint(x) / scale);
    // Printing rounds the exact value, which the product above has lost.
    std::array<char, 400> digits{};
    std::snprintf(digits.data(), digits.size(), "%.*f", static_cast<int>(precision),
                  value.as_double());
    return Value(std::strtod(digits.data(), nullptr));
  }
  if (method == "ceil") return Value(std::ceil(x) / scale);
  if (method == "floor") return Value(std::floor(x) / scale);
  template_failure("round: the method must be common, ceil or floor");
}

Value indent(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"width", "first", "blank"}, "indent");
  std::string indention(4, ' ');
  if (bound[0] != nullptr) {
    if (bound[0]->is_string()) {
      indention = bound[0]->as_string();
    } else {
      const std::int64_t width = int_argument(*bound[0], "indent");
      if (width > 1000) template_failure("indent: wider than 1000");
      indention.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
    }
  }
  const bool first = bound[1] != nullptr && bound[1]->truthy();
  const bool blank = bound[2] != nullptr && bound[2]->truthy();
  const std::vector<std::string> lines = split_lines(value.str() + "\n", false);
  self.charge(lines.size() * indention.size());
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i == 0 ? first : (blank || !lines[i].empty())) out += indention;
    out += lines[i];
  }
  return self.text(std::move(out));
}

Value format(Interpreter& self, In value, Args arguments) {
  if (!arguments.named.empty()) template_failure("format: only positional arguments are supported");
  return binary_operation(self, "%", Value(value.str()), self.list(arguments.positional, true));
}

Value wordcount(Interpreter&, In value, Args arguments) {
  bind_arguments(arguments, {}, "wordcount");
  std::size_t words = 0;
  bool inside = false;
  for (const std::string& c : characters(value.str())) {
    const bool is_word =
        c == "_" || (c.size() > 1 || std::isalnum(static_cast<unsigned char>(c[0])) != 0);
    if (is_word && !inside) ++words;
    inside = is_word;
  }
  return Value::size(words);
}

Value attr(Interpreter& self, In value, Args arguments) {
  const auto bound = bind_arguments(arguments, {"name"}, "attr");
  if (bound[0] == nullptr) template_failure("attr needs a name");
  return self.attribute(value, string_argument(*bound[0], "attr"));
}

}  // namespace

FilterFunction find_filter(std::string_view name) {
  static const std::unordered_map<std::string_view, FilterFunction> filters = {
      {"trim", trim},
      {"upper", upper},
      {"lower", lower},
      {"title", title},
      {"replace", replace},
      {"default", default_filter},
      {"d", default_filter},
      {"tojson", tojson},
      {"string", string_filter},
      {"safe", string_filter},
      {"int", int_filter},
      {"float", float_filter},
      {"abs", abs_filter},
      {"round", round_filter},
      {"indent", indent},
      {"format", format},
      {"wordcount", wordcount},
      {"attr", attr},
      {"capitalize", capitalize_filter}};
  const auto it = filters.find(name);
  return it == filters.end() ? nullptr : it->second;
}

std::vector<const Value*> bind_arguments(const Arguments& arguments,
                                         std::initializer_list<std::string_view> names,
                                         std::string_view what) {
  std::vector<const Value*> bound(names.size(), nullptr);
  if (arguments.positional.size() > names.size()) {
    template_failure(std::string(what) + " takes at most " + std::to_string(names.size()) +
                     " argument(s)");
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    bound[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    const auto* const at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) template_failure(std::string(what) + " has no argument '" + name + "'");
    const auto index = static_cast<std::size_t>(at - names.begin());
    if (bound[index] != nullptr) template_failure(std::string(what) + " got '" + name + "' twice");
    bound[index] = &value;
  }
  return bound;
}

std::int64_t int_argument(const Value& value, std::string_view what) {
  if (!value.is_integral()) {
    template_failure(std::string(what) + " needs a whole number, not '" + value.type_name() + "'");
  }
  return value.as_int();
}

const std::string& string_argument(const Value& value, std::string_view what) {
  if (value.is_undefined()) template_failure(value.as_undefined().message);
  if (!value.is_string()) {
    template_failure(std::string(what) + " needs a text, not '" + value.type_name() + "'");
  }
  return value.as_string();
}

}  // namespace firstlight::nn
