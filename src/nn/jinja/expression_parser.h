#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"
#include "jinja/lexer.h"

namespace firstlight::nn {

/// The tokens of a template, read one after the other.
class TokenStream {
 public:
  explicit TokenStream(std::vector<TemplateToken> tokens) : tokens_(std::move(tokens)) {}

  const TemplateToken& peek(std::size_t ahead = 0) const;
  const TemplateToken& next();
  [[noreturn]] void fail(const std::string& what) const;

  bool at_name(std::string_view name) const;
  bool at_operator(std::string_view op) const;
  bool skip_name(std::string_view name);
  bool skip_operator(std::string_view op);
  const TemplateToken& expect(TemplateToken::Kind kind, std::string_view what);
  void expect_name(std::string_view name);
  void expect_operator(std::string_view op);

 private:
  std::vector<TemplateToken> tokens_;
  std::size_t at_ = 0;
};

/// Jinja's expressions. Throws TemplateFailure.
class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& stream) : stream_(stream) {}

  ExpressionPtr full();  ///< an expression, inline if included
  /// An expression, or a tuple where commas follow; without inline if where `conditional` is false.
  ExpressionPtr tuple(bool conditional);
  /// Filters with their bars after `input`, which may be null; `bare` begins without a bar.
  ExpressionPtr filters(ExpressionPtr input, bool bare);
  Target target(bool with_namespace);

 private:
  std::unique_ptr<Expression> make(Expression::Kind kind) const;
  /// The node as it stays; fails where it is nested too deeply.
  ExpressionPtr finish(std::unique_ptr<Expression> node) const;
  ExpressionPtr binary(ExpressionPtr left, const std::string& op, ExpressionPtr right) const;
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concat();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_parentheses();
  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr node);
  ExpressionPtr parse_test(ExpressionPtr node);
  ExpressionPtr parse_call(ExpressionPtr node);
  CallArguments parse_arguments();
  Target single_target(bool with_namespace);
  bool at_tuple_end() const;

  TokenStream& stream_;
  int depth_ = 0;
};

}  // namespace firstlight::nn
