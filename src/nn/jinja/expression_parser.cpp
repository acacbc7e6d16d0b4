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

ExpressionPtr ExpressionParser::parse_primary() {
  const TemplateToken& token = stream_.peek();
  auto node = make(Node::kLiteral);
  switch (token.kind) {
    case Kind::kName:
      stream_.next();
      if (token.text == "true" || token.text == "True") {
        node->value = Value(true);
      } else if (token.text == "false" || token.text == "False") {
        node->value = Value(false);
      } else if (token.text != "none" && token.text != "None") {
        node->kind = Node::kName;
        node->name = token.text;
      }
      return node;
    case Kind::kString: {
      std::string text;
      while (stream_.peek().kind == Kind::kString) text += stream_.next().text;
      node->value = Value(std::move(text));
      return node;
    }
    case Kind::kInteger:
      node->value = Value(stream_.next().integer);
      return node;
    case Kind::kFloat:
      node->value = Value(stream_.next().number);
      return node;
    default:
      break;
  }
  if (stream_.at_operator("(")) return parse_parentheses();
  if (stream_.at_operator("[")) return parse_list();
  if (stream_.at_operator("{")) return parse_dict();
  stream_.fail("expected an expression, got " + describe(token));
}

ExpressionPtr ExpressionParser::parse_parentheses() {
  auto empty = make(Node::kTuple);
  stream_.next();
  if (stream_.skip_operator(")")) return empty;
  ExpressionPtr inner = tuple(true);
  stream_.expect_operator(")");
  return inner;
}

ExpressionPtr ExpressionParser::parse_list() {
  auto node = make(Node::kList);
  stream_.next();
  while (!stream_.at_operator("]")) {
    if (!node->children.empty()) stream_.expect_operator(",");
    if (stream_.at_operator("]")) break;
    node->children.push_back(full());
  }
  stream_.next();
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_dict() {
  auto node = make(Node::kDict);
  stream_.next();
  while (!stream_.at_operator("}")) {
    if (!node->children.empty()) stream_.expect_operator(",");
    if (stream_.at_operator("}")) break;
    node->children.push_back(full());
    stream_.expect_operator(":");
    node->children.push_back(full());
  }
  stream_.next();
  return finish(std::move(node));
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  while (true) {
    if (stream_.at_operator(".") || stream_.at_operator("[")) {
      node = parse_subscript(std::move(node));
    } else if (stream_.at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr node) {
  if (stream_.skip_operator(".")) {
    auto result = make(Node::kAttribute);
    const TemplateToken& token = stream_.next();
    result->children.push_back(std::move(node));
    if (token.kind == Kind::kName) {
      result->name = token.text;
    } else if (token.kind == Kind::kInteger) {
      auto index = make(Node::kLiteral);
      index->value = Value(token.integer);
      result->kind = Node::kItem;
      result->children.push_back(std::move(index));
    } else {
      stream_.fail("expected a name or number after '.'");
    }
    return finish(std::move(result));
  }
  auto result = make(Node::kItem);
  stream_.next();
  result->children.push_back(std::move(node));
  ExpressionPtr first;
  if (!stream_.at_operator(":")) first = full();
  if (stream_.at_operator(":")) {
    result->kind = Node::kSlice;
    result->children.push_back(std::move(first));
    for (int part = 0; part < 2; ++part) {
      ExpressionPtr bound;
      if (stream_.skip_operator(":") && !stream_.at_operator(":") && !stream_.at_operator("]")) {
        bound = full();
      }
      result->children.push_back(std::move(bound));
    }
  } else {
    result->children.push_back(std::move(first));
  }
  stream_.expect_operator("]");
  return finish(std::move(result));
}

CallArguments ExpressionParser::parse_arguments() {
  CallArguments arguments;
  stream_.expect_operator("(");
  bool first = true;
  while (!stream_.at_operator(")")) {
    if (!first) stream_.expect_operator(",");
    first = false;
    if (stream_.at_operator(")")) break;
    if (stream_.at_operator("*") || stream_.at_operator("**")) {
      stream_.fail("unpacking arguments with * is not supported");
    }
    const TemplateToken& after = stream_.peek(1);
    if (stream_.peek().kind == Kind::kName && after.kind == Kind::kOperator && after.text == "=") {
      std::string name = stream_.next().text;
      stream_.next();
      arguments.named.emplace_back(std::move(name), full());
    } else {
      if (!arguments.named.empty()) stream_.fail("positional argument after a named one");
      arguments.positional.push_back(full());
    }
  }
  stream_.expect_operator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::parse_call(ExpressionPtr node) {
  auto call = make(Node::kCall);
  call->children.push_back(std::move(node));
  call->arguments = parse_arguments();
  return finish(std::move(call));
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr input, bool bare) {
  while (bare || stream_.skip_operator("|")) {
    bare = false;
    auto filter = make(Node::kFilter);
    filter->name = stream_.expect(Kind::kName, "the name of a filter").text;
    filter->children.push_back(std::move(input));
    if (stream_.at_operator("(")) filter->arguments = parse_arguments();
    input = finish(std::move(filter));
  }
  return input;
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr node) {
  auto test = make(Node::kTest);
  stream_.next();
  auto negation = make(Node::kUnary);
  const bool negated = stream_.skip_name("not");
  test->name = stream_.expect(Kind::kName, "the name of a test").text;
  test->children.push_back(std::move(node));
  const TemplateToken& token = stream_.peek();
  const bool value_follows = token.kind == Kind::kString || token.kind == Kind::kInteger ||
                             token.kind == Kind::kFloat || stream_.at_operator("[") ||
                             stream_.at_operator("{") ||
                             (token.kind == Kind::kName && token.text != "else" &&
                              token.text != "or" && token.text != "and");
  if (stream_.at_operator("(")) {
    test->arguments = parse_arguments();
  } else if (value_follows) {
    if (stream_.at_name("is")) stream_.fail("tests with 'is' cannot be chained");
    test->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  ExpressionPtr result = finish(std::move(test));
  if (!negated) return result;
  negation->name = "not";
  negation->children.push_back(std::move(result));
  return finish(std::move(negation));
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
