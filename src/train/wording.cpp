#include "firstlight/train/wording.h"

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/yaml.h"

namespace firstlight::train {
namespace {

Phrases phrases(const yaml::Node& node) {
  Phrases phrases;
  for (const yaml::Node& item : node.items()) phrases.push_back(item.text());
  if (phrases.empty()) throw node.error("a list of phrases is needed");
  return phrases;
}

Question read_question(const yaml::Node& node, const Wordings& wordings) {
  node.require_known({"domain", "weight", "concepts"});
  Question question;
  const yaml::Node& domain = node.at("domain");
  question.domain = domain.text();
  if (wordings.introductions.count(question.domain) == 0) {
    throw domain.error("the domain '" + question.domain + "' has no introductions");
  }
  if (const yaml::Node* weight = node.find("weight")) question.weight = weight->number(0, 1e6);
  for (const yaml::Node& name : node.at("concepts").items()) {
    question.concepts.push_back(name.text());
    if (wordings.concepts.count(name.text()) == 0) {
      throw name.error("the concept '" + name.text() + "' is not described");
    }
  }
  return question;
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

/// Lines of `tail` behind a number or, with probability `letters`, a letter.
Marking draw_mark(const std::string& tail, double letters, Random& random) {
  static const std::vector<std::string> nouns = {"Category", "Category", "Category", "Class",
                                                 "Type",     "Group",    "Option",   "Label"};
  if (random.chance(letters)) {
    const std::string line = random.chance(0.5) ? "({letter}) " + tail : "{letter}. " + tail;
    return {Marking::By::kLetter, line, line[0] == '(' ? "({letter})" : "{letter}"};
  }
  const std::string noun = pick(nouns, random);
  const std::string line = random.chance(0.6)   ? noun + " {index}: " + tail
                           : random.chance(0.5) ? "{index}. " + tail
                                                : "{index}: " + tail;
  const bool bare = line[0] == '{' ? random.chance(0.6) : random.chance(0.15);
  return {Marking::By::kNumber, line,
          bare ? "{index}" : (line[0] == '{' ? "Category" : noun) + std::string(" {index}")};
}

Marking draw_marking(bool described, Random& random) {
  const std::string tail = described ? "{description}" : "{name}";
  const std::string both = described ? "{name}: {description}" : "{name}";
  const std::string full = random.chance(0.4)
                               ? both
                               : (described && random.chance(0.5) ? "{name}, {description}" : tail);
  if (random.chance(0.7)) return draw_mark(full, 0.21, random);
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

/// The concepts of a question in any order; with probability `fewer` some are left out.
std::vector<std::string> draw_concepts(const Question& question, double fewer, Random& random) {
  std::vector<std::string> concepts = question.concepts;
  random.shuffle(concepts);
  if (concepts.size() > 2 && random.chance(fewer)) {
    concepts.resize(2 + random.below(concepts.size() - 2));
  }
  return concepts;
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
  const yaml::Node root = yaml::parse(text::read_file(path), path);
  root.require_known({"concepts", "questions", "introductions", "closings_by_number",
                      "closings_by_letter", "closings_by_name", "systems"});
  Wordings wordings;
  const yaml::Node& concepts = root.at("concepts");
  for (const std::string& name : concepts.keys()) {
    const yaml::Node& node = concepts.at(name);
    node.require_known({"names", "descriptions"});
    wordings.concepts.emplace(name,
                              Concept{phrases(node.at("names")), phrases(node.at("descriptions"))});
  }
  const yaml::Node& introductions = root.at("introductions");
  for (const std::string& domain : introductions.keys())
    wordings.introductions.emplace(domain, phrases(introductions.at(domain)));
  for (const yaml::Node& node : root.at("questions").items())
    wordings.questions.push_back(read_question(node, wordings));
  wordings.closings_by_number = phrases(root.at("closings_by_number"));
  wordings.closings_by_letter = phrases(root.at("closings_by_letter"));
  wordings.closings_by_name = phrases(root.at("closings_by_name"));
  wordings.systems = phrases(root.at("systems"));
  return wordings;
}

std::vector<ClassDefinition> draw_classes(const Wordings& wordings,
                                          const std::vector<std::string>& concepts,
                                          Random& random) {
  std::vector<ClassDefinition> classes;
  std::set<std::string> used;
  for (const std::string& name : concepts) {
    const Concept& concept_ = wordings.concepts.at(name);
    ClassDefinition definition;
    definition.key = name;
    // Two concepts may share a name by chance; names in one task differ.
    int attempts = 0;
    do {
      if (++attempts > 1000) {
        throw Error::usage("wordings", "the concept '" + name + "' has no name of its own",
                           "give it one that no other concept of the question has");
      }
      definition.name = draw(concept_.names, random);
    } while (!used.insert(text::lower(definition.name)).second);
    definition.description = draw(concept_.descriptions, random);
    if (random.chance(0.3))
      definition.description += " " + capitalised(draw(concept_.descriptions, random));
    classes.push_back(std::move(definition));
  }
  return classes;
}

DrawnTask draw_brief_task(const Wordings& wordings, const Question& question, Random& random) {
  DrawnTask drawn;
  drawn.concepts = draw_concepts(question, 0.7, random);
  Task& task = drawn.task;
  task.name = "drawn";
  task.views.emplace_back().name = "image";
  task.classes = draw_classes(wordings, drawn.concepts, random);
  const Marking marking = draw_mark(random.chance(0.75) ? "{name}" : "{description}", 0.25, random);
  task.class_line = marking.line;
  task.answer = marking.answer;
  task.class_separator = random.chance(0.7) ? "\n" : "\n\n";
  task.first_index = random.chance(0.65) ? 0 : 1;
  using Kind = Segment::Kind;
  task.prompt = {{Kind::kImage, ""}, {Kind::kText, "\n"}, {Kind::kClasses, ""}};
  return drawn;
}

DrawnTask draw_task(const Wordings& wordings, const Question& question, bool image_first,
                    Random& random) {
  DrawnTask drawn;
  drawn.image_first = image_first;
  drawn.concepts = draw_concepts(question, 0.4, random);
  const bool described = random.chance(0.75);
  const bool capital = random.chance(0.3);
  auto classes = draw_classes(wordings, drawn.concepts, random);
  if (capital) {
    for (ClassDefinition& definition : classes) definition.name = capitalised(definition.name);
  }
  // Names alone are asked for most often in the form that `--classes` gives them.
  if (!described && image_first && random.chance(0.5)) {
    std::vector<std::string> names;
    for (const ClassDefinition& definition : classes) names.push_back(definition.name);
    drawn.task = task_from_class_names(names);
    return drawn;
  }
  Task& task = drawn.task;
  task.name = "drawn";
  task.views.emplace_back().name = "image";
  task.classes = std::move(classes);
  const Marking marking = draw_marking(described, random);
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
