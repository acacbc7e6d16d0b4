#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/nn/verify.h"
#include "firstlight/registry/registry.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string model;
  std::string inputs;
  std::string output;
  std::string fixture;
};

void verify(const Arguments& args, Context& context) {
  const nn::VerifyReport report = nn::verify_model(model_folder(args.model), args.fixture);
  std::string out = fmt::format("{:<16}  {:>12}  {:>9}\n", "STAGE", "DIFFERENCE", "TOLERANCE");
  for (const nn::StageDifference& stage : report.stages) {
    const std::string difference =
        std::isfinite(stage.difference) ? fmt::format("{:.2e}", stage.difference) : "-";
    out +=
        fmt::format("{:<16}  {:>12}  {:>9.1e}{}{}\n", stage.name, difference, stage.tolerance,
                    stage.equal() ? "" : "  differs", stage.note.empty() ? "" : ": " + stage.note);
  }
  if (const nn::StageDifference* first = report.first_different()) {
    out += fmt::format("The first stage that differs is {}.\n", first->name);
    context.exit_code = 1;
  } else {
    out += "Every stage equals the reference.\n";
  }
  std::fputs(out.c_str(), stdout);
}

}  // namespace

void add_model(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("model", "Compare a model with the reference");
  command->require_subcommand(1);
  const auto args = std::make_shared<Arguments>();

  CLI::App* dump = command->add_subcommand(
      "dump", "Write every stage of the forward pass, computed in f32, to a safetensors file");
  dump->add_option("MODEL", args->model, "embedded, hf:DIR or a model folder")
      ->required()
      ->type_name("");
  dump->add_option("--input", args->inputs,
                   "prompt and pictures: a JSON file with \"text\", \"messages\" or \"input_ids\", "
                   "and \"images\"")
      ->type_name("INPUTS.json")
      ->required();
  dump->add_option("-o,--output", args->output, "file to write")
      ->type_name("FILE.safetensors")
      ->required();
  dump->callback([args] { nn::dump_model(model_folder(args->model), args->inputs, args->output); });

  CLI::App* check = command->add_subcommand(
      "verify",
      "Compare every stage with arrays that transformers computed; exit status 1 where "
      "one differs");
  check->add_option("MODEL", args->model, "embedded, hf:DIR or a model folder")
      ->required()
      ->type_name("");
  check->add_option("--against", args->fixture, "folder with inputs.json and expected.safetensors")
      ->type_name("FIXTURE")
      ->required();
  check->callback([args, &context] { verify(*args, context); });
}

}  // namespace firstlight::app
