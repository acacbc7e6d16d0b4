#include "firstlight/base/error.h"
#include "firstlight/task/task.h"

namespace firstlight {

std::string new_task_yaml(const std::string& name) {
  std::string yaml = "name: " + name + R"(
version: "1"
description: One sentence on what is told apart, and in which images
# What to cite for the descriptions or the classes.
source: ""

# The classes in the order of their indices. `key` is the name in tables and truth columns
# (a-z, 0-9, _), `name` is what prompts and answers say. Truth in data may also be a synonym.
classes:
  - key: first_class
    name: first class
    description: What an image of this class looks like, in words that a stranger could follow.
    synonyms: []
  - key: second_class
    name: second class
    description: What sets these images apart from those of the first class.
    synonyms: []

# What the model reads. {image} is where the image goes, {classes} the list of classes.
# {field:NAME} puts in a measured column of the data. A brace that is meant as such is {{ or }}.
prompt: |
  {image}
  Classify the image. It belongs to one of these classes:

  {classes}

  To which class does the image belong?

# One line a class: {index}, {letter}, {key}, {name}, {description}.
class_line: "Category {index}: {name}. {description}"
first_index: 0

# What the model would answer, for each class. Short and of equal length is best.
answer: "Category {index}"

# `model` is the model's own chat form; or a literal one, as "USER: {prompt}\nASSISTANT:".
chat: model

# How the pixels become what the model sees. Values are stretched, pictures left as they are.
views:
  - name: image
    stretch: none     # none, linear, percentile, zscale, asinh, log, lupton
    crop: 1.0         # central fraction that is kept

# Classes counted as one in a second evaluation:
# merges:
#   - name: either
#     classes: [first_class, second_class]

# For two classes, the one that purity and efficiency are about:
positive: first_class
)";
  parse_task(yaml, "task '" + name + "'");
  return yaml;
}

}  // namespace firstlight
