#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/check/domain_fit.h"
#include "firstlight/check/statement_fit.h"
#include "firstlight/nn/domain_file.h"
#include "firstlight/nn/quantization.h"
#include "firstlight/nn/statement_file.h"
#include "firstlight/nn/synth.h"
#include "firstlight/nn/verify.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "flags.h"
#include "progress.h"
#include "text_table.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string model;
  std::string inputs;
  std::string output;
  std::string fixture;
  std::string target;  ///< folder to write
  std::string type = "nf4";
  bool double_quant = false;
  std::size_t block = 64;
  std::string like;
  double scale = 1.0;
  std::uint64_t seed = 0;
};

void verify(const Arguments& args, Context& context) {
  const nn::VerifyReport report = nn::verify_model(model_folder(args.model), args.fixture);
  std::size_t width = std::string("aspect_ratio_mask").size();
  for (const nn::StageDifference& stage : report.stages) width = std::max(width, stage.name.size());
  std::string out =
      fmt::format("{:<{}}  {:>11}  {:>9}\n", "STAGE", width, "DIFFERENCE", "TOLERANCE");
  for (const nn::StageDifference& stage : report.stages) {
    const std::string difference =
        std::isfinite(stage.difference) ? fmt::format("{:.2e}", stage.difference) : "-";
    out += fmt::format("{:<{}}  {:>11}  {:>9.1e}{}{}\n", stage.name, width, difference,
                       stage.tolerance, stage.equal() ? "" : "  differs",
                       stage.note.empty() ? "" : ": " + stage.note);
  }
  if (const nn::StageDifference* first = report.first_different()) {
    out += fmt::format("The first stage that differs is {}.\n", first->name);
    context.exit_code = 1;
  } else {
    out += "Every stage equals the reference.\n";
  }
  std::fputs(out.c_str(), stdout);
}

void quantize(const Arguments& args) {
  const auto type = nn::four_bit_type(args.type);
  nn::quantize_folder(model_folder(args.model), args.target,
                      {*type, args.double_quant, args.block});
}

void add_quantize(CLI::App& command, const std::shared_ptr<Arguments>& args) {
  CLI::App* sub = command.add_subcommand(
      "quantize",
      "Copy a model folder with the weights of its linear layers in 4 bits, in the form of "
      "bitsandbytes, which transformers loads too");
  sub->add_option("IN", args->model, "embedded, hf:DIR or a model folder")
      ->required()
      ->type_name("");
  sub->add_option("OUT", args->target, "folder to write")->required()->type_name("");
  sub->add_option("--type", args->type, "number type of the weights")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"nf4", "fp4"}))
      ->capture_default_str();
  sub->add_flag("--double-quant", args->double_quant, "block maxima in 8 bits");
  sub->add_option("--block", args->block, "weights that share a maximum: 32, 64, 128, ... 4096")
      ->type_name("N")
      ->capture_default_str();
  sub->callback([args] { quantize(*args); });
}

struct DomainArguments {
  std::string model;
  std::string recipe;
  int threads = 0;
  DomainFitOptions options;
};

void fit_domains(DomainArguments& args, Context& context) {
  use_threads(args.threads);
  Progress progress(0, context.quiet);
  args.options.progress = [&](const ProgressStep& step) { progress.show(step); };
  nn::KnownDomains known{args.options.false_alarms, {}};
  for (const DomainRecipe& recipe : read_domain_recipe(args.recipe)) {
    known.domains.push_back(fit_domain(
        recipe, [&](const Task& task) { return open_classifier(args.model, task); }, args.options));
  }
  progress.end();
  const std::string folder = model_folder(args.model);
  nn::write_domains(folder, known);
  std::vector<std::vector<std::string>> rows = {{"DOMAIN", "SAMPLES", "THRESHOLD", "DATA"}};
  for (const Domain& domain : known.domains) {
    for (const DomainStream& stream : domain.streams) {
      rows.push_back({domain.name, std::to_string(stream.samples),
                      fmt::format("{:.2f}", stream.threshold), stream.data});
    }
  }
  std::fputs((aligned(rows) + folder + "/" + nn::kDomainFile + "\n").c_str(), stdout);
}

void add_domain(CLI::App& command, Context& context) {
  const auto args = std::make_shared<DomainArguments>();
  CLI::App* sub = command.add_subcommand(
      "domain",
      "Write domain.safetensors into a model folder: what the pictures of its training look like "
      "to it, so that rows of others carry a warning");
  sub->add_option("MODEL", args->model, "embedded, hf:DIR, cnn:DIR, vit:DIR or a model folder")
      ->required()
      ->type_name("");
  sub->add_option("RECIPE", args->recipe, "the recipe that it was trained by: streams and tasks")
      ->required()
      ->type_name("");
  sub->add_option("--samples", args->options.samples, "drawn from each stream")
      ->type_name("N")
      ->check(CLI::Range(20, 1'000'000))
      ->capture_default_str();
  sub->add_option("--seed", args->options.seed, "of the draw")
      ->type_name("S")
      ->capture_default_str();
  sub->add_option("--false-alarms", args->options.false_alarms,
                  "fraction of a stream's own samples that would be warned of")
      ->type_name("F")
      ->check(CLI::Range(1e-6, 0.5))
      ->capture_default_str();
  add_batch_flag(*sub, args->options.batch);
  add_threads_flag(*sub, args->threads);
  add_quiet_flag(*sub, context);
  sub->callback([args, &context] { fit_domains(*args, context); });
}

