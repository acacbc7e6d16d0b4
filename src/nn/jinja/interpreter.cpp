#include "jinja/interpreter.h"

#include <utility>

namespace firstlight::nn {

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

}  // namespace firstlight::nn
