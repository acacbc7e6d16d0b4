#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/data/source.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/passes.h"
#include "firstlight/run/runner.h"
#include "firstlight/task/task.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string task;
  std::string data;
  std::string model = "embedded";
  std::string id;
  std::string pass = "main";
  bool json = false;
};

/// Image positions as one word each, so that the text can be read.
std::string as_text(const PromptDescription& prompt, const Task& task) {
  std::string out = prompt.text + "\n\n";
  out += fmt::format("{} tokens", prompt.token_ids.size());
  for (const auto& image : prompt.images) {
    out += fmt::format("; {}: {} positions from {}", image.view, image.length, image.start);
  }
  out += "\n";
  for (std::size_t i = 0; i < prompt.answers.size(); ++i) {
    const auto& answer = prompt.answers[i];
    out += fmt::format("{}: '{}', {} tokens\n", task.classes[i].key, answer.text,
                       answer.token_ids.size());
  }
  return out;
}

std::string as_json(const PromptDescription& prompt, const Task& task) {
  nlohmann::ordered_json out;
  out["text"] = prompt.text;
  out["token_ids"] = prompt.token_ids;
  out["images"] = nlohmann::ordered_json::array();
  for (const auto& image : prompt.images) {
    out["images"].push_back(
        {{"view", image.view}, {"start", image.start}, {"length", image.length}});
  }
  out["answers"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < prompt.answers.size(); ++i) {
    out["answers"][task.classes[i].key] = {{"text", prompt.answers[i].text},
                                           {"token_ids", prompt.answers[i].token_ids}};
  }
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void show(const Arguments& args) {
  const Task task = load_task(args.task);
  const auto passes = parse_passes(args.pass == "main" ? "main" : "main," + args.pass, task);
  if (passes.size() != (args.pass == "main" ? 1u : 2u)) {
    throw Error::usage("--pass", "'" + args.pass + "' is not one pass", "name a single one");
  }
  const auto source = open_source(args.data);
  check_data(*source, task);
  if (source->size() == 0) throw Error::input(args.data, "holds no samples");
  const std::size_t position = args.id.empty() ? 0 : position_of(*source, args.data, args.id);
  hosted::Options server;
  server.offline = true;  // a prompt is shown without asking anybody
  const auto classifier = open_classifier(args.model, task, server);
  const PreparedSample sample = prepare_sample(*source, task, position).value();
  const PromptDescription prompt = classifier->describe(sample, passes.back()).value();
  std::fputs((args.json ? as_json(prompt, task) : as_text(prompt, task)).c_str(), stdout);
}

}  // namespace

void add_prompt(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand(
      "prompt", "Show how the prompt and the answers of a sample reach the model");
  const auto args = std::make_shared<Arguments>();
  add_task_and_data(*command, args->task, args->data);
  add_model_flag(*command, args->model);
  command->add_option("--id", args->id, "the sample; the first one where it is not given")
      ->type_name("ID");
  command
      ->add_option("--pass", args->pass, "main, blank, no_descriptions, order_K or orientation_K")
      ->type_name("PASS")
      ->capture_default_str();
  command->add_flag("--json", args->json,
                    "one JSON object: text with one marker an image, token_ids with image "
                    "positions expanded, images, and text and token_ids of every answer");
  command->callback([args] { show(*args); });
}

}  // namespace firstlight::app
