#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "jinja/value.h"
#include "tokenizer/utf8.h"

namespace firstlight::nn {
namespace {

void append_escape(std::string& out, unsigned unit) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit);
  out += text.data();
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int depth) {
    if (depth > 100) template_failure("tojson: nested too deeply");
    if (value.is_none()) {
      out += "null";
    } else if (value.is_bool()) {
      out += value.as_int() != 0 ? "true" : "false";
    } else if (value.is_int()) {
      out += value.repr();
    } else if (value.is_float()) {
      write_float(value.as_double());
    } else if (value.is_string()) {
      write_string(value.as_string());
    } else if (const ListValue* list = value.as_list()) {
      write_list(*list, depth);
    } else if (const DictValue* dict = value.as_dict()) {
      write_dict(*dict, depth);
    } else {
      template_failure("Object of type " + value.type_name() + " is not JSON serializable");
    }
  }

  std::string out;

 private:
  void write_float(double x) {
    if (std::isnan(x)) {
      out += "NaN";
    } else if (std::isinf(x)) {
      out += x < 0 ? "-Infinity" : "Infinity";
    } else {
      out += float_repr(x);
    }
  }

  void write_string(const std::string& s) {
    out += '"';
    for (std::size_t i = 0; i < s.size(); i += utf8_length(s, i)) {
      const char32_t c = utf8_decode(s, i);
      static constexpr std::string_view kPlain = "\"\\\n\r\t\b\f";
      static constexpr std::string_view kLetters = "\"\\nrtbf";
      const std::size_t special = c < 0x80 ? kPlain.find(static_cast<char>(c)) : std::string::npos;
      if (special != std::string_view::npos) {
        out += '\\';
        out += kLetters[special];
      } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F)) {
        if (c == 0x7F) {
          out += '\x7f';
        } else if (c < 0x10000) {
          append_escape(out, static_cast<unsigned>(c));
        } else {
          append_escape(out, 0xD800U + static_cast<unsigned>((c - 0x10000) >> 10));
          append_escape(out, 0xDC00U + static_cast<unsigned>((c - 0x10000) & 0x3FF));
        }
      } else {
        out.append(s, i, utf8_length(s, i));
      }
    }
    out += '"';
  }

  void new_line(int depth) {
    if (style_.indent < 0 && style_.indent_text.empty()) return;
    out += '\n';
    for (int i = 0; i < depth; ++i) {
      if (style_.indent_text.empty()) {
        out.append(static_cast<std::size_t>(style_.indent), ' ');
      } else {
        out += style_.indent_text;
      }
    }
  }

  void write_list(const ListValue& list, int depth) {
    if (list.items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(depth + 1);
      write(list.items[i], depth + 1);
    }
    new_line(depth);
    out += ']';
  }

  static std::string key_text(const Value& key) {
    if (key.is_string()) return key.as_string();
    if (key.is_none()) return "null";
    if (key.is_bool()) return key.as_int() != 0 ? "true" : "false";
    if (key.is_number()) return key.repr();
    template_failure("keys must be str, int, float, bool or None, not " + key.type_name());
  }

  void write_dict(const DictValue& dict, int depth) {
    if (dict.entries().empty()) {
      out += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) {
        return key_text(a->first) < key_text(b->first);
      });
    }
    out += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(depth + 1);
      write_string(key_text(entries[i]->first));
      out += style_.key_separator;
      write(entries[i]->second, depth + 1);
    }
    new_line(depth);
    out += '}';
  }

  const JsonStyle& style_;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace firstlight::nn
