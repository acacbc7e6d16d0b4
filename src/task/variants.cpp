#include "firstlight/task/variants.h"

#include <algorithm>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/yaml.h"
#include "segments.h"
#include "template.h"

namespace firstlight {
namespace {

/// Whether every class that the prompt numbers is among those of the task.
bool numbers_only(const std::vector<Segment>& segments, const Task& task) {
  return std::all_of(segments.begin(), segments.end(), [&](const Segment& segment) {
    return segment.kind != Segment::Kind::kIndex ||
           std::any_of(task.classes.begin(), task.classes.end(),
                       [&](const ClassDefinition& c) { return c.key == segment.text; });
  });
}

std::vector<std::string> read_set(const yaml::Node& set, const Task& task) {
  std::vector<std::string> keys;
  for (const ClassDefinition& definition : task.classes) keys.push_back(definition.key);
  set.require_known(keys);
  std::vector<std::string> descriptions;
  for (const std::string& key : keys) descriptions.push_back(set.at(key).text());
  return descriptions;
}

}  // namespace

Task with_descriptions(const Task& task, const std::vector<std::string>& descriptions) {
  if (descriptions.size() != task.size()) {
    throw Error::usage(task.origin, std::to_string(descriptions.size()) + " descriptions for " +
                                        std::to_string(task.size()) + " classes");
  }
  if (!lists_classes(task) || task.class_line.find("{description}") == std::string::npos) {
    throw Error::usage(task.origin, "has no class lines with {description} to change");
  }
  Task changed = task;
  for (std::size_t i = 0; i < task.size(); ++i) changed.classes[i].description = descriptions[i];
  return changed;
}

Task with_classes(const Task& task, const std::vector<ClassId>& kept) {
  if (kept.size() < 2) throw Error::usage(task.origin, "a task has at least two classes");
  Task changed = task;
  changed.classes.clear();
  std::vector<bool> seen(task.size(), false);
  for (const ClassId id : kept) {
    if (id.value < 0 || id.index() >= task.size() || seen[id.index()]) {
      throw Error::usage(task.origin, "a class is named twice or does not exist");
    }
    seen[id.index()] = true;
    changed.classes.push_back(task.classes[id.index()]);
  }
  changed.merges.clear();
  changed.backgrounds.clear();
  changed.positive.reset();
  if (!numbers_only(changed.prompt, changed)) changed.prompt = task.prompt_without_descriptions;
  if (!lists_classes(changed) && kept.size() < task.size()) {
    throw Error::usage(task.origin, "its prompts name every class: none can be left out");
  }
  if (!numbers_only(changed.prompt_without_descriptions, changed)) {
    changed.prompt_without_descriptions.clear();
  }
  return changed;
}

bool has_lines_alone(const Task& task) {
  const auto& bare = task.prompt_without_descriptions;
  return holds(task.prompt, Segment::Kind::kIndex) && !holds(bare, Segment::Kind::kIndex) &&
         (holds(bare, Segment::Kind::kClasses) || holds(task.system, Segment::Kind::kClasses));
}

Task with_lines_alone(const Task& task) {
  if (!holds(task.prompt, Segment::Kind::kIndex)) {
    throw Error::usage(task.origin, "gives no number of a class outside of its line");
  }
  if (!has_lines_alone(task)) {
    throw Error::usage(task.origin, "has no prompt with class lines alone");
  }
  Task changed = task;
  changed.prompt = task.prompt_without_descriptions;
  return changed;
}

Task with_numbers_alone(const Task& task) {
  const auto numbers = [](std::string_view line) {
    return line.find("{index}") != std::string_view::npos ||
           line.find("{letter}") != std::string_view::npos;
  };
  if (!numbers(task.answer) || line_without_words(task.answer) != task.answer) {
    throw Error::usage(task.origin, "its answers are names, not numbers");
  }
  Task changed = holds(task.prompt, Segment::Kind::kIndex) ? with_lines_alone(task) : task;
  changed.class_line = line_without_words(task.class_line);
  if (!lists_classes(changed) || !numbers(changed.class_line)) {
    throw Error::usage(task.origin, "has no class lines with a number or letter");
  }
  changed.class_line_without_descriptions = changed.class_line;
  for (ClassDefinition& definition : changed.classes) definition.description.clear();
  return changed;
}

std::vector<Task> read_paraphrases(const std::string& path, const Task& task) {
  const yaml::Node file = yaml::parse(text::read_file(path), path);
  file.require_known({"task", "prompt", "class_line", "paraphrases"});
  const yaml::Node& name = file.at("task");
  if (name.text() != task.name) {
    throw name.error("the paraphrases are for the task '" + name.text() + "', not for '" +
                     task.name + "'");
  }
  Task base = task;
  if (const yaml::Node* prompt = file.find("prompt")) {
    base.prompt = parse_segments(*prompt, prompt->text(), kPromptMarkers, task);
  }
  if (const yaml::Node* line = file.find("class_line")) {
    base.class_line = parse_line(*line, task.size());
  }
  std::vector<Task> variants;
  for (const yaml::Node& set : file.at("paraphrases").items()) {
    variants.push_back(with_descriptions(base, read_set(set, task)));
  }
  if (variants.empty()) throw file.at("paraphrases").error("there are none");
  return variants;
}

std::string builtin_paraphrases(const Task& task) {
  const std::string path = share_dir() + "/tasks/paraphrases/" + task.name + ".yaml";
  return std::filesystem::is_regular_file(path) ? path : std::string();
}

}  // namespace firstlight
