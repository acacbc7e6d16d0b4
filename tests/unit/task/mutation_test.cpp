#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

/// A task file that a stranger damaged must load, or be refused with one usage error of one line.
void load_and_use(const std::string& yaml) {
  try {
    const Task task = parse_task(yaml, "mutant.yaml");
    render_answers(task, {});
    render_prompt(task, {}, [](const std::string& field) { return field; });
  } catch (const Error& e) {
    ASSERT_EQ(e.kind(), ErrorKind::kUsage) << e.what() << "\n" << yaml;
    const std::string message = e.what();
    ASSERT_EQ(message.find('\n'), std::string::npos) << message;
    ASSERT_EQ(message.rfind("mutant.yaml", 0), 0u) << message;
  }
}

std::string mutate(std::string text, Random& random) {
  static const std::vector<std::string> kBits = {
      "{",     "}",  "<image>", "{image:", "&a",   "*a",   "!!",          "\t", "\n",
      "- ",    ": ", "'",       "\"",      "|",    ">",    "[",           "]",  "#",
      "---\n", "\r", "null",    "~",       "\xff", "\xc3", "99999999999", "-1", "? "};
  const std::uint64_t changes = 1 + random.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::size_t at = random.below(text.size() + 1);
    const std::size_t length = random.below(std::min<std::size_t>(20, text.size() - at + 1));
    switch (random.below(4)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kBits[random.below(kBits.size())]);
        break;
      case 2:
        text.insert(at, text.substr(random.below(text.size()), 30));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
    }
    if (text.empty()) text = " ";
  }
  return text;
}

TEST(TaskMutation, NeverCrashes) {
  std::vector<std::string> seeds = {new_task_yaml("seed")};
  for (const std::string& name : builtin_tasks()) seeds.push_back(load_task(name).yaml);
  Random random(20240617);
  for (int i = 0; i < 3000; ++i) {
    load_and_use(mutate(seeds[random.below(seeds.size())], random));
    if (HasFatalFailure()) return;
  }
}

TEST(TaskMutation, EveryPrefixIsHandled) {
  const std::string yaml = load_task("galaxy-morphology-as-published").yaml;
  for (std::size_t length = 0; length < yaml.size(); length += 7) {
    load_and_use(yaml.substr(0, length));
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace firstlight
