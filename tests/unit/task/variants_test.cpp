#include "firstlight/task/variants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/yaml.h"
#include "temporary_folder.h"

namespace firstlight {
namespace {

std::string user_text(const Task& task, const PromptVariant& variant = {}) {
  std::string text;
  for (const PromptPart& part : render_prompt(task, variant, {}).user) {
    if (part.kind == PromptPart::Kind::kText) text += part.text;
  }
  return text;
}

std::vector<ClassId> ids(std::initializer_list<std::int32_t> values) {
  std::vector<ClassId> ids;
  for (const std::int32_t value : values) ids.push_back(ClassId{value});
  return ids;
}

TEST(TaskVariants, OtherDescriptions) {
  const Task task = load_task("galaxy-morphology");
  const Task other = with_descriptions(task, {"aaa", "bbb", "ccc", "ddd"});
  const std::string text = user_text(other);
  EXPECT_NE(text.find("Category 0: aaa"), std::string::npos);
  EXPECT_NE(text.find("Category 3: ddd"), std::string::npos);
  EXPECT_EQ(text.find("spires."), std::string::npos);
  EXPECT_THROW(with_descriptions(task, {"aaa"}), Error);
  // The descriptions of lsbg are running text.
  EXPECT_THROW(with_descriptions(load_task("lsbg"), {"a", "b"}), Error);
}

TEST(TaskVariants, ClassesAtOtherPlaces) {
  const Task task = load_task("galaxy-morphology");
  const Task swapped = with_classes(task, ids({1, 0, 2, 3}));
  EXPECT_EQ(swapped.classes[0].key, "smooth_cigar");
  const std::string text = user_text(swapped);
  EXPECT_NE(text.find("Category 1: smooth and round galaxy."), std::string::npos);
  // The note names the cigars by their new number.
  EXPECT_NE(text.find("categories 0 and 2 tend"), std::string::npos);
  const Task lsbg = with_classes(load_task("lsbg"), ids({1, 0}));
  // In the task itself LSBGs are category 1.
  EXPECT_NE(user_text(lsbg).find("(LSBG, Category 0)"), std::string::npos);
}

TEST(TaskVariants, LinesAlone) {
  const std::string text = user_text(with_lines_alone(load_task("galaxy-morphology")));
  EXPECT_NE(text.find("Category 3:  unbarred spiral galaxy. Has signs"), std::string::npos);
  EXPECT_EQ(text.find("Note that"), std::string::npos);
  EXPECT_TRUE(has_lines_alone(load_task("galaxy-morphology")));
  EXPECT_FALSE(has_lines_alone(load_task("lsbg")));
  EXPECT_FALSE(has_lines_alone(load_task("neutrino-flavour")));
  EXPECT_THROW(with_lines_alone(load_task("lsbg")), Error);              // running text in both
  EXPECT_THROW(with_lines_alone(load_task("neutrino-flavour")), Error);  // lines alone already
}

TEST(TaskVariants, NumbersAlone) {
  const Task task = load_task("galaxy-morphology");
  const std::string text = user_text(with_numbers_alone(task));
  EXPECT_NE(text.find("Category 0\n\nCategory 1\n\nCategory 2\n\nCategory 3\n"), std::string::npos);
  for (const ClassDefinition& c : task.classes) EXPECT_EQ(text.find(c.name), std::string::npos);
  const Task letters = with_answer(with_numbers_alone(task), "{letter}");
  EXPECT_EQ(render_answers(letters, {})[1], "B");
  EXPECT_THROW(with_numbers_alone(load_task("lsbg")), Error);              // running text
  EXPECT_THROW(with_numbers_alone(load_task("neutrino-flavour")), Error);  // answers are names
}

TEST(TaskVariants, FewerClasses) {
  const Task task = load_task("galaxy-morphology");
  const Task two = with_classes(task, ids({0, 3}));
  EXPECT_EQ(two.size(), 2u);
  const std::string text = user_text(two);
  EXPECT_NE(text.find("Category 1:  unbarred spiral galaxy. Has signs"), std::string::npos);
  EXPECT_EQ(text.find("Category 2"), std::string::npos);
  // The note on two classes goes where one of them is missing, and stays where both are there.
  EXPECT_EQ(text.find("Note that"), std::string::npos);
  EXPECT_NE(user_text(with_classes(task, ids({1, 2}))).find("categories 0 and 1 tend"),
            std::string::npos);
  EXPECT_TRUE(two.merges.empty());
  EXPECT_THROW(with_classes(task, ids({0})), Error);
  EXPECT_THROW(with_classes(task, ids({0, 0})), Error);
  EXPECT_THROW(with_classes(task, ids({0, 4})), Error);
}

TEST(TaskVariants, ParaphrasesOfAnotherTaskAreRefused) {
  const Task task = load_task("lsbg");
  const std::string path = builtin_paraphrases(load_task("galaxy-morphology"));
  ASSERT_FALSE(path.empty());
  EXPECT_THROW(read_paraphrases(path, task), Error);
  EXPECT_TRUE(builtin_paraphrases(load_task("galaxy-morphology-as-published")).empty());
}

TEST(Variants, AParaphrasesClassLineIsReadLikeATasks) {
  const TemporaryFolder folder;
  const Task task = load_task("lsbg");
  const std::string path = folder.write("words.yaml",
                                        "task: lsbg\nclass_line: \"- {nam}: {description}\"\n"
                                        "paraphrases: [{artifact: a, lsbg: b}]\n");
  try {
    read_paraphrases(path, task);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("words.yaml:2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("{nam}"), std::string::npos) << error.what();
  }
}

/// A wording of the recipe, `[a|b|]` for one of the alternatives, as a regular expression.
std::regex pattern_of(const std::string& wording) {
  std::string out;
  for (const char c : text::lower(wording)) {
    if (c == '[') {
      out += "(";
    } else if (c == ']') {
      out += ")";
    } else if (c == '|') {
      out += '|';
    } else if (std::string(".^$*+?(){}\\").find(c) != std::string::npos) {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return std::regex(out + "\\.?\\s*");
}

std::vector<std::regex> wordings() {
  const std::string path = share_dir() + "/models/recipes/firstlight-small/wordings.yaml";
  const yaml::Node file = yaml::parse(text::read_file(path), path);
  std::vector<std::regex> patterns;
  const yaml::Node& all = file.at("concepts");
  for (const std::string& key : all.keys()) {
    for (const char* what : {"names", "descriptions"}) {
      for (const yaml::Node& wording : all.at(key).at(what).items()) {
        patterns.push_back(pattern_of(wording.text()));
      }
    }
  }
  return patterns;
}

bool is_wording(const std::string& sentence, const std::vector<std::regex>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::regex& pattern) {
    return std::regex_match(text::lower(text::trim(sentence)), pattern);
  });
}

TEST(Paraphrases, OccurInNoWordingOfTraining) {
  const std::vector<std::regex> patterns = wordings();
  ASSERT_GT(patterns.size(), 50u);
  // The comparison finds what is there.
  ASSERT_TRUE(is_wording("Smooth and round galaxy", patterns));
  int files = 0;
  const std::filesystem::path folder = std::filesystem::path(share_dir()) / "tasks/paraphrases";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ++files;
    const Task task = load_task(entry.path().stem().string());
    const std::vector<Task> sets = read_paraphrases(entry.path().string(), task);
    EXPECT_GE(sets.size(), 3u) << entry.path();
    for (const Task& set : sets) {
      for (std::size_t c = 0; c < task.size(); ++c) {
        const std::string& text = set.classes[c].description;
        EXPECT_NE(text, task.classes[c].description);
        EXPECT_FALSE(is_wording(text, patterns)) << text;
        for (const std::string& sentence : text::split(text, '.')) {
          if (text::trim(sentence).empty()) continue;
          EXPECT_FALSE(is_wording(sentence, patterns)) << sentence;
        }
      }
      EXPECT_FALSE(user_text(set).empty());
    }
  }
  EXPECT_EQ(files, 3);
}

}  // namespace
}  // namespace firstlight
