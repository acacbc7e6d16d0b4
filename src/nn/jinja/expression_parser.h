#pragma once

#include <memory>
#include <string>

#include "jinja/ast.h"
#include "jinja/token_stream.h"

namespace firstlight::nn {

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
