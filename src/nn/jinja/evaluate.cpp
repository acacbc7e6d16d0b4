#include <utility>

#include "jinja/interpreter.h"
#include "jinja/strings.h"

namespace firstlight::nn {

using Node = Expression::Kind;

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
