#include "jinja/interpreter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "jinja/strings.h"

namespace firstlight::nn {

using Node = Expression::Kind;
using Tag = Statement::Kind;

/// A scope of its own for what runs while this lives.
class Interpreter::ScopeGuard {
 public:
  ScopeGuard(Interpreter& interpreter, std::shared_ptr<Scope> parent)
      : interpreter_(interpreter), outer_(interpreter.scope_) {
    interpreter_.scope_ = std::make_shared<Scope>(Scope{{}, std::move(parent)});
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  ~ScopeGuard() { interpreter_.scope_ = outer_; }

 private:
  Interpreter& interpreter_;
  std::shared_ptr<Scope> outer_;
};

class Interpreter::DepthGuard {
 public:
  explicit DepthGuard(int& depth) : depth_(depth) {
    if (depth_ >= kMaxDepth) template_failure("calls nested too deeply");
    ++depth_;
  }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  ~DepthGuard() { --depth_; }

 private:
  int& depth_;
};

Interpreter::~Interpreter() {
  // Macros hold their scope, which holds the macros, itself or by a namespace of an outer scope.
  for (const auto& weak : captured_) {
    for (auto scope = weak.lock(); scope;) {
      scope->variables.clear();
      scope = std::exchange(scope->parent, nullptr);
    }
  }
}

void Interpreter::Scope::set(const std::string& name, Value value) {
  for (auto& [known, slot] : variables) {
    if (known == name) {
      slot = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

std::string Interpreter::run(const Block& block,
                             const std::vector<std::pair<std::string, Value>>& variables) {
  for (const auto& [name, value] : variables) scope_->set(name, value);
  const ScopeGuard guard(*this, scope_);
  std::string out;
  run_block(block, out);
  return out;
}

void Interpreter::step(std::size_t n) {
  steps_ += n;
  if (steps_ > kMaxSteps) template_failure("the template takes too many steps");
}

void Interpreter::charge(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMaxBytes) template_failure("the template uses too much memory");
}

Value Interpreter::text(std::string text) {
  charge(text.size());
  return Value(std::move(text));
}

Value Interpreter::list(std::vector<Value> items, bool is_tuple) {
  charge(items.size() * sizeof(Value));
  step(items.size() / 8);
  return Value::list(std::move(items), is_tuple);
}

void Interpreter::write(std::string& out, std::string_view text) {
  if (out.size() + text.size() > kMaxOutput) template_failure("the output is too large");
  charge(text.size());
  out.append(text);
}

Interpreter::Flow Interpreter::run_block(const Block& block, std::string& out) {
  for (const auto& statement : block) {
    Flow flow = Flow::kNormal;
    try {
      flow = run_statement(*statement, out);
    } catch (TemplateFailure& failure) {
      if (failure.line == 0) failure.line = statement->line;
      throw;
    }
    if (flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

/// The body's text, run in a scope of its own.
std::string Interpreter::run_scoped(const Statement& statement) {
  const ScopeGuard guard(*this, scope_);
  std::string text;
  run_block(statement.body, text);
  return text;
}

Interpreter::Flow Interpreter::run_statement(const Statement& statement, std::string& out) {
  step();
  const DepthGuard depth(depth_);
  switch (statement.kind) {
    case Tag::kText:
      write(out, statement.text);
      break;
    case Tag::kOutput:
      write(out, evaluate(*statement.expression).str());
      break;
    case Tag::kIf:
      for (const auto& [condition, block] : statement.branches) {
        if (!condition || evaluate(*condition).truthy()) return run_block(block, out);
      }
      break;
    case Tag::kFor:
      return run_for(statement, out);
    case Tag::kSet:
      assign(statement.target, evaluate(*statement.expression));
      break;
    case Tag::kSetBlock: {
      Value value(run_scoped(statement));
      if (statement.expression) value = evaluate_filter(*statement.expression, &value);
      assign(statement.target, std::move(value));
      break;
    }
    case Tag::kMacro:
      scope_->set(statement.text, make_macro(statement, statement.text));
      break;
    case Tag::kCallBlock: {
      const Value function = evaluate(*statement.expression->children[0]);
      Arguments arguments = evaluate_arguments(statement.expression->arguments);
      arguments.named.emplace_back("caller", make_macro(statement, "caller"));
      write(out, call(function, arguments).str());
      break;
    }
    case Tag::kFilterBlock: {
      const Value value(run_scoped(statement));
      write(out, evaluate_filter(*statement.expression, &value).str());
      break;
    }
    case Tag::kScope: {
      std::vector<Value> values;
      for (const auto& [target, value] : statement.assignments) values.push_back(evaluate(*value));
      const ScopeGuard guard(*this, scope_);
      for (std::size_t i = 0; i < values.size(); ++i) {
        assign(statement.assignments[i].first, std::move(values[i]));
      }
      return run_block(statement.body, out);
    }
    case Tag::kBreak:
      return Flow::kBreak;
    case Tag::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNormal;
}

Interpreter::Flow Interpreter::run_for(const Statement& statement, std::string& out) {
  std::shared_ptr<const ListValue> items = iterate(evaluate(*statement.expression));
  if (statement.condition) {
    std::vector<Value> kept;
    for (const Value& item : items->items) {
      const ScopeGuard guard(*this, scope_);
      assign(statement.target, item);
      if (evaluate(*statement.condition).truthy()) kept.push_back(item);
    }
    items = list(std::move(kept)).shared_list();
  }
  const auto loop = std::make_shared<LoopValue>(LoopValue{items, 0, {}});
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    step();
    const ScopeGuard guard(*this, scope_);
    loop->index0 = i;
    scope_->set("loop", Value(loop));
    assign(statement.target, items->items[i]);
    if (run_block(statement.body, out) == Flow::kBreak) break;
  }
  if (items->items.empty()) {
    const ScopeGuard guard(*this, scope_);
    return run_block(statement.otherwise, out);
  }
  return Flow::kNormal;
}

void Interpreter::assign(const Target& target, Value value) {
  if (!target.parts.empty()) {
    const auto parts = iterate(value);
    if (parts->items.size() != target.parts.size()) {
      template_failure("cannot unpack " + std::to_string(parts->items.size()) + " values into " +
                       std::to_string(target.parts.size()));
    }
    for (std::size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], parts->items[i]);
  } else if (target.attribute.empty()) {
    scope_->set(target.name, std::move(value));
  } else {
    NamespaceValue* ns = lookup(target.name).as_namespace();
    if (ns == nullptr) template_failure("cannot assign attribute on non-namespace object");
    if (target.attribute.starts_with('_')) {
      template_failure("a namespace cannot have an attribute that begins with an underscore");
    }
    ns->set(target.attribute, std::move(value));
  }
}

Value Interpreter::make_macro(const Statement& statement, const std::string& name) {
  captured_.push_back(scope_);
  auto macro = std::make_shared<CallableValue>();
  macro->name = name;
  macro->call = [&statement, name, scope = scope_](Interpreter& self, const Arguments& arguments) {
    return self.call_macro(statement, name, scope, arguments);
  };
  return Value(std::shared_ptr<const CallableValue>(std::move(macro)));
}

Value Interpreter::call_macro(const Statement& statement, const std::string& name,
                              const std::shared_ptr<Scope>& scope, const Arguments& arguments) {
  const auto& parameters = statement.parameters;
  if (arguments.positional.size() > parameters.size()) {
    template_failure("macro '" + name + "' takes not more than " +
                     std::to_string(parameters.size()) + " argument(s)");
  }
  const ScopeGuard guard(*this, scope);
  std::vector<bool> used(arguments.named.size(), false);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    std::optional<Value> value;
    if (i < arguments.positional.size()) value = arguments.positional[i];
    for (std::size_t k = 0; k < arguments.named.size(); ++k) {
      if (arguments.named[k].first != parameter.name) continue;
      if (value)
        template_failure("macro '" + name + "' got two values for '" + parameter.name + "'");
      value = arguments.named[k].second;
      used[k] = true;
    }
    if (!value) {
      value = parameter.fallback
                  ? evaluate(*parameter.fallback)
                  : Value::undefined("parameter '" + parameter.name + "' was not provided");
    }
    scope_->set(parameter.name, std::move(*value));
  }
  for (std::size_t k = 0; k < used.size(); ++k) {
    if (used[k]) continue;
    if (arguments.named[k].first != "caller") {
      template_failure("macro '" + name + "' takes no argument '" + arguments.named[k].first + "'");
    }
    scope_->set("caller", arguments.named[k].second);
  }
  std::string out;
  run_block(statement.body, out);
  return Value(std::move(out));
}

Value Interpreter::lookup(const std::string& name) const {
  for (const Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
    for (const auto& [known, value] : scope->variables) {
      if (known == name) return value;
    }
  }
  if (auto function = find_function(name)) return *function;
  return Value::undefined("'" + name + "' is undefined");
}

Value Interpreter::evaluate(const Expression& expression) {
  step();
  const DepthGuard depth(depth_);
  try {
    return evaluate_node(expression);
  } catch (TemplateFailure& failure) {
    if (failure.line == 0) failure.line = expression.line;
    throw;
  }
}

Value Interpreter::evaluate_node(const Expression& expression) {
  const auto& children = expression.children;
  switch (expression.kind) {
    case Node::kLiteral:
      return expression.value;
    case Node::kName:
      return lookup(expression.name);
    case Node::kList:
    case Node::kTuple: {
      std::vector<Value> items;
      for (const auto& child : children) items.push_back(evaluate(*child));
      return list(std::move(items), expression.kind == Node::kTuple);
    }
    case Node::kDict: {
      auto dict = std::make_shared<DictValue>();
      for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
        Value key = evaluate(*children[i]);
        dict->set(std::move(key), evaluate(*children[i + 1]));
      }
      charge(children.size() * 64);
      return Value(std::move(dict));
    }
    case Node::kAttribute:
      return attribute(evaluate(*children[0]), expression.name);
    case Node::kItem: {
      const Value object = evaluate(*children[0]);
      return item(object, evaluate(*children[1]));
    }
    case Node::kSlice:
      return slice(expression);
    case Node::kCall: {
      const Value function = evaluate(*children[0]);
      return call(function, evaluate_arguments(expression.arguments));
    }
    case Node::kFilter:
      return evaluate_filter(expression, nullptr);
    case Node::kTest: {
      const Value value = evaluate(*children[0]);
      return Value(test(expression.name, value, evaluate_arguments(expression.arguments)));
    }
    case Node::kUnary: {
      const Value value = evaluate(*children[0]);
      if (expression.name == "not") return Value(!value.truthy());
      if (expression.name == "-" && value.is_float()) return Value(-value.as_double());
      return binary_operation(*this, expression.name, Value(std::int64_t{0}), value);
    }
    case Node::kBinary: {
      Value left = evaluate(*children[0]);
      if (expression.name == "and") return left.truthy() ? evaluate(*children[1]) : left;
      if (expression.name == "or") return left.truthy() ? left : evaluate(*children[1]);
      return binary_operation(*this, expression.name, left, evaluate(*children[1]));
    }
    case Node::kConcat: {
      std::string out;
      for (const auto& child : children) out += evaluate(*child).str();
      return text(std::move(out));
    }
    case Node::kCompare: {
      Value left = evaluate(*children[0]);
      for (std::size_t i = 0; i < expression.operators.size(); ++i) {
        Value right = evaluate(*children[i + 1]);
        if (!compare_values(*this, expression.operators[i], left, right)) return Value(false);
        left = std::move(right);
      }
      return Value(true);
    }
    case Node::kConditional:
      if (evaluate(*children[1]).truthy()) return evaluate(*children[0]);
      if (children[2]) return evaluate(*children[2]);
      return Value::undefined("the inline if-expression on line " +
                              std::to_string(expression.line) +
                              " evaluated to false and no else section was defined.");
  }
  return Value();
}

Value Interpreter::evaluate_filter(const Expression& expression, const Value* input) {
  // The innermost filter of a block works on the block's text.
  const Value* outer = std::exchange(block_input_, input != nullptr ? input : block_input_);
  const Value value =
      expression.children[0]
          ? evaluate(*expression.children[0])
          : (block_input_ != nullptr ? *block_input_ : Value::undefined("no text to filter"));
  block_input_ = outer;
  return filter(expression.name, value, evaluate_arguments(expression.arguments));
}

Arguments Interpreter::evaluate_arguments(const CallArguments& arguments) {
  Arguments result;
  for (const auto& argument : arguments.positional) {
    result.positional.push_back(evaluate(*argument));
  }
  for (const auto& [name, argument] : arguments.named) {
    result.named.emplace_back(name, evaluate(*argument));
  }
  return result;
}

Value Interpreter::call(const Value& function, const Arguments& arguments) {
  if (function.is_undefined()) template_failure(function.as_undefined().message);
  const CallableValue* callable = function.as_callable();
  if (callable == nullptr) {
    template_failure("'" + function.type_name() + "' object is not callable");
  }
  const DepthGuard depth(depth_);
  return callable->call(*this, arguments);
}

Value Interpreter::filter(const std::string& name, const Value& input, const Arguments& arguments) {
  FilterFunction function = find_filter(name);
  if (function == nullptr) function = find_sequence_filter(name);
  if (function == nullptr) template_failure("the filter '" + name + "' is not supported");
  step();
  return function(*this, input, arguments);
}

bool Interpreter::test(const std::string& name, const Value& value, const Arguments& arguments) {
  const TestFunction function = find_test(name);
  if (function == nullptr) template_failure("the test '" + name + "' is not supported");
  step();
  return function(*this, value, arguments);
}

std::shared_ptr<const ListValue> Interpreter::iterate(const Value& value) {
  if (value.as_list() != nullptr) return value.shared_list();
  std::vector<Value> items;
  if (value.is_string()) {
    charge(value.as_string().size() * sizeof(Value));
    for (std::string& c : characters(value.as_string())) items.emplace_back(std::move(c));
  } else if (const DictValue* dict = value.as_dict()) {
    for (const auto& [key, entry] : dict->entries()) items.push_back(key);
  } else if (!value.is_undefined()) {
    template_failure("'" + value.type_name() + "' object is not iterable");
  }
  return list(std::move(items)).shared_list();
}

}  // namespace firstlight::nn
