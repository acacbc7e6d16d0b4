#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jinja/value.h"

/// The syntax tree of a template. Built once, then read by any number of threads.
namespace firstlight::nn {

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Expression {
  enum class Kind {
    kLiteral,     ///< `value`
    kName,        ///< `name`
    kList,        ///< `children`
    kTuple,       ///< `children`
    kDict,        ///< `children`: key, value, key, value, ...
    kAttribute,   ///< children[0].name
    kItem,        ///< children[0][children[1]]
    kSlice,       ///< children[0][children[1]:children[2]:children[3]], each may be null
    kCall,        ///< children[0](arguments)
    kFilter,      ///< children[0] | name(arguments); children[0] null inside block set and filter
    kTest,        ///< children[0] is name(arguments)
    kUnary,       ///< name children[0]: - + not
    kBinary,      ///< children[0] name children[1]: + - * / // % ** and or
    kConcat,      ///< children joined by ~
    kCompare,     ///< children[0] operators[0] children[1] operators[1] children[2] ...
    kConditional  ///< children[0] if children[1] else children[2] (which may be null)
  };
  Kind kind = Kind::kLiteral;
  int line = 0;
  int depth = 1;  ///< levels of nodes, this one included
  std::string name;
  Value value;
  std::vector<ExpressionPtr> children;
  std::vector<std::string> operators;
  CallArguments arguments;
};

struct Statement;
using Block = std::vector<std::unique_ptr<const Statement>>;

/// What is assigned to: a name, `name.attribute` of a namespace, or several.
struct Target {
  std::string name;
  std::string attribute;
  std::vector<Target> parts;  ///< not empty: unpacking
};

struct Parameter {
  std::string name;
  ExpressionPtr fallback;  ///< may be null
};

struct Statement {
  enum class Kind {
    kText,       ///< `text`
    kOutput,     ///< {{ expression }}
    kIf,         ///< branches: condition (null for else) and block
    kFor,        ///< target, expression, condition, body, otherwise
    kSet,        ///< target = expression
    kSetBlock,   ///< target = body, filtered by expression where it is not null
    kMacro,      ///< text(parameters): body
    kCallBlock,  ///< expression called with `caller` = body
    kFilterBlock,
    kScope,  ///< body in a scope of its own ({% generation %}, {% with %})
    kBreak,
    kContinue
  };
  Kind kind = Kind::kText;
  int line = 0;
  std::string text;
  Target target;
  ExpressionPtr expression;
  ExpressionPtr condition;
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  std::vector<Parameter> parameters;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;  ///< of {% with %}
  Block body;
  Block otherwise;
};

}  // namespace firstlight::nn
