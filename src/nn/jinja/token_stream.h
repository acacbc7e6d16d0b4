#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/lexer.h"

namespace firstlight::nn {

/// A token as an error message names it.
std::string describe(const TemplateToken& token);

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

}  // namespace firstlight::nn
