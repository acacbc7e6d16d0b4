#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/task/task.h"

namespace firstlight::train {

/// Ways to say one thing: each text may hold alternatives as `[a|b|c]`, drawn anew every time.
using Phrases = std::vector<std::string>;

/// Replaces every `[a|b|c]` by one alternative (an empty one is allowed); not nested.
std::string expand(const std::string& pattern, Random& random);
/// One of `phrases`, expanded.
std::string draw(const Phrases& phrases, Random& random);

/// Something that an image can show: what it is called and how it is described.
struct Concept {
  Phrases names;
  Phrases descriptions;
};

/// Concepts of which an image shows exactly one.
struct Question {
  std::string domain;
  double weight = 1;
  std::vector<std::string> concepts;
};

/// The variety of prompts that the model learns to read (a YAML file of a recipe).
struct Wordings {
  std::map<std::string, Concept> concepts;
  std::vector<Question> questions;
  std::map<std::string, Phrases> introductions;  ///< by domain
  Phrases closings_by_number;  ///< ask for a number; `{noun}` is what a class is called
  Phrases closings_by_letter;
  Phrases closings_by_name;
  Phrases systems;

  /// Of a concept among all.
  std::int64_t place(const std::string& concept_) const {
    return std::distance(concepts.begin(), concepts.find(concept_));
  }

  /// Throws Error::usage with file and line.
  static Wordings load(const std::string& path);
};

/// Classes in new words, one for each of `concepts`: a drawn name (all differ) and description.
std::vector<ClassDefinition> draw_classes(const Wordings& wordings,
                                          const std::vector<std::string>& concepts, Random& random);

/// A task drawn at random: concepts of `question` (all or some, in any order), worded, with a way
/// to number or name them, an answer template, and the image before or after the text.
struct DrawnTask {
  Task task;
  std::vector<std::string> concepts;  ///< of each class, by ClassId
  bool image_first = true;
};
DrawnTask draw_task(const Wordings& wordings, const Question& question, bool image_first,
                    Random& random);
/// A task of marked lines and nothing else: from two classes to all, each with its number or letter
/// and its name or a description. In few words it is learnt that the mark belongs to its line.
DrawnTask draw_brief_task(const Wordings& wordings, const Question& question, Random& random);

}  // namespace firstlight::train
