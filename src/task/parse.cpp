#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"
#include "firstlight/task/yaml.h"
#include "segments.h"
#include "template.h"

namespace firstlight {
namespace {

using yaml::Node;

constexpr std::size_t kMaxClasses = 1000;

/// A block text ends with a line break that its writer did not mean.
std::string without_final_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string text_at(const Node& map, std::string_view key, const std::string& absent) {
  const Node* node = map.find(key);
  return node == nullptr ? absent : without_final_break(node->text());
}

std::string nonempty(const Node& node) {
  if (text::trim(node.text()).empty()) throw node.error("'" + node.path() + "' is empty");
  return node.text();
}

/// Text that enters a prompt as it stands must not look like an image place.
void refuse_image_marker(const Node& node) {
  if (node.text().find(kImageMarker) != std::string::npos) {
    throw node.error("'" + node.path() + "' holds the image marker <image>");
  }
}

bool is_word(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.find(c) != extra.npos;
  });
}

std::vector<ClassDefinition> read_classes(const Node& list) {
  std::vector<ClassDefinition> classes;
  for (const Node& item : list.items()) {
    item.require_known({"key", "name", "description", "synonyms"});
    ClassDefinition c;
    const Node& key = item.at("key");
    c.key = key.text();
    if (!is_word(c.key, "_")) {
      throw key.error("the class key '" + c.key + "' is not made of a-z, 0-9 and _");
    }
    c.name = text::replace_all(c.key, "_", " ");
    if (const Node* name = item.find("name")) {
      c.name = nonempty(*name);
      refuse_image_marker(*name);
    }
    if (const Node* description = item.find("description")) {
      c.description = without_final_break(description->text());
      refuse_image_marker(*description);
    }
    if (const Node* synonyms = item.find("synonyms")) {
      for (const Node& synonym : synonyms->items()) c.synonyms.push_back(nonempty(synonym));
    }
    classes.push_back(std::move(c));
  }
  if (classes.size() > kMaxClasses) {
    throw list.error("a task has at most " + std::to_string(kMaxClasses) + " classes");
  }
  return classes;
}

/// Truth is matched by key, name, synonym and index, so no two classes may share one of them.
/// Backgrounds are matched too and have no index. `list` and `others` hold the nodes of `classes`
/// and `backgrounds`.
void require_distinct_classes(const Node& list, const std::vector<ClassDefinition>& classes,
                              const Node* others, const std::vector<ClassDefinition>& backgrounds,
                              int first_index) {
  struct Use {
    std::size_t owner;
    std::string kind;
    int line;
  };
  std::map<std::string, Use> uses;
  const auto claim = [&](const Node& node, const std::string& word, const std::string& kind,
                         std::size_t owner) {
    const std::string shown = kind + " '" + word + "'";
    const auto [use, added] =
        uses.emplace(text::lower(text::trim(word)), Use{owner, kind, node.line()});
    if (!added && (use->second.owner != owner || (kind == "synonym" && use->second.kind == kind))) {
      throw node.error("the class " + shown + " is already the " + use->second.kind +
                       (use->second.owner == owner ? "" : " of another class") + " in line " +
                       std::to_string(use->second.line));
    }
    const auto number = text::parse_int(text::trim(word));
    if (number && *number >= first_index &&
        *number < first_index + static_cast<std::int64_t>(classes.size()) &&
        *number != first_index + static_cast<std::int64_t>(owner)) {
      throw node.error("the class " + shown + " is the index of another class");
    }
  };
  std::vector<const Node*> items;
  for (const Node& item : list.items()) items.push_back(&item);
  if (others != nullptr) {
    for (const Node& item : others->items()) items.push_back(&item);
  }
  const auto definition = [&](std::size_t i) -> const ClassDefinition& {
    return i < classes.size() ? classes[i] : backgrounds[i - classes.size()];
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    claim(items[i]->at("key"), definition(i).key, "key", i);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Node* name = items[i]->find("name");
    claim(name == nullptr ? items[i]->at("key") : *name, definition(i).name, "name", i);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Node* synonyms = items[i]->find("synonyms");
    if (synonyms == nullptr) continue;
    for (const Node& node : synonyms->items()) claim(node, node.text(), "synonym", i);
  }
}

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

void require_one_of(const Node& node, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), node.text()) == known.end()) {
    throw node.error("'" + node.path() + "' is '" + node.text() + "'",
                     "it must be one of " + text::join(known, ", "));
  }
}

/// The kinds of stretch, each with the settings that it uses (image/stretch.h).
const std::map<std::string, std::vector<std::string>>& stretch_kinds() {
  static const std::map<std::string, std::vector<std::string>> kinds = {
      {"none", {}},
      {"linear", {"low", "high", "limits_from"}},
      {"percentile", {"low", "high", "percentile", "limits_from"}},
      {"zscale", {"low", "high", "contrast", "limits_from"}},
      {"asinh", {"low", "high", "softening", "percentile", "limits_from"}},
      {"log", {"low", "high", "softening", "percentile", "limits_from"}},
      {"lupton", {"low", "softening", "stretch"}},
  };
  return kinds;
}

