#include "class_reader.h"

#include <cstdint>
#include <map>

#include "fields.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "template.h"

namespace firstlight {

using yaml::Node;

namespace {

constexpr std::size_t kMaxClasses = 1000;

/// Text that enters a prompt as it stands must not look like an image place.
void refuse_image_marker(const Node& node) {
  if (node.text().find(kImageMarker) != std::string::npos) {
    throw node.error("'" + node.path() + "' holds the image marker <image>");
  }
}

}  // namespace

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

}  // namespace firstlight
