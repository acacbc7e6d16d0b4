#include <utility>

#include "jinja/expression_parser.h"

namespace firstlight::nn {

using Kind = TemplateToken::Kind;
using Node = Expression::Kind;

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

}  // namespace firstlight::nn
