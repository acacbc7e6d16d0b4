#pragma once

#include <string>
#include <vector>

#include "firstlight/task/task.h"

/// A task asked in another way: for checks of whether a model reads its prompt.
namespace firstlight {

/// The task with other descriptions, by ClassId. Throws Error::usage where their number is not that
/// of the classes, or where neither prompt nor system message lists the classes by a line with
/// `{description}`.
Task with_descriptions(const Task& task, const std::vector<std::string>& descriptions);

/// The task with these classes in this order: a part of them, or all at other places. Where the
/// prompt gives the number of a class that is not kept, the classes are asked about by the prompt
/// without descriptions, with the descriptions in its class lines. Merges, backgrounds and the
/// positive class are left out. Throws Error::usage for fewer than two classes, one that is named
/// twice or does not exist, or where no prompt can do without a class.
Task with_classes(const Task& task, const std::vector<ClassId>& kept);

/// The task asked by its prompt without descriptions, with the descriptions in its class lines:
/// where the own prompt gives numbers of classes outside of their lines, nothing else tells them
/// now. Throws Error::usage where it gives none, or where no prompt can do without them.
Task with_lines_alone(const Task& task);
/// Whether `with_lines_alone` has something to change and can.
bool has_lines_alone(const Task& task);

/// The task with numbers or letters in its class lines and nothing that says what the classes are,
/// the numbers elsewhere in the prompt left out as by `with_lines_alone`: nobody can tell them now.
/// Throws Error::usage where the answers or the running text are made of names.
Task with_numbers_alone(const Task& task);

/// The variants of a file of paraphrases (docs/checks.md): the task with the descriptions of each
/// set. Throws Error::usage with file and line.
std::vector<Task> read_paraphrases(const std::string& path, const Task& task);

/// The file of paraphrases that comes with a built-in task; empty where there is none.
std::string builtin_paraphrases(const Task& task);

}  // namespace firstlight
