#pragma once

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/ast.h"
#include "jinja/value.h"

namespace firstlight::nn {

/// Runs a template once. What a hostile template can use is bounded: steps, bytes made, depth of
/// calls, size of the output. Throws TemplateFailure.
class Interpreter {
 public:
  /// `now` is what strftime_now formats.
  explicit Interpreter(std::tm now) : now_(now) {}
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;
  ~Interpreter();

  std::string run(const Block& block, const std::vector<std::pair<std::string, Value>>& variables);

  /// Counts work; fails past the limit.
  void step(std::size_t n = 1);
  /// Counts bytes made; fails past the limit.
  void charge(std::size_t bytes);
  /// `text` as a value, counted.
  Value text(std::string text);
  Value list(std::vector<Value> items, bool is_tuple = false);

  Value call(const Value& function, const Arguments& arguments);
  Value filter(const std::string& name, const Value& input, const Arguments& arguments);
  bool test(const std::string& name, const Value& value, const Arguments& arguments);
  Value attribute(const Value& object, const std::string& name);
  Value item(const Value& object, const Value& key);
  /// What a for loop sees: characters, items or keys.
  std::shared_ptr<const ListValue> iterate(const Value& value);
  const std::tm& now() const { return now_; }

  static constexpr std::size_t kMaxSteps = 1000000;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
  static constexpr std::size_t kMaxOutput = std::size_t{16} << 20;
  static constexpr int kMaxDepth = 1500;

 private:
  struct Scope {
    std::vector<std::pair<std::string, Value>> variables;
    std::shared_ptr<Scope> parent;

    void set(const std::string& name, Value value);
  };
  enum class Flow { kNormal, kBreak, kContinue };
  class ScopeGuard;
  /// One call deeper while this lives; fails past the limit.
  class DepthGuard {
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

  Flow run_block(const Block& block, std::string& out);
  Flow run_statement(const Statement& statement, std::string& out);
  Flow run_for(const Statement& statement, std::string& out);
  std::string run_scoped(const Statement& statement);
  void write(std::string& out, std::string_view text);
  void assign(const Target& target, Value value);
  Value make_macro(const Statement& statement, const std::string& name);
  Value call_macro(const Statement& statement, const std::string& name,
                   const std::shared_ptr<Scope>& scope, const Arguments& arguments);
  Value evaluate(const Expression& expression);
  Value evaluate_node(const Expression& expression);
  Value evaluate_filter(const Expression& expression, const Value* input);
  Arguments evaluate_arguments(const CallArguments& arguments);
  Value lookup(const std::string& name) const;
  Value slice(const Expression& expression);

  std::tm now_;
  std::shared_ptr<Scope> scope_ = std::make_shared<Scope>();
  std::vector<std::weak_ptr<Scope>> captured_;  ///< scopes that macros hold
  const Value* block_input_ = nullptr;          ///< text that a block filter works on
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
  int depth_ = 0;
};

/// Operators. `op` is as written in the template.
Value binary_operation(Interpreter& interpreter, const std::string& op, const Value& a,
                       const Value& b);
bool compare_values(Interpreter& interpreter, const std::string& op, const Value& a,
                    const Value& b);
/// Python's order; fails for values without one.
bool less_than(const Value& a, const Value& b);

/// Filters, tests, methods and functions by name; null where there is none of that name.
using FilterFunction = Value (*)(Interpreter&, const Value&, const Arguments&);
FilterFunction find_filter(std::string_view name);
FilterFunction find_sequence_filter(std::string_view name);
using TestFunction = bool (*)(Interpreter&, const Value&, const Arguments&);
TestFunction find_test(std::string_view name);
/// A method of a string, list, dict or loop, bound to `object`; nullopt where there is none.
std::optional<Value> find_method(const Value& object, const std::string& name);
std::optional<Value> find_function(const std::string& name);

/// The arguments by parameter name, null where not given; fails for more or unknown ones.
std::vector<const Value*> bind_arguments(const Arguments& arguments,
                                         std::initializer_list<std::string_view> names,
                                         std::string_view what);
/// Arguments of a given type, with a failure that names the function.
std::int64_t int_argument(const Value& value, std::string_view what);
const std::string& string_argument(const Value& value, std::string_view what);

}  // namespace firstlight::nn
