#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/metadata.h"
#include "firstlight/base/random.h"
#include "firstlight/task/condition.h"

namespace firstlight {

/// One thing that a reason can say of an attribute: when it is true, and ways to say it.
struct Statement {
  std::string value;              ///< for tables, e.g. "yes"
  std::vector<Condition> when;    ///< true where one of them holds
  std::vector<std::string> says;  ///< parts of a sentence, without a full stop
};

/// A statement by its place.
struct Said {
  std::size_t attribute = 0;  ///< of Vocabulary::attributes()
  std::size_t statement = 0;  ///< of the attribute's statements
};

/// Something that pictures of a domain show and that a simulator knows. At most one statement is
/// true of a sample; none where the truth lies between them.
struct Attribute {
  std::string name;
  std::vector<Statement> statements;
  /// There is nothing to say of it unless this one, of an attribute before it, is true.
  std::optional<Said> needs = std::nullopt;
};

/// One or two sentences out of parts of sentences (Statement::says).
std::string to_sentences(std::vector<std::string> parts);

/// The words in which the reasons of a domain are given, and the truth columns that decide them:
/// share/tasks/vocabulary/NAME.yaml. Reasons are made from it in training and read by it in the
/// check, so that both mean the same. Immutable; safe from any thread.
class Vocabulary {
 public:
  /// That of a built-in task; nullopt where no file names it.
  static std::optional<Vocabulary> of_task(const std::string& task);
  /// Throws Error::usage with file and line, also where two statements have the same words.
  static Vocabulary load(const std::string& path);

  const std::vector<std::string>& tasks() const { return tasks_; }
  const std::vector<Attribute>& attributes() const { return attributes_; }
  /// All words of all statements (Statement::says), attribute by attribute.
  std::vector<std::string> parts() const;

  /// Which statement of each attribute is true of a sample; nullopt where that is not known.
  std::vector<std::optional<std::size_t>> truth(const std::optional<std::string>& sample_truth,
                                                const std::vector<Metadata>& columns) const;
  /// Which statement of each attribute a text makes: that whose words it holds, the longest first,
  /// without regard to case. nullopt where it makes none, or two that contradict each other.
  std::vector<std::optional<std::size_t>> stated(std::string_view text) const;
  /// One or two sentences that make these statements in this order, their words drawn at random;
  /// empty where there are none.
  std::string sentences(const std::vector<Said>& said, Random& random) const;

 private:
  std::vector<std::string> tasks_;
  std::vector<Attribute> attributes_;
};

}  // namespace firstlight
