#include "firstlight/task/vocabulary.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/task/yaml.h"

namespace firstlight {
namespace {

namespace fs = std::filesystem;

/// Statements of one sentence.
constexpr std::size_t kPerSentence = 2;

Statement read_statement(const yaml::Node& node) {
  node.require_known({"value", "when", "says"});
  Statement statement;
  statement.value = node.at("value").text();
  for (const yaml::Node& when : node.at("when").items()) {
    when.require_known({"truth", "is", "where"});
    statement.when.push_back(read_condition(when));
  }
  for (const yaml::Node& says : node.at("says").items()) statement.says.push_back(says.text());
  if (statement.says.empty()) throw node.error("a statement needs words");
  return statement;
}

/// `NAME: VALUE` of one of the attributes so far.
Said read_needs(const yaml::Node& node, const std::vector<Attribute>& attributes) {
  const std::vector<std::string> names = node.keys();
  for (std::size_t a = 0; names.size() == 1 && a < attributes.size(); ++a) {
    if (attributes[a].name != names.front()) continue;
    const std::string value = node.at(names.front()).text();
    const auto& statements = attributes[a].statements;
    for (std::size_t s = 0; s < statements.size(); ++s) {
      if (statements[s].value == value) return {a, s};
    }
  }
  throw node.error("one attribute before this one with one of its values is needed");
}

struct Found {
  std::size_t length = 0;
  std::size_t attribute = 0;
  std::size_t statement = 0;
};

}  // namespace

Vocabulary Vocabulary::load(const std::string& path) {
  const yaml::Node root = yaml::parse(text::read_file(path), path);
  root.require_known({"tasks", "attributes"});
  Vocabulary vocabulary;
  for (const yaml::Node& task : root.at("tasks").items()) vocabulary.tasks_.push_back(task.text());
  std::map<std::string, std::string> owner;
  for (const yaml::Node& node : root.at("attributes").items()) {
    node.require_known({"name", "needs", "statements"});
    Attribute attribute;
    attribute.name = node.at("name").text();
    if (const yaml::Node* needs = node.find("needs")) {
      attribute.needs = read_needs(*needs, vocabulary.attributes_);
    }
    for (const yaml::Node& item : node.at("statements").items()) {
      attribute.statements.push_back(read_statement(item));
      for (const std::string& words : attribute.statements.back().says) {
        if (!owner.emplace(text::lower(words), attribute.name).second) {
          throw item.error("'" + words + "' is said twice");
        }
      }
    }
    vocabulary.attributes_.push_back(std::move(attribute));
  }
  return vocabulary;
}

std::optional<Vocabulary> Vocabulary::of_task(const std::string& task) {
  std::error_code status;
  std::vector<std::string> files;
  const fs::path folder = fs::path(share_dir()) / "tasks" / "vocabulary";
  for (const auto& entry : fs::directory_iterator(folder, status)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    Vocabulary vocabulary = load(file);
    const auto& tasks = vocabulary.tasks();
    if (std::find(tasks.begin(), tasks.end(), task) != tasks.end()) return vocabulary;
  }
  return std::nullopt;
}

std::vector<std::string> Vocabulary::parts() const {
  std::vector<std::string> parts;
  for (const Attribute& attribute : attributes_) {
    for (const Statement& statement : attribute.statements)
      parts.insert(parts.end(), statement.says.begin(), statement.says.end());
  }
  return parts;
}

std::vector<std::optional<std::size_t>> Vocabulary::truth(
    const std::optional<std::string>& sample_truth, const std::vector<Metadata>& columns) const {
  std::vector<std::optional<std::size_t>> result;
  for (const Attribute& attribute : attributes_) {
    std::optional<std::size_t> found;
    for (std::size_t s = 0; s < attribute.statements.size() && !found; ++s) {
      const auto& when = attribute.statements[s].when;
      if (std::any_of(when.begin(), when.end(), [&](const Condition& condition) {
            return condition.holds(sample_truth, columns);
          })) {
        found = s;
      }
    }
    result.push_back(found);
  }
  return result;
}

std::vector<std::optional<std::size_t>> Vocabulary::stated(std::string_view given) const {
  std::string rest = text::lower(given);
  std::vector<std::pair<std::string, Found>> words;
  for (std::size_t a = 0; a < attributes_.size(); ++a) {
    for (std::size_t s = 0; s < attributes_[a].statements.size(); ++s) {
      for (const std::string& says : attributes_[a].statements[s].says) {
        words.push_back({text::lower(says), {says.size(), a, s}});
      }
    }
  }
  std::stable_sort(words.begin(), words.end(),
                   [](const auto& a, const auto& b) { return a.second.length > b.second.length; });
  std::vector<std::optional<std::size_t>> result(attributes_.size());
  std::vector<bool> contradicted(attributes_.size(), false);
  for (const auto& [says, found] : words) {
    for (std::size_t at = rest.find(says); at != std::string::npos; at = rest.find(says)) {
      // Longer words come first: what they hold of others' words is not said by itself.
      rest.replace(at, says.size(), says.size(), '#');
      auto& statement = result[found.attribute];
      if (statement && *statement != found.statement) contradicted[found.attribute] = true;
      statement = found.statement;
    }
  }
  for (std::size_t a = 0; a < result.size(); ++a) {
    if (contradicted[a]) result[a].reset();
  }
  return result;
}

std::string Vocabulary::sentences(const std::vector<Said>& said, Random& random) const {
  std::vector<std::string> parts;
  for (const Said& place : said) {
    const auto& says = attributes_.at(place.attribute).statements.at(place.statement).says;
    parts.push_back(says[random.below(says.size())]);
  }
  return to_sentences(std::move(parts));
}

std::string to_sentences(std::vector<std::string> parts) {
  const std::size_t first = std::max(kPerSentence, (parts.size() + 1) / 2);
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool begins = i == 0 || i == first;
    if (!out.empty())
      out += begins ? ". " : i + 1 == parts.size() || i + 1 == first ? " and " : ", ";
    std::string& part = parts[i];
    if (begins && part[0] >= 'a' && part[0] <= 'z') {
      part[0] = static_cast<char>(part[0] - 'a' + 'A');
    }
    out += part;
  }
  return out.empty() ? out : out + ".";
}

}  // namespace firstlight