StretchSettings read_stretch(const Node& node) {
  std::vector<std::string> names;
  for (const auto& [name, settings] : stretch_kinds()) names.push_back(name);
  StretchSettings stretch;
  if (node.is_text()) {
    require_one_of(node, names);
    stretch.kind = node.text();
    return stretch;
  }
  node.require_known(
      {"kind", "low", "high", "softening", "percentile", "stretch", "contrast", "limits_from"});
  require_one_of(node.at("kind"), names);
  stretch.kind = node.at("kind").text();
  const std::vector<std::string>& used = stretch_kinds().at(stretch.kind);
  for (const std::string& key : node.keys()) {
    if (key == "kind" || std::find(used.begin(), used.end(), key) != used.end()) continue;
    throw node.at(key).error(
        "the stretch '" + stretch.kind + "' does not use '" + key + "'",
        used.empty() ? "it has no settings" : "it uses " + text::join(used, ", "));
  }
  constexpr double kLarge = 1e30;
  constexpr double kSmall = 1e-12;
  const auto read = [&](const char* key, double low, double high, auto& target) {
    if (const Node* value = node.find(key)) target = value->number(low, high);
  };
  read("low", -kLarge, kLarge, stretch.low);
  read("high", -kLarge, kLarge, stretch.high);
  read("softening", kSmall, kLarge, stretch.softening);
  read("percentile", kSmall, 100, stretch.percentile);
  read("stretch", kSmall, kLarge, stretch.stretch);
  read("contrast", kSmall, 1, stretch.contrast);
  read("limits_from", kSmall, 1, stretch.limits_from);
  if (stretch.low && stretch.high && *stretch.low >= *stretch.high) {
    throw node.at("high").error("'high' must be above 'low'");
  }
  return stretch;
}

std::vector<ViewSettings> read_views(const Node* list) {
  std::vector<ViewSettings> views;
  if (list == nullptr) {
    views.emplace_back().name = "image";
    return views;
  }
  for (const Node& item : list->items()) {
    item.require_known({"name", "description", "optional", "stretch", "invert", "crop", "resize",
                        "resize_filter"});
    ViewSettings view;
    const Node& name = item.at("name");
    view.name = nonempty(name);
    if (view.name.find_first_of("{}\n") != std::string::npos) {
      throw name.error("a view's name cannot hold braces or line breaks");
    }
    for (const ViewSettings& other : views) {
      if (other.name == view.name) throw name.error("the view '" + view.name + "' is given twice");
    }
    view.description = text_at(item, "description", "");
    if (const Node* optional = item.find("optional")) view.optional = optional->boolean();
    if (const Node* stretch = item.find("stretch")) view.stretch = read_stretch(*stretch);
    if (const Node* invert = item.find("invert")) view.stretch.invert = invert->boolean();
    if (const Node* crop = item.find("crop")) view.crop = crop->number(1e-6, 1);
    if (const Node* side = item.find("resize")) {
      view.resize = static_cast<int>(side->integer(1, 8192));
    }
    if (const Node* filter = item.find("resize_filter")) {
      require_one_of(*filter, {"bicubic", "bilinear", "lanczos", "area", "max", "sum"});
      view.resize_filter = filter->text();
    }
    views.push_back(std::move(view));
  }
  if (views.empty()) throw list->error("'views' names no view", "leave the key out for one image");
  return views;
}

ViewLayout read_layout(const Node& node, const std::vector<ViewSettings>& views) {
  static const std::vector<std::string> kNames = {"separate", "side_by_side", "stacked",
                                                  "channels"};
  require_one_of(node, kNames);
  const auto place = std::find(kNames.begin(), kNames.end(), node.text()) - kNames.begin();
  const auto layout = static_cast<ViewLayout>(place);
  if (layout != ViewLayout::kSeparate && views.size() < 2) {
    throw node.error("the layout joins views, and the task has one", "leave 'layout' out");
  }
  if (layout == ViewLayout::kChannels && views.size() > 3) {
    throw node.error("the layout 'channels' takes at most three views");
  }
  return layout;
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

/// class_line and answer: `{index}`, `{letter}`, `{key}`, `{name}`, `{description}`.
std::string read_line(const Node& root, const char* key, const std::string& absent,
                      std::size_t classes) {
  const Node* node = root.find(key);
  if (node == nullptr) return absent;
  std::string line = without_final_break(node->text());
  if (line.empty()) throw node->error("'" + node->path() + "' is empty");
  for (const TemplatePiece& piece : split_or_throw(*node, line)) {
    if (!piece.is_marker) continue;
    static const std::vector<std::string> kKnown = {"index", "letter", "key", "name",
                                                    "description"};
    if (std::find(kKnown.begin(), kKnown.end(), piece.text) == kKnown.end()) {
      throw unknown_marker(*node, piece,
                           {"{index}", "{letter}", "{key}", "{name}", "{description}"});
    }
    if (piece.text == "letter" && classes > kMaxLetters) {
      throw node->error("{letter} numbers at most 26 classes", "use {index}");
    }
  }
  return line;
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

bool has_image(const std::vector<Segment>& segments) {
  return std::any_of(segments.begin(), segments.end(),
                     [](const Segment& segment) { return segment.kind == Segment::Kind::kImage; });
}

void read_prompts(const Node& root, Task& task) {
  using Kind = Segment::Kind;
  const std::vector<Kind> user_markers = {Kind::kImage, Kind::kField, Kind::kClasses, Kind::kIndex};
  const auto read = [&](const Node& node, const std::vector<Kind>& allowed) {
    std::vector<Segment> segments =
        parse_segments(node, without_final_break(nonempty(node)), allowed, task);
    return segments;
  };
  if (const Node* system = root.find("system")) {
    task.system = read(*system, {Kind::kField, Kind::kClasses, Kind::kIndex});
  }
  const Node& prompt = root.at("prompt");
  task.prompt = read(prompt, user_markers);
  const Node* bare = root.find("prompt_without_descriptions");
  if (bare != nullptr) task.prompt_without_descriptions = read(*bare, user_markers);

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
  const bool chat_has_image = has_image(task.chat);
  const auto require_image = [&](const Node& node, const std::vector<Segment>& segments) {
    if (has_image(segments) && chat_has_image) {
      throw node.error("both '" + node.path() + "' and 'chat' place the image", "leave one out");
    }
    if (!has_image(segments) && !chat_has_image) {
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
