#include "firstlight/task/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <utility>

#include "firstlight/base/text.h"

namespace firstlight::yaml {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxValues = 20'000;
constexpr std::size_t kMaxDepth = 16;
constexpr const char* kDocumentEnd = "...\n";

std::string at_line(const std::string& origin, int line) {
  return origin + ":" + std::to_string(line);
}

/// yaml-cpp takes the byte 0x04 for the end of the file and repairs broken UTF-8 silently, so both
/// are refused here.
void require_clean_text(std::string_view content, const std::string& origin) {
  int line = 1;
  for (std::size_t i = 0; i < content.size();) {
    const auto [length, well_formed] = text::utf8_sequence(content.substr(i));
    if (!well_formed) {
      throw Error::usage(at_line(origin, line), "is not valid UTF-8", "save the file as UTF-8");
    }
    const auto byte = static_cast<unsigned char>(content[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
      throw Error::usage(at_line(origin, line), "holds a control character", "remove it");
    }
    if (byte == '\n') ++line;
    i += length;
  }
}

}  // namespace

std::string Node::where() const { return at_line(source_->origin, line_); }

Error Node::error(std::string_view what, std::string_view advice) const {
  return Error::usage(where(), what, advice);
}

Error Node::error_at(int line, std::string_view what, std::string_view advice) const {
  return Error::usage(at_line(source_->origin, line), what, advice);
}

int Node::line_of(std::string_view needle, std::size_t occurrence) const {
  const std::string& text = source_->text;
  std::size_t at = 0;
  for (int line = 1; line < line_; ++line) {
    at = text.find('\n', at);
    if (at == std::string::npos) return line_;
    ++at;
  }
  const std::size_t begin = at;
  for (std::size_t i = 0;; ++i) {
    at = text.find(needle, at);
    if (at == std::string::npos) return line_;
    if (i == occurrence) break;
    at += std::max<std::size_t>(1, needle.size());
  }
  return line_ + static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                             text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

Error Node::wrong_type(std::string_view wanted) const {
  static constexpr const char* kNames[] = {"empty", "a single value", "a list", "a map"};
  const std::string name = path_.empty() ? "the file" : "'" + path_ + "'";
  return error(name + " must be " + std::string(wanted) + ", but is " +
               kNames[static_cast<int>(kind_)]);
}

const std::string& Node::text() const {
  if (kind_ != Kind::kScalar) throw wrong_type("a text");
  return scalar_;
}

std::int64_t Node::integer(std::int64_t low, std::int64_t high) const {
  if (kind_ != Kind::kScalar) throw wrong_type("a whole number");
  const auto value = text::parse_int(scalar_);
  if (!value || quoted_ || *value < low || *value > high) {
    throw error("'" + path_ + "' must be a whole number from " + std::to_string(low) + " to " +
                std::to_string(high) + ", but is '" + scalar_ + "'");
  }
  return *value;
}

double Node::number(double low, double high) const {
  if (kind_ != Kind::kScalar) throw wrong_type("a number");
  const auto value = text::parse_double(scalar_);
  if (!value || quoted_ || !std::isfinite(*value)) {
    throw error("'" + path_ + "' must be a number, but is '" + scalar_ + "'");
  }
  if (*value < low || *value > high) {
    std::ostringstream range;
    range << "'" << path_ << "' must lie from " << low << " to " << high << ", but is " << scalar_;
    throw error(range.str());
  }
  return *value;
}

bool Node::boolean() const {
  if (kind_ != Kind::kScalar) throw wrong_type("true or false");
  if (!quoted_ && scalar_ == "true") return true;
  if (!quoted_ && scalar_ == "false") return false;
  throw error("'" + path_ + "' must be true or false, but is '" + scalar_ + "'");
}

const std::vector<Node>& Node::items() const {
  if (kind_ != Kind::kSequence) throw wrong_type("a list");
  return items_;
}

const Node* Node::find(std::string_view key) const {
  if (kind_ != Kind::kMap) throw wrong_type("a map of keys and values");
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].scalar_ == key) return &items_[i];
  }
  return nullptr;
}

const Node& Node::at(std::string_view key) const {
  if (const Node* node = find(key)) return *node;
  const std::string owner = path_.empty() ? std::string() : " of '" + path_ + "'";
  throw error("the key '" + std::string(key) + "'" + owner + " is missing");
}

std::vector<std::string> Node::keys() const {
  if (kind_ != Kind::kMap) throw wrong_type("a map of keys and values");
  std::vector<std::string> names;
  for (const Node& key : keys_) names.push_back(key.scalar_);
  return names;
}