struct StatementArguments {
  std::string model;
  std::string task;
  std::vector<std::string> data;
  int threads = 0;
  CheckOptions options;
};

void fit_statement_file(StatementArguments& args, Context& context) {
  use_threads(args.threads);
  const Task task = load_task(args.task);
  std::vector<std::unique_ptr<SampleSource>> sources;
  std::vector<StatementData> data;
  for (const std::string& spec : args.data) {
    sources.push_back(open_source(spec));
    data.push_back({spec, sources.back().get()});
  }
  Progress progress(0, context.quiet);
  ProgressStep last;
  args.options.progress = [&](const ProgressStep& step) { progress.show(last = step); };
  const auto classifier = open_classifier(args.model, task);
  const std::vector<StatementFit> fits = fit_statements(data, task, *classifier, args.options);
  progress.end();
  if (fits.empty()) throw Error::input(args.data.front(), "no sample could be read and scored");
  const std::string folder = model_folder(args.model);
  nn::add_statement_fits(folder, fits);
  std::vector<std::vector<std::string>> rows = {
      {"VIEWS", "ATTRIBUTE", "VALUE", "SAMPLES", "COMMON", "SLOPE", "OFFSET"}};
  for (const StatementFit& fit : fits) {
    for (const StatementFit::Of& of : fit.attributes) {
      for (std::size_t v = 0; v < of.values.size(); ++v) {
        const bool fitted = !of.which.offsets.empty();
        rows.push_back({std::to_string(fit.views), of.attribute, of.values[v],
                        std::to_string(of.samples), fmt::format("{:.3f}", of.common[v]),
                        fitted ? fmt::format("{:.2f}", of.which.slope) : "-",
                        fitted ? fmt::format("{:.2f}", of.which.offsets[v]) : "never said"});
      }
    }
  }
  std::fputs((aligned(rows) + folder + "/" + nn::kStatementFile + "\n").c_str(), stdout);
  if (last.failed > 0) {
    log_warning(std::to_string(last.failed) + " samples could not be read or scored; left out");
    context.exit_code = 3;
  }
}

void add_statements(CLI::App& command, Context& context) {
  const auto args = std::make_shared<StatementArguments>();
  CLI::App* sub = command.add_subcommand(
      "statements",
      "Write statements.json into a model folder: how sure it must be of what its reasons state, "
      "by samples whose truth is known");
  sub->add_option("MODEL", args->model, "embedded, hf:DIR or a model folder")
      ->required()
      ->type_name("");
  sub->add_option("TASK", args->task, "name or file of a task with a vocabulary")
      ->required()
      ->type_name("");
  sub->add_option("DATA", args->data,
                  "samples with the columns that the vocabulary asks for, and of no other use")
      ->required()
      ->type_name("...");
  add_batch_flag(*sub, args->options.batch);
  add_threads_flag(*sub, args->threads);
  add_quiet_flag(*sub, context);
  sub->footer("Fits of other tasks in the file stay. docs/reasons.md says what is fitted.");
  sub->callback([args, &context] { fit_statement_file(*args, context); });
}

void synthesize(const Arguments& args) {
  nn::SynthOptions options{args.like, args.scale, args.seed, {}};
  if (const auto type = nn::four_bit_type(args.type)) {
    options.quant = nn::QuantizeOptions{*type, args.double_quant, args.block};
  }
  nn::synthesize(args.target, options);
}

void add_synth(CLI::App& command) {
  const auto args = std::make_shared<Arguments>();
  args->type = "bf16";
  CLI::App* sub = command.add_subcommand(
      "synth",
      "Write a model folder with random weights in the shape of a published model, to "
      "measure time and memory");
  sub->add_option("OUT", args->target, "folder to write")->required()->type_name("");
  sub->add_option("--like", args->like, "the shape")
      ->type_name("SHAPE")
      ->check(CLI::IsMember(nn::synth_shapes()))
      ->required();
  sub->add_option(
         "--scale", args->scale,
         "heads, widths and layers times this; heads, tiles and vocabulary keep their size")
      ->type_name("FACTOR")
      ->capture_default_str();
  sub->add_option("--seed", args->seed, "of the random numbers")
      ->type_name("N")
      ->capture_default_str();
  sub->add_option("--quant", args->type, "number type of the linear layers: bf16, nf4 or fp4")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"bf16", "nf4", "fp4"}))
      ->capture_default_str();
  sub->add_flag("--double-quant", args->double_quant, "block maxima of 4-bit weights in 8 bits");
  sub->callback([args] { synthesize(*args); });
}

}  // namespace

void add_model(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "model",
      "Compare a model with the reference, bring it to 4 bits, make a random one, note what it "
      "knows");
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
  add_quantize(*command, args);
  add_synth(*command);
  add_domain(*command, context);
  add_statements(*command, context);
}

}  // namespace firstlight::app
