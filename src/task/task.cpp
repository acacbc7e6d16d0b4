#include "firstlight/task/task.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/task/yaml.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

/// A key of a-z, 0-9 and _ from any name; empty where nothing is left.
std::string key_from_name(std::string_view name) {
  std::string key;
  for (const char c : text::lower(name)) {
    const bool keeps = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (keeps) {
      key.push_back(c);
    } else if (!key.empty() && key.back() != '_') {
      key.push_back('_');
    }
  }
  while (key.ends_with('_')) key.pop_back();
  return key;
}

/// The file, or as much of it as shows that it is too long: a path may name an endless device.
std::string read_bounded(const std::string& file) {
  constexpr std::size_t kEnough = (1 << 20) + 1;
  std::error_code status;
  if (fs::is_directory(file, status)) throw Error::usage(file, "is a folder, not a task file");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error::usage(file, std::string("cannot be opened: ") + std::strerror(errno));
  std::string content(kEnough, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad()) throw Error::usage(file, "cannot be read");
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

}  // namespace

std::optional<ClassId> Task::match(std::string_view truth) const {
  const std::string word = text::lower(text::trim(truth));
  const auto find = [&](auto&& matches) -> std::optional<ClassId> {
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (matches(classes[i])) return ClassId{static_cast<std::int32_t>(i)};
    }
    return std::nullopt;
  };
  const auto same = [&](std::string_view other) { return text::lower(text::trim(other)) == word; };
  if (const auto id = find([&](const ClassDefinition& c) { return same(c.key); })) return id;
  if (const auto id = find([&](const ClassDefinition& c) { return same(c.name); })) return id;
  if (const auto id = find([&](const ClassDefinition& c) {
        return std::any_of(c.synonyms.begin(), c.synonyms.end(), same);
      })) {
    return id;
  }
  const auto index = text::parse_int(word);
  if (!index || *index < first_index ||
      *index >= first_index + static_cast<std::int64_t>(classes.size())) {
    return std::nullopt;
  }
  return ClassId{static_cast<std::int32_t>(*index - first_index)};
}

std::optional<std::size_t> Task::match_background(std::string_view truth) const {
  const std::string word = text::lower(text::trim(truth));
  const auto same = [&](std::string_view other) { return text::lower(text::trim(other)) == word; };
  for (std::size_t i = 0; i < backgrounds.size(); ++i) {
    const ClassDefinition& b = backgrounds[i];
    if (same(b.key) || same(b.name) || std::any_of(b.synonyms.begin(), b.synonyms.end(), same)) {
      return i;
    }
  }
  return std::nullopt;
}

std::vector<std::string> Task::pictures() const {
  if (layout != ViewLayout::kSeparate) return {"views"};
  std::vector<std::string> names;
  for (const ViewSettings& view : views) names.push_back(view.name);
  return names;
}

std::vector<std::string> builtin_tasks() {
  std::vector<std::string> names;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(fs::path(share_dir()) / "tasks", status)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Task load_task(const std::string& name_or_file) {
  const bool is_name = name_or_file.find('/') == std::string::npos &&
                       !name_or_file.ends_with(".yaml") && !name_or_file.ends_with(".yml");
  std::string file = name_or_file;
  if (is_name) {
    const std::vector<std::string> names = builtin_tasks();
    if (std::find(names.begin(), names.end(), name_or_file) != names.end()) {
      file = (fs::path(share_dir()) / "tasks" / (name_or_file + ".yaml")).string();
    } else if (std::error_code status; !fs::is_regular_file(name_or_file, status)) {
      const auto nearest = text::nearest(name_or_file, names);
      throw Error::usage("task '" + name_or_file + "'", "is neither built in nor a file",
                         nearest ? "did you mean '" + *nearest + "'?"
                                 : "built in are: " + text::join(names, ", "));
    }
  }
  const std::string content = read_bounded(file);
  return parse_task(content, file);
}

Task task_from_class_names(const std::vector<std::string>& names) {
  if (names.size() < 2) throw Error::usage("--classes", "needs at least two class names");
  std::string yaml =
      "name: classes\n"
      "description: Classes named on the command line\n"
      "prompt: \"{image}\\nWhich of these classes does the image belong to?\\n\\n{classes}\\n\\n"
      "Answer with the name of the class.\"\n"
      "class_line: \"- {name}\"\n"
      "answer: \"{name}\"\n"
      "classes:\n";
  std::set<std::string> seen;
  std::set<std::string> keys;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = text::trim(names[i]);
    if (name.empty()) throw Error::usage("--classes", "a class name is empty");
    if (!seen.insert(text::lower(name)).second) {
      throw Error::usage("--classes", "'" + name + "' is given twice");
    }
    std::string key = key_from_name(name);
    // A key of digits alone would be taken for an index.
    if (key.empty() || text::parse_int(key) || keys.contains(key)) {
      key = "class_" + std::to_string(i) + (key.empty() ? "" : "_" + key);
    }
    keys.insert(key);
    yaml += "  - key: " + yaml::quote(key) + "\n    name: " + yaml::quote(name) + "\n";
  }
  return parse_task(yaml, "--classes");
}

}  // namespace firstlight
