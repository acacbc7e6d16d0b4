#include "firstlight/train/wording.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight::train {
namespace {

Phrases phrases(const YAML::Node& node, const std::string& where) {
  if (!node.IsSequence() || node.size() == 0) {
    throw Error::usage(where + ":" + std::to_string(node.Mark().line + 1),
                       "a list of phrases is needed");
  }
  return node.as<Phrases>();
}

const std::string& pick(const std::vector<std::string>& items, Random& random) {
  return items[random.below(items.size())];
}

std::string capitalised(std::string s) {
  if (!s.empty() && s[0] >= 'a' && s[0] <= 'z') s[0] = static_cast<char>(s[0] - 'a' + 'A');
  return s;
}

/// How the classes are marked in the prompt and what the answer repeats of the mark.
struct Marking {
  enum class By { kNumber, kLetter, kName } by;
  std::string line;  ///< with {mark}-free placeholders of task files
  std::string answer;
};

Marking draw_marking(bool described, Random& random) {
  static const std::vector<std::string> nouns = {"Category", "Category", "Category", "Class",
                                                 "Type",     "Group",    "Option",   "Label"};
  const std::string noun = pick(nouns, random);
  const double kind = random.uniform();
  const std::string tail = described ? "{description}" : "{name}";
  const std::string both = described ? "{name}: {description}" : "{name}";
  const std::string full = random.chance(0.4)
                               ? both
                               : (described && random.chance(0.5) ? "{name}, {description}" : tail);
  if (kind < 0.55) {
    const std::string line = random.chance(0.6)   ? noun + " {index}: " + full
                             : random.chance(0.5) ? "{index}. " + full
                                                  : "{index}: " + full;
    const bool bare = line[0] == '{' ? random.chance(0.6) : random.chance(0.15);
    return {Marking::By::kNumber, line,
            bare ? "{index}" : (line[0] == '{' ? "Category" : noun) + std::string(" {index}")};
  }
  if (kind < 0.7) {
    const std::string line = random.chance(0.5) ? "({letter}) " + full : "{letter}. " + full;
    return {Marking::By::kLetter, line, line[0] == '(' ? "({letter})" : "{letter}"};
  }
  static const std::vector<std::string> name_lines = {
      "- {name}: {description}", "{name}: {description}", "{index}. {name}: {description}",
      "* {name} - {description}"};
  static const std::vector<std::string> bare_lines = {"- {name}", "{name}", "{index}. {name}",
                                                      "* {name}"};
  static const std::vector<std::string> answers = {
      "{name}", "{name}", "{name}", "I classify the image as {name}.", "The image shows: {name}"};
  return {Marking::By::kName, pick(described ? name_lines : bare_lines, random),
          pick(answers, random)};
}

}  // namespace

std::string expand(const std::string& pattern, Random& random) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = pattern.find('[', at);
    if (open == std::string::npos) break;
    const std::size_t close = pattern.find(']', open);
    if (close == std::string::npos) break;
    out.append(pattern, at, open - at);
    out.append(pick(text::split(std::string_view(pattern).substr(open + 1, close - open - 1), '|'),
                    random));
    at = close + 1;
  }
  out.append(pattern, at);
  while (out.find("  ") != std::string::npos) out = text::replace_all(out, "  ", " ");
  return text::trim(out);
}

std::string draw(const Phrases& phrases, Random& random) {
  return expand(pick(phrases, random), random);
}

