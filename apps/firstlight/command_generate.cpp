#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "commands.h"
#include "firstlight/base/clean_text.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/data/source.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"
#include "firstlight/score/label_text.h"
#include "firstlight/task/prompt.h"
#include "firstlight/task/task.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string task;
  std::string data;
  std::string model = "embedded";
  std::string id;
  int threads = 0;
  Writing writing;
  SelectionFlags selection;
  bool json = false;
};

std::string as_json(const std::string& id, const Generated& written, const std::string* label) {
  nlohmann::ordered_json out;
  out["id"] = id;
  out["text"] = clean_text(written.text);
  out["label"] = label == nullptr ? nlohmann::ordered_json() : nlohmann::ordered_json(*label);
  out["ended"] = written.ended;
  out["token_ids"] = written.token_ids;
  out["logprobs"] = written.logprobs;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void generate(const Arguments& args, Context& context) {
  use_threads(args.threads);
  if (args.writing.beams > 1 && !args.writing.constrained) {
    throw Error::usage("--beams", "is for constrained decoding", "add --constrained");
  }
  if (hosted::is_hosted(args.model)) {
    throw Error::usage("generate", "is for models that run here, not for '" + args.model + "'");
  }
  const Task task = load_task(args.task);
  const auto source = select(open_source(args.data), args.selection.selection());
  check_data(*source, task);
  const auto classifier = open_classifier(args.model, task);
  const std::vector<std::string> answers = render_answers(task, {});
  const std::size_t first = args.id.empty() ? 0 : position_of(*source, args.data, args.id);
  const std::size_t end = args.id.empty() ? source->size() : first + 1;
  for (std::size_t i = first; i < end; ++i) {
    const std::string id = source->id(i);
    const Result<PreparedSample> sample = prepare_sample(*source, task, i);
    const Result<Generated> written =
        sample ? classifier->generate(sample.value(), args.writing) : sample.error();
    if (!written) {
      std::fprintf(stderr, "firstlight: %s: %s\n", id.c_str(), written.error().what());
      context.exit_code = 3;
      continue;
    }
    const auto found = match_free_text(written.value().text, answers);
    const std::string* label = found ? &task.classes[found->index()].key : nullptr;
    const std::string line =
        args.json ? as_json(id, written.value(), label)
                  : fmt::format("{} [{}]: {}\n", id, label == nullptr ? "unparsed" : *label,
                                text::trim(clean_text(written.value().text)));
    std::fputs(line.c_str(), stdout);
  }
}

}  // namespace

void add_generate(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "generate", "Let a model write about samples, freely or held to the answers of TASK");
  const auto args = std::make_shared<Arguments>();
  add_task_and_data(*command, args->task, args->data);
  add_model_flag(*command, args->model);
  add_threads_flag(*command, args->threads);
  command
      ->add_option("--max-tokens", args->writing.max_tokens,
                   "tokens of free text, which is decoded greedily")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_flag("--constrained", args->writing.constrained,
                    "only the answers of TASK can be written, each to its end");
  command
      ->add_option("--beams", args->writing.beams,
                   "beginnings that constrained decoding keeps; 1 is greedy")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--id", args->id, "only this sample")->type_name("ID");
  args->selection.add(*command);
  command->add_flag("--json", args->json,
                    "one JSON object a sample: id, text, label, ended, token_ids, logprobs");
  command->footer(
      "A label in brackets, or unparsed, is what the text gives when it is compared with the\n"
      "answers of TASK. Probabilities need no text: firstlight classify.");
  command->callback([args, &context] { generate(*args, context); });
}

}  // namespace firstlight::app
