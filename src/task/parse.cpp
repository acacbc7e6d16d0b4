#include <algorithm>
#include <map>
#include <set>

#include "class_reader.h"
#include "fields.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"
#include "firstlight/task/yaml.h"
#include "segments.h"
#include "template.h"
#include "view_reader.h"

namespace firstlight {
namespace {

using yaml::Node;

ClassId class_of_key(const Node& node, const std::vector<ClassDefinition>& classes) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].key == node.text()) return ClassId{static_cast<std::int32_t>(i)};
    keys.push_back(classes[i].key);
  }
  const auto nearest = text::nearest(node.text(), keys);
  throw node.error(
      "there is no class '" + node.text() + "'",
      nearest ? "did you mean '" + *nearest + "'?" : "the keys are: " + text::join(keys, ", "));
}

std::vector<ClassMerge> read_merges(const Node& list, const std::vector<ClassDefinition>& classes) {
  std::vector<ClassMerge> merges;
  std::set<ClassId> merged;
  for (const Node& item : list.items()) {
    item.require_known({"name", "classes"});
    ClassMerge merge;
    const Node& name = item.at("name");
    merge.name = nonempty(name);
    for (const Node& key : item.at("classes").items()) {
      const ClassId id = class_of_key(key, classes);
      if (!merged.insert(id).second) throw key.error("'" + key.text() + "' is merged twice");
      merge.classes.push_back(id);
    }
    if (merge.classes.size() < 2) throw item.error("a merge needs at least two classes");
    for (const ClassMerge& other : merges) {
      if (other.name == merge.name)
        throw name.error("the merge '" + merge.name + "' is given twice");
    }
    merges.push_back(std::move(merge));
  }
  for (std::size_t i = 0; i < merges.size(); ++i) {
    for (const ClassDefinition& c : classes) {
      const ClassId id{static_cast<std::int32_t>(&c - classes.data())};
      if (merges[i].name == c.key && !merged.contains(id)) {
        throw list.items()[i].at("name").error("the merge '" + merges[i].name +
                                               "' has the key of a class that stays");
      }
    }
  }
  return merges;
}

std::string read_line(const Node& root, const char* key, const std::string& absent,
                      std::size_t classes) {
  const Node* node = root.find(key);
  return node == nullptr ? absent : parse_line(*node, classes);
}

void require_distinct_answers(const Node& root, const Task& task) {
  const Node* node = root.find("answer");
  if (node == nullptr) node = &root.at("classes");
  std::map<std::string, std::size_t> seen;
  const std::vector<std::string> answers = render_answers(task, {});
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (text::trim(answers[i]).empty()) {
      throw node->error("the answer of class '" + task.classes[i].key + "' is empty");
    }
    if (answers[i].find(kImageMarker) != std::string::npos) {
      throw node->error("the answer of class '" + task.classes[i].key +
                        "' holds the image marker <image>");
    }
    const auto [other, added] = seen.emplace(answers[i], i);
    if (!added) {
      throw node->error("classes '" + task.classes[other->second].key + "' and '" +
                            task.classes[i].key + "' have the same answer '" + answers[i] + "'",
                        "use {index}, {key} or {name} in 'answer'");
    }
  }
}

void read_prompts(const Node& root, Task& task) {
  using Kind = Segment::Kind;
  const auto read = [&](const Node& node, const std::vector<Kind>& allowed) {
    return parse_segments(node, without_final_break(nonempty(node)), allowed, task);
  };
  if (const Node* system = root.find("system")) {
    task.system = read(*system, {Kind::kField, Kind::kClasses, Kind::kIndex});
  }
  const Node& prompt = root.at("prompt");
  task.prompt = read(prompt, kPromptMarkers);
  const Node* bare = root.find("prompt_without_descriptions");
  if (bare != nullptr) task.prompt_without_descriptions = read(*bare, kPromptMarkers);

  const Node* chat = root.find("chat");
  if (chat != nullptr && chat->text() != "model") {
    task.chat =
        parse_segments(*chat, chat->text(), {Kind::kImage, Kind::kPrompt, Kind::kSystem}, task);
    const auto count = [&](Kind kind) {
      return std::count_if(task.chat.begin(), task.chat.end(),
                           [&](const Segment& segment) { return segment.kind == kind; });
    };
    if (count(Kind::kPrompt) != 1) {
      throw chat->error("a literal chat form must hold {prompt} once",
                        "or write 'chat: model' for the model's own");
    }
    if (count(Kind::kSystem) != (task.system.empty() ? 0 : 1)) {
      throw chat->error(task.system.empty()
                            ? "the chat form holds {system}, but the task has no 'system'"
                            : "the chat form must hold {system} once, since the task has 'system'");
    }
  }
  const bool chat_has_image = holds(task.chat, Kind::kImage);
  const auto require_image = [&](const Node& node, const std::vector<Segment>& segments) {
    if (holds(segments, Kind::kImage) && chat_has_image) {
      throw node.error("both '" + node.path() + "' and 'chat' place the image", "leave one out");
    }
    if (!holds(segments, Kind::kImage) && !chat_has_image) {
      throw node.error("'" + node.path() + "' has no place for the image",
                       "write {image} (or <image>) where it belongs");
    }
  };
  require_image(prompt, task.prompt);
  if (bare != nullptr) require_image(*bare, task.prompt_without_descriptions);
}

}  // namespace

Task parse_task(std::string_view yaml, const std::string& origin) {
  const Node root = yaml::parse(yaml, origin);
  root.require_known({"name", "version", "description", "source", "classes", "system", "prompt",
                      "prompt_without_descriptions", "class_line",
                      "class_line_without_descriptions", "class_separator", "first_index", "answer",
                      "chat", "views", "layout", "merges", "backgrounds", "positive"});
  Task task;
  task.origin = origin;
  task.yaml = std::string(yaml);
  const Node& name = root.at("name");
  task.name = name.text();
  if (!is_word(text::lower(task.name), "._-") || task.name.front() == '.' ||
      task.name.front() == '-') {
    throw name.error("the name '" + task.name +
                     "' is not made of letters, digits, '.', '_' and '-'");
  }
  task.version = text_at(root, "version", "1");
  task.description = text_at(root, "description", "");
  task.source = text_at(root, "source", "");

  const Node& classes = root.at("classes");
  task.classes = read_classes(classes);
  if (task.size() < 2) throw classes.error("a task needs at least two classes");
  const Node* backgrounds = root.find("backgrounds");
  if (backgrounds != nullptr) task.backgrounds = read_classes(*backgrounds);
  if (const Node* first = root.find("first_index")) {
    task.first_index = static_cast<int>(first->integer(0, 1'000'000));
  }
  require_distinct_classes(classes, task.classes, backgrounds, task.backgrounds, task.first_index);

  task.views = read_views(root.find("views"));
  if (const Node* layout = root.find("layout")) task.layout = read_layout(*layout, task.views);
  task.class_line = read_line(root, "class_line", task.class_line, task.size());
  task.class_line_without_descriptions =
      read_line(root, "class_line_without_descriptions", "", task.size());
  if (const Node* separator = root.find("class_separator")) {
    task.class_separator = separator->text();
  }
  task.answer = read_line(root, "answer", task.answer, task.size());
  require_distinct_answers(root, task);
  read_prompts(root, task);

  if (const Node* merges = root.find("merges")) task.merges = read_merges(*merges, task.classes);
  if (const Node* positive = root.find("positive")) {
    if (task.size() != 2) throw positive->error("'positive' is for tasks of two classes");
    task.positive = class_of_key(*positive, task.classes);
  }
  return task;
}

}  // namespace firstlight
