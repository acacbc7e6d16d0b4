#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"

namespace firstlight {
namespace {

const std::string& page() {
  static const std::string text =
      text::read_file(std::string(FIRSTLIGHT_TEST_DIR) + "/../docs/task-files.md");
  return text;
}

std::vector<std::string> yaml_blocks(const std::string& markdown) {
  std::vector<std::string> blocks;
  const std::string open = "```yaml\n";
  for (std::size_t at = markdown.find(open); at != std::string::npos;
       at = markdown.find(open, at)) {
    at += open.size();
    const std::size_t end = markdown.find("```", at);
    blocks.push_back(markdown.substr(at, end - at));
    at = end;
  }
  return blocks;
}

TEST(TaskFilesPage, ExamplesAreValid) {
  const std::vector<std::string> blocks = yaml_blocks(page());
  ASSERT_EQ(blocks.size(), 3u);
  for (const std::string& block : blocks) {
    const Task task = parse_task(block, "docs/task-files.md");
    EXPECT_FALSE(render_prompt(task, {}, [](const std::string& field) { return field; })
                     .image_views()
                     .empty());
  }
}

TEST(TaskFilesPage, NamesEveryKey) {
  // The message about an unknown key far from all others lists the keys that there are.
  std::string message;
  try {
    parse_task("zzzzzzzzzzzzzzzzzzzzzzzz: 1", "t");
  } catch (const std::exception& e) {
    message = e.what();
  }
  const std::string known = "known keys: ";
  ASSERT_NE(message.find(known), std::string::npos) << message;
  for (const std::string& key :
       text::split(message.substr(message.find(known) + known.size()), ',')) {
    EXPECT_NE(page().find("\n| `" + text::trim(key) + "` |"), std::string::npos) << key;
  }
}

TEST(TaskFilesPage, NamesEveryBuiltinTask) {
  for (const std::string& name : builtin_tasks()) {
    EXPECT_NE(page().find("`" + name + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace firstlight
