#include "jinja/expression_parser.h"

#include <algorithm>
#include <utility>

namespace firstlight::nn {

using Kind = TemplateToken::Kind;
using Node = Expression::Kind;

namespace {

/// Long chains ("a.b.c...") nest to the left without any recursion of the parser.
constexpr int kMaxExpressionDepth = 400;

/// Counts nesting, so that hostile templates cannot exhaust the stack.
class DepthGuard {
 public:
  DepthGuard(int& depth, const TokenStream& stream) : depth_(depth) {
    if (++depth_ > 200) stream.fail("expression nested too deeply");
  }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  ~DepthGuard() { --depth_; }

 private:
  int& depth_;
};

}  // namespace

ExpressionPtr ExpressionParser::finish(std::unique_ptr<Expression> node) const {
  const auto include = [&node](const ExpressionPtr& child) {
    if (child) node->depth = std::max(node->depth, child->depth + 1);
  };
  for (const ExpressionPtr& child : node->children) include(child);
  for (const ExpressionPtr& argument : node->arguments.positional) include(argument);
  for (const auto& [name, argument] : node->arguments.named) include(argument);
  if (node->depth > kMaxExpressionDepth) stream_.fail("expression nested too deeply");
  return node;
}

std::unique_ptr<Expression> ExpressionParser::make(Node kind) const {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = stream_.peek().line;
  return node;
}

ExpressionPtr ExpressionParser::binary(ExpressionPtr left, const std::string& op,
                                       ExpressionPtr right) const {
  auto node = make(Node::kBinary);
  node->line = left->line;
  node->name = op;
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::full() {
  const DepthGuard guard(depth_, stream_);
  ExpressionPtr value = parse_or();
  while (stream_.skip_name("if")) {
    auto node = make(Node::kConditional);
    node->children.push_back(std::move(value));
    node->children.push_back(parse_or());
    node->children.push_back(stream_.skip_name("else") ? full() : nullptr);
    value = finish(std::move(node));
  }
  return value;
}

bool ExpressionParser::at_tuple_end() const {
  const TemplateToken& token = stream_.peek();
  return token.kind == Kind::kVariableEnd || token.kind == Kind::kBlockEnd ||
         stream_.at_operator(")");
}

ExpressionPtr ExpressionParser::tuple(bool conditional) {
  auto node = make(Node::kTuple);
  ExpressionPtr first = conditional ? full() : parse_or();
  if (!stream_.at_operator(",")) return first;
  node->children.push_back(std::move(first));
  while (stream_.skip_operator(",")) {
    if (at_tuple_end()) break;
    node->children.push_back(conditional ? full() : parse_or());
  }
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_or() {
  const DepthGuard guard(depth_, stream_);
  ExpressionPtr left = parse_and();
  while (stream_.skip_name("or")) left = binary(std::move(left), "or", parse_and());
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (stream_.skip_name("and")) left = binary(std::move(left), "and", parse_not());
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!stream_.at_name("not")) return parse_compare();
  const DepthGuard guard(depth_, stream_);
  auto node = make(Node::kUnary);
  node->name = stream_.next().text;
  node->children.push_back(parse_not());
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_compare() {
  ExpressionPtr first = parse_sum();
  auto node = make(Node::kCompare);
  while (true) {
    static constexpr std::string_view kOperators[] = {"==", "!=", "<=", ">=", "<", ">"};
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators),
                                  [this](std::string_view o) { return stream_.at_operator(o); });
    if (op != std::end(kOperators)) {
      node->operators.emplace_back(*op);
      stream_.next();
    } else if (stream_.skip_name("in")) {
      node->operators.emplace_back("in");
    } else if (stream_.at_name("not") && stream_.peek(1).kind == Kind::kName &&
               stream_.peek(1).text == "in") {
      stream_.next();
      stream_.next();
      node->operators.emplace_back("not in");
    } else {
      break;
    }
    node->children.push_back(parse_sum());
  }
  if (node->operators.empty()) return first;
  node->line = first->line;
  node->children.insert(node->children.begin(), std::move(first));
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concat();
  while (stream_.at_operator("+") || stream_.at_operator("-")) {
    const std::string op = stream_.next().text;
    left = binary(std::move(left), op, parse_concat());
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concat() {
  ExpressionPtr first = parse_product();
  if (!stream_.at_operator("~")) return first;
  auto node = make(Node::kConcat);
  node->children.push_back(std::move(first));
  while (stream_.skip_operator("~")) node->children.push_back(parse_product());
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_product() {
  ExpressionPtr left = parse_power();
  while (stream_.at_operator("*") || stream_.at_operator("/") || stream_.at_operator("//") ||
         stream_.at_operator("%")) {
    const std::string op = stream_.next().text;
    left = binary(std::move(left), op, parse_power());
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr left = parse_unary(true);
  while (stream_.skip_operator("**")) left = binary(std::move(left), "**", parse_unary(true));
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const DepthGuard guard(depth_, stream_);
  ExpressionPtr node;
  if (stream_.at_operator("-") || stream_.at_operator("+")) {
    auto sign = make(Node::kUnary);
    sign->name = stream_.next().text;
    sign->children.push_back(parse_unary(false));
    node = finish(std::move(sign));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  if (!with_filters) return node;
  while (true) {
    if (stream_.at_operator("|")) {
      node = filters(std::move(node), false);
    } else if (stream_.at_name("is")) {
      node = parse_test(std::move(node));
    } else if (stream_.at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

Target ExpressionParser::single_target(bool with_namespace) {
  if (stream_.skip_operator("(")) {
    Target inner = target(with_namespace);
    stream_.expect_operator(")");
    return inner;
  }
  Target result;
  result.name = stream_.expect(Kind::kName, "a name to assign to").text;
  if (with_namespace && stream_.skip_operator(".")) {
    result.attribute = stream_.expect(Kind::kName, "an attribute to assign to").text;
  }
  return result;
}

Target ExpressionParser::target(bool with_namespace) {
  const DepthGuard guard(depth_, stream_);
  Target first = single_target(with_namespace);
  if (!stream_.at_operator(",")) return first;
  Target all;
  all.parts.push_back(std::move(first));
  while (stream_.skip_operator(",")) {
    if (at_tuple_end() || stream_.at_name("in") || stream_.at_operator("=")) break;
    all.parts.push_back(single_target(with_namespace));
  }
  return all;
}

}  // namespace firstlight::nn