Wordings Wordings::load(const std::string& path) {
  YAML::Node root;
  try {
    root = YAML::Load(text::read_file(path));
  } catch (const YAML::Exception& e) {
    throw Error::usage(path + ":" + std::to_string(e.mark.line + 1), e.msg);
  }
  Wordings wordings;
  try {
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      const YAML::Node& value = entry.second;
      if (key == "concepts") {
        for (const auto& item : value) {
          wordings.concepts.emplace(item.first.as<std::string>(),
                                    Concept{phrases(item.second["names"], path),
                                            phrases(item.second["descriptions"], path)});
        }
      } else if (key == "questions") {
        for (const YAML::Node& item : value) {
          wordings.questions.push_back({item["domain"].as<std::string>(),
                                        item["weight"].as<double>(1.0),
                                        item["concepts"].as<std::vector<std::string>>()});
        }
      } else if (key == "introductions") {
        for (const auto& item : value) {
          wordings.introductions.emplace(item.first.as<std::string>(), phrases(item.second, path));
        }
      } else if (key == "closings_by_number") {
        wordings.closings_by_number = phrases(value, path);
      } else if (key == "closings_by_letter") {
        wordings.closings_by_letter = phrases(value, path);
      } else if (key == "closings_by_name") {
        wordings.closings_by_name = phrases(value, path);
      } else if (key == "systems") {
        wordings.systems = phrases(value, path);
      } else {
        throw Error::unknown_key(path + ":" + std::to_string(entry.first.Mark().line + 1), key,
                                 {"concepts", "questions", "introductions", "closings_by_number",
                                  "closings_by_letter", "closings_by_name", "systems"});
      }
    }
  } catch (const YAML::Exception& e) {
    throw Error::usage(path + ":" + std::to_string(e.mark.line + 1), e.msg);
  }
  for (const Question& question : wordings.questions) {
    for (const std::string& name : question.concepts) {
      if (wordings.concepts.count(name) == 0) {
        throw Error::usage(
            path, "a question asks for the concept '" + name + "', which is not described");
      }
    }
    if (wordings.introductions.count(question.domain) == 0) {
      throw Error::usage(path, "the domain '" + question.domain + "' has no introductions");
    }
  }
  return wordings;
}

DrawnTask draw_task(const Wordings& wordings, const Question& question, bool image_first,
                    Random& random) {
  DrawnTask drawn;
  drawn.image_first = image_first;
  drawn.concepts = question.concepts;
  random.shuffle(drawn.concepts);
  if (drawn.concepts.size() > 2 && random.chance(0.4)) {
    drawn.concepts.resize(2 + random.below(drawn.concepts.size() - 2));
  }
  Task& task = drawn.task;
  task.name = "drawn";
  task.views.emplace_back().name = "image";
  const bool described = random.chance(0.85);
  const Marking marking = draw_marking(described, random);
  const bool capital = random.chance(0.3);
  std::set<std::string> used;
  for (const std::string& name : drawn.concepts) {
    const Concept& concept_ = wordings.concepts.at(name);
    ClassDefinition definition;
    definition.key = name;
    // Two concepts may share a name by chance; names in one task differ.
    for (int attempt = 0; attempt < 20; ++attempt) {
      definition.name = draw(concept_.names, random);
      if (used.insert(text::lower(definition.name)).second) break;
    }
    if (capital) definition.name = capitalised(definition.name);
    definition.description = draw(concept_.descriptions, random);
    if (random.chance(0.3))
      definition.description += " " + capitalised(draw(concept_.descriptions, random));
    task.classes.push_back(std::move(definition));
  }
  task.class_line = marking.line;
  task.answer = marking.answer;
  task.class_separator = random.chance(0.5) ? "\n" : "\n\n";
  task.first_index = random.chance(0.65) ? 0 : 1;
  if (random.chance(0.1)) task.system = {{Segment::Kind::kText, draw(wordings.systems, random)}};

  const Phrases& closings = marking.by == Marking::By::kNumber   ? wordings.closings_by_number
                            : marking.by == Marking::By::kLetter ? wordings.closings_by_letter
                                                                 : wordings.closings_by_name;
  const std::string gap = random.chance(0.5) ? "\n\n" : "\n";
  using Kind = Segment::Kind;
  if (image_first) {
    task.prompt.push_back({Kind::kImage, ""});
    task.prompt.push_back({Kind::kText, "\n"});
  }
  task.prompt.push_back(
      {Kind::kText, draw(wordings.introductions.at(question.domain), random) + gap});
  task.prompt.push_back({Kind::kClasses, ""});
  if (random.chance(0.9)) task.prompt.push_back({Kind::kText, gap + draw(closings, random)});
  if (!image_first) {
    task.prompt.push_back({Kind::kText, "\n"});
    task.prompt.push_back({Kind::kImage, ""});
  }
  return drawn;
}

}  // namespace firstlight::train