void Node::require_known(const std::vector<std::string>& known) const {
  if (kind_ != Kind::kMap) throw wrong_type("a map of keys and values");
  for (const Node& key : keys_) {
    if (std::find(known.begin(), known.end(), key.scalar_) == known.end()) {
      throw Error::unknown_key(key.where(), key.scalar_, known);
    }
  }
}

/// Builds the tree from the parser's events: yaml-cpp's own nodes keep the first of two equal keys
/// silently and expand aliases.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& origin)
      : source_(std::make_shared<Node::Source>(Node::Source{origin, std::string(text)})) {}

  /// Whether there was nothing but blanks and comments.
  bool empty() const { return root_.kind_ == Node::Kind::kNull; }
  Node take() && { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(Node::Kind::kNull, mark, anchor, "?"));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(Node::Kind::kScalar, mark, anchor, tag);
    node.scalar_ = value;
    node.quoted_ = tag == "!";
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::kSequence, mark, anchor, tag));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::kMap, mark, anchor, tag));
  }
  void OnMapEnd() override { close(); }

 private:
  [[noreturn]] void fail(int line, std::string_view what, std::string_view advice = {}) const {
    throw Error::usage(at_line(source_->origin, line), what, advice);
  }
  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    fail(mark.line + 1, "anchors and aliases (& and *) are not accepted",
         "write the value out, or quote a text that begins so");
  }

  Node make(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
            const std::string& tag) {
    if (anchor != 0) refuse_anchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail(mark.line + 1, "tags are not accepted ('" + tag + "')",
           "remove it, or quote a text that begins with '!'");
    }
    if (++count_ > kMaxValues) {
      fail(mark.line + 1, "more than " + std::to_string(kMaxValues) + " values");
    }
    Node node;
    node.kind_ = kind;
    node.line_ = mark.line + 1;
    node.source_ = source_;
    if (open_.empty()) return node;
    const Node& parent = open_.back();
    if (parent.kind_ == Node::Kind::kSequence) {
      node.path_ = parent.path_ + "[" + std::to_string(parent.items_.size()) + "]";
    } else if (expects_value(parent)) {
      node.path_ = (parent.path_.empty() ? "" : parent.path_ + ".") + parent.keys_.back().scalar_;
      // An empty value's mark is where the next token begins.
      if (kind == Node::Kind::kNull) node.line_ = parent.keys_.back().line_;
    }
    return node;
  }

  static bool expects_value(const Node& map) { return map.keys_.size() > map.items_.size(); }

  void open(Node node) {
    if (open_.size() >= kMaxDepth) {
      fail(node.line_, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    open_.push_back(std::move(node));
  }

  void close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Node& parent = open_.back();
    if (parent.kind_ == Node::Kind::kMap && !expects_value(parent)) {
      if (node.kind_ != Node::Kind::kScalar) fail(node.line_, "a key must be a plain word");
      for (const Node& key : parent.keys_) {
        if (key.scalar_ == node.scalar_) {
          fail(node.line_, "the key '" + node.scalar_ + "' is given twice",
               "it is already in line " + std::to_string(key.line_));
        }
      }
      parent.keys_.push_back(std::move(node));
    } else {
      parent.items_.push_back(std::move(node));
    }
  }

  std::shared_ptr<const Node::Source> source_;
  Node root_;
  std::vector<Node> open_;
  std::size_t count_ = 0;
};

Node parse(std::string_view text, const std::string& origin) {
  if (text.size() > kMaxBytes) {
    throw Error::usage(origin, "is larger than " + std::to_string(kMaxBytes) + " bytes",
                       "this is no file of settings");
  }
  require_clean_text(text, origin);
  Builder builder(text, origin);
  // yaml-cpp closes an open quote at the end of the file; the mark of the document's end, which
  // no quoted text may hold, shows it.
  std::string whole(text);
  if (!whole.ends_with('\n')) whole += '\n';
  const auto lines = static_cast<int>(std::count(whole.begin(), whole.end(), '\n'));
  try {
    std::istringstream stream{whole + kDocumentEnd};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.empty()) throw Error::usage(origin, "is empty");
    Builder rest(text, origin);
    if (parser.HandleNextDocument(rest)) {
      throw Error::usage(origin, "holds more than one YAML document", "keep one a file");
    }
  } catch (const YAML::Exception& e) {
    if (e.msg == YAML::ErrorMsg::DOC_IN_SCALAR && e.mark.line >= lines) {
      throw Error::usage(at_line(origin, lines), "is not valid YAML: a quote is never closed",
                         "the file may be cut short");
    }
    throw Error::usage(e.mark.is_null() ? origin : at_line(origin, e.mark.line + 1),
                       "is not valid YAML: " + e.msg);
  }
  return std::move(builder).take();
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out.append("\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out.append(escape);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace firstlight::yaml
