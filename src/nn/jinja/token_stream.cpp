#include "jinja/token_stream.h"

#include <algorithm>

#include "jinja/value.h"

namespace firstlight::nn {

using Kind = TemplateToken::Kind;

std::string describe(const TemplateToken& token) {
  switch (token.kind) {
    case Kind::kData:
      return "text";
    case Kind::kVariableBegin:
      return "'{{'";
    case Kind::kVariableEnd:
      return "'}}'";
    case Kind::kBlockBegin:
      return "'{%'";
    case Kind::kBlockEnd:
      return "'%}'";
    case Kind::kString:
      return "a string";
    case Kind::kEnd:
      return "end of template";
    default:
      return "'" + token.text + "'";
  }
}

const TemplateToken& TokenStream::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const TemplateToken& TokenStream::next() {
  const TemplateToken& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

void TokenStream::fail(const std::string& what) const { throw TemplateFailure{what, peek().line}; }

bool TokenStream::at_name(std::string_view name) const {
  return peek().kind == Kind::kName && peek().text == name;
}

bool TokenStream::at_operator(std::string_view op) const {
  return peek().kind == Kind::kOperator && peek().text == op;
}

bool TokenStream::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

bool TokenStream::skip_operator(std::string_view op) {
  if (!at_operator(op)) return false;
  next();
  return true;
}

const TemplateToken& TokenStream::expect(Kind kind, std::string_view what) {
  if (peek().kind != kind) fail("expected " + std::string(what) + ", got " + describe(peek()));
  return next();
}

void TokenStream::expect_name(std::string_view name) {
  if (!skip_name(name)) fail("expected '" + std::string(name) + "', got " + describe(peek()));
}

void TokenStream::expect_operator(std::string_view op) {
  if (!skip_operator(op)) fail("expected '" + std::string(op) + "', got " + describe(peek()));
}

}  // namespace firstlight::nn
