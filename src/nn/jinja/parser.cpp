#include "jinja/parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "jinja/expression_parser.h"
#include "jinja/lexer.h"

namespace firstlight::nn {
namespace {

using Kind = TemplateToken::Kind;
using Words = std::initializer_list<std::string_view>;

class StatementParser {
 public:
  explicit StatementParser(const std::string& source)
      : stream_(lex_template(source)), expressions_(stream_) {}

  Block run() {
    Block block = parse_block({});
    return block;
  }

 private:
  /// Statements up to one of the tags `ends`, which is left as the next name, or to the end of the
  /// template where `ends` is empty.
  Block parse_block(Words ends) {
    if (++depth_ > 100) stream_.fail("blocks nested too deeply");
    Block block;
    while (true) {
      const TemplateToken& token = stream_.peek();
      if (token.kind == Kind::kEnd) {
        if (ends.size() > 0) {
          stream_.fail("unexpected end of template, '" + std::string(*ends.begin()) +
                       "' is missing");
        }
        break;
      }
      if (token.kind == Kind::kData) {
        auto text = make(Statement::Kind::kText);
        text->text = stream_.next().text;
        block.push_back(std::move(text));
      } else if (token.kind == Kind::kVariableBegin) {
        auto output = make(Statement::Kind::kOutput);
        stream_.next();
        output->expression = expressions_.tuple(true);
        stream_.expect(Kind::kVariableEnd, "'}}'");
        block.push_back(std::move(output));
      } else {
        stream_.expect(Kind::kBlockBegin, "a tag");
        if (std::any_of(ends.begin(), ends.end(),
                        [this](std::string_view end) { return stream_.at_name(end); })) {
          break;
        }
        block.push_back(parse_statement());
        stream_.expect(Kind::kBlockEnd, "'%}'");
      }
    }
    --depth_;
    return block;
  }

  /// The block after a tag, and the tag that ends it.
  Block parse_body(Words ends) {
    stream_.skip_operator(":");
    stream_.expect(Kind::kBlockEnd, "'%}'");
    return parse_block(ends);
  }

  Block parse_body_and_end(std::string_view end) {
    Block body = parse_body({end});
    stream_.next();
    return body;
  }

  std::unique_ptr<Statement> make(Statement::Kind kind) const {
    auto statement = std::make_unique<Statement>();
    statement->kind = kind;
    statement->line = stream_.peek().line;
    return statement;
  }

  std::unique_ptr<Statement> parse_statement() {
    if (stream_.peek().kind != Kind::kName) stream_.fail("tag name expected");
    const std::string tag = stream_.peek().text;
    if (tag == "if") return parse_if();
    if (tag == "for") return parse_for();
    if (tag == "set") return parse_set();
    if (tag == "macro") return parse_macro();
    if (tag == "call") return parse_call();
    if (tag == "filter") return parse_filter();
    if (tag == "with") return parse_with();
    if (tag == "generation") {
      auto scope = make(Statement::Kind::kScope);
      stream_.next();
      scope->body = parse_body_and_end("endgeneration");
      return scope;
    }
    if (tag == "print") {
      auto output = make(Statement::Kind::kOutput);
      stream_.next();
      output->expression = expressions_.full();
      return output;
    }
    if (tag == "break" || tag == "continue") {
      if (loop_depth_ == 0) stream_.fail("'" + tag + "' outside a loop");
      auto jump = make(tag == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue);
      stream_.next();
      return jump;
    }
    static constexpr std::array<std::string_view, 7> kOthers = {
        "block", "extends", "include", "import", "from", "autoescape", "do"};
    if (std::find(kOthers.begin(), kOthers.end(), tag) != kOthers.end()) {
      stream_.fail("the tag '" + tag + "' is not supported in chat templates");
    }
    stream_.fail("unknown tag '" + tag + "'");
  }

