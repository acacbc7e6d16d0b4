#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"
#include "text_table.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string task;
  bool no_descriptions = false;
  std::vector<std::string> order;
  std::string output;
};

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::vector<std::string> keys_of(const Task& task) {
  std::vector<std::string> keys;
  for (const ClassDefinition& c : task.classes) keys.push_back(c.key);
  return keys;
}

void list_tasks() {
  std::vector<std::vector<std::string>> rows = {{"NAME", "CLASSES", "DESCRIPTION"}};
  for (const std::string& name : builtin_tasks()) {
    const Task task = load_task(name);
    rows.push_back({task.name, std::to_string(task.size()), task.description});
  }
  print(aligned(rows));
}

std::string as_text(const std::vector<PromptPart>& parts) {
  std::string out;
  for (const PromptPart& part : parts) {
    if (part.kind == PromptPart::Kind::kText) {
      out += part.text;
    } else {
      out += part.text == "image" ? "<image>" : "<image: " + part.text + ">";
    }
  }
  return out;
}

std::vector<ClassId> parse_order(const Task& task, const std::vector<std::string>& keys) {
  const std::vector<std::string> known = keys_of(task);
  std::vector<ClassId> order;
  for (const std::string& key : keys) {
    const auto found = std::find(known.begin(), known.end(), key);
    if (found == known.end()) throw Error::unknown_key("--order", key, known);
    order.push_back(ClassId{static_cast<std::int32_t>(found - known.begin())});
  }
  return order;
}

void show_task(const Arguments& args) {
  const Task task = load_task(args.task);
  const PromptVariant variant{.descriptions = !args.no_descriptions,
                              .order = parse_order(task, args.order)};
  const RenderedPrompt prompt = render_prompt(
      task, variant, [](const std::string& field) { return "{field:" + field + "}"; });
  if (!prompt.literal.empty()) {
    print("Prompt, in the task's own chat form:\n" + as_text(prompt.literal) + "\n");
  } else {
    if (!prompt.system.empty()) print("System message:\n" + prompt.system + "\n\n");
    print("Prompt, in the chat form of the model:\n" + as_text(prompt.user) + "\n");
  }
  print("\nAnswers:\n");
  const std::vector<std::string> answers = render_answers(task, variant);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < task.size(); ++i) {
    rows.push_back({"  " + task.classes[i].key, answers[i]});
  }
  print(aligned(rows));
  if (!task.source.empty()) print("\nSource:\n" + task.source + "\n");
}

void check_task(const Arguments& args) {
  const Task task = load_task(args.task);
  std::vector<std::string> views;
  for (const ViewSettings& view : task.views) views.push_back(view.name);
  std::vector<std::vector<std::string>> rows = {
      {"task", task.name + ", version " + task.version},
      {"classes", text::join(keys_of(task), ", ")},
      {"views", text::join(views, ", ")},
      {"chat form", task.chat.empty() ? "the model's own" : "the task's own"},
  };
  if (const auto fields = prompt_fields(task); !fields.empty()) {
    rows.push_back({"fields", text::join(fields, ", ") + " (measured columns of the data)"});
  }
  if (task.positive) rows.push_back({"positive", task.classes[task.positive->index()].key});
  for (const ClassMerge& merge : task.merges) {
    std::vector<std::string> keys;
    for (const ClassId id : merge.classes) keys.push_back(task.classes[id.index()].key);
    rows.push_back({"merged", merge.name + " = " + text::join(keys, " + ")});
  }
  print(task.origin + ": valid\n" + aligned(rows));
}

void new_task(const Arguments& args) {
  const std::string yaml = new_task_yaml(args.task);
  const std::string file = args.output.empty() ? args.task + ".yaml" : args.output;
  if (std::error_code status; std::filesystem::exists(file, status)) {
    throw Error::usage(file, "exists already", "choose another file with --output");
  }
  text::write_file_atomically(file, yaml);
  print(file + "\n");
}

}  // namespace

void add_task(CLI::App& app, Context&) {
  CLI::App* task = app.add_subcommand("task", "List, show, check and start task files");
  task->require_subcommand(1);
  const auto args = std::make_shared<Arguments>();

  task->add_subcommand("list", "List the built-in tasks")->callback(list_tasks);

  CLI::App* show = task->add_subcommand("show", "Print a task's prompt and answers as rendered");
  show->add_option("TASK", args->task, "Built-in task or task file")->required()->type_name("");
  show->add_flag("--no-descriptions", args->no_descriptions,
                 "The prompt without the descriptions of the classes");
  show->add_option("--order", args->order, "Keys of all classes in another order, with commas")
      ->type_name("KEYS")
      ->delimiter(',')
      ->allow_extra_args(false);
  show->callback([args] { show_task(*args); });

  CLI::App* check =
      task->add_subcommand("check", "Check a task file; errors name file and line, exit code 2");
  check->add_option("TASK", args->task, "Task file or built-in task")->required()->type_name("");
  check->callback([args] { check_task(*args); });

  CLI::App* create = task->add_subcommand("new", "Write a commented task file to start from");
  create->add_option("NAME", args->task, "Name of the task: letters, digits, '.', '_', '-'")
      ->required()
      ->type_name("");
  create->add_option("-o,--output", args->output, "File to write; default NAME.yaml")
      ->type_name("FILE");
  create->callback([args] { new_task(*args); });
}

}  // namespace firstlight::app