  std::unique_ptr<Statement> parse_if() {
    auto statement = make(Statement::Kind::kIf);
    stream_.next();
    while (true) {
      ExpressionPtr condition = expressions_.tuple(false);
      Block body = parse_body({"elif", "else", "endif"});
      statement->branches.emplace_back(std::move(condition), std::move(body));
      const std::string tag = stream_.next().text;
      if (tag == "elif") continue;
      if (tag == "else") {
        statement->branches.emplace_back(nullptr, parse_body_and_end("endif"));
      }
      return statement;
    }
  }

  std::unique_ptr<Statement> parse_for() {
    auto statement = make(Statement::Kind::kFor);
    stream_.next();
    statement->target = expressions_.target(false);
    stream_.expect_name("in");
    statement->expression = expressions_.tuple(false);
    if (stream_.skip_name("if")) statement->condition = expressions_.full();
    if (stream_.at_name("recursive")) stream_.fail("recursive loops are not supported");
    ++loop_depth_;
    statement->body = parse_body({"endfor", "else"});
    --loop_depth_;
    if (stream_.next().text == "else") statement->otherwise = parse_body_and_end("endfor");
    return statement;
  }

  std::unique_ptr<Statement> parse_set() {
    auto statement = make(Statement::Kind::kSet);
    stream_.next();
    statement->target = expressions_.target(true);
    if (stream_.skip_operator("=")) {
      statement->expression = expressions_.tuple(true);
      return statement;
    }
    statement->kind = Statement::Kind::kSetBlock;
    statement->expression = expressions_.filters(nullptr, false);
    statement->body = parse_body_and_end("endset");
    return statement;
  }

  std::vector<Parameter> parse_signature() {
    std::vector<Parameter> parameters;
    stream_.expect_operator("(");
    while (!stream_.at_operator(")")) {
      if (!parameters.empty()) stream_.expect_operator(",");
      Parameter parameter;
      parameter.name = stream_.expect(Kind::kName, "a name").text;
      if (stream_.skip_operator("=")) {
        parameter.fallback = expressions_.full();
      } else if (!parameters.empty() && parameters.back().fallback) {
        stream_.fail("non-default argument follows default argument");
      }
      parameters.push_back(std::move(parameter));
    }
    stream_.expect_operator(")");
    return parameters;
  }

  std::unique_ptr<Statement> parse_macro() {
    auto statement = make(Statement::Kind::kMacro);
    stream_.next();
    statement->text = stream_.expect(Kind::kName, "a name").text;
    statement->parameters = parse_signature();
    statement->body = parse_function_body("endmacro");
    return statement;
  }

  std::unique_ptr<Statement> parse_call() {
    auto statement = make(Statement::Kind::kCallBlock);
    stream_.next();
    if (stream_.at_operator("(")) statement->parameters = parse_signature();
    statement->expression = expressions_.full();
    if (statement->expression->kind != Expression::Kind::kCall) stream_.fail("expected a call");
    statement->body = parse_function_body("endcall");
    return statement;
  }

  /// A loop around a macro's definition is not a loop for its body.
  Block parse_function_body(std::string_view end) {
    const int loops = std::exchange(loop_depth_, 0);
    Block body = parse_body_and_end(end);
    loop_depth_ = loops;
    return body;
  }

  std::unique_ptr<Statement> parse_filter() {
    auto statement = make(Statement::Kind::kFilterBlock);
    stream_.next();
    statement->expression = expressions_.filters(nullptr, true);
    statement->body = parse_body_and_end("endfilter");
    return statement;
  }

  std::unique_ptr<Statement> parse_with() {
    auto statement = make(Statement::Kind::kScope);
    stream_.next();
    while (stream_.peek().kind != Kind::kBlockEnd) {
      if (!statement->assignments.empty()) stream_.expect_operator(",");
      Target target = expressions_.target(false);
      stream_.expect_operator("=");
      statement->assignments.emplace_back(std::move(target), expressions_.full());
    }
    statement->body = parse_body_and_end("endwith");
    return statement;
  }

  TokenStream stream_;
  ExpressionParser expressions_;
  int depth_ = 0;
  int loop_depth_ = 0;
};

}  // namespace

Block parse_template(const std::string& source) { return StatementParser(source).run(); }

}  // namespace firstlight::nn
