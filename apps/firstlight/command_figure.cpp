#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/report/figure.h"
#include "firstlight/report/overview.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string run;
  std::string pass = "main";
  std::string title;
  std::string output;
  std::string normalisation;
  std::vector<std::string> notes;
  bool merged = false;
};

void draw(const Arguments& args) {
  const RunStore run = RunStore::open(args.run);
  Interpretation interpretation = interpretation_from(run, args.normalisation);
  interpretation.pass = args.pass;
  const EvaluationInput input = evaluation_input(run, interpretation);
  if (input.truth.empty()) {
    throw Error::input(args.run, "no classified sample has a truth to compare with");
  }
  EvaluationOptions options;
  options.resamples = 0;
  Evaluation evaluation = evaluate(run.task(), input, options);
  if (args.merged) {
    if (evaluation.merged.empty()) {
      throw Error::usage("--merged", "the task '" + run.task().name + "' merges no classes");
    }
    // Not by assignment from its own member.
    Evaluation merged = std::move(evaluation.merged.front());
    evaluation = std::move(merged);
  }
  std::vector<std::string> lines = {
      fmt::format("{}: accuracy {:.3f} ({:.3f} to {:.3f} at 95 %), {} images",
                  run.config().setting("model.name"), evaluation.accuracy.value,
                  evaluation.accuracy.low, evaluation.accuracy.high, evaluation.n)};
  std::vector<std::string> notes = figure_notes(run);
  notes.insert(notes.end(), args.notes.begin(), args.notes.end());
  const std::string svg =
      confusion_svg(evaluation, args.title.empty() ? run.task().name : args.title, lines, notes);
  if (args.output.empty()) {
    std::fputs(svg.c_str(), stdout);
  } else {
    text::write_file_atomically(args.output, svg);
  }
}

}  // namespace

void add_figure(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "figure", "Draw the confusion matrix of a run: predicted on y, true on x, as SVG");
  command->add_option("RUN", args->run, "run folder")->required()->type_name("");
  command->add_flag("--merged", args->merged, "with the classes merged that the task merges");
  add_pass_flag(*command, args->pass);
  command->add_option("--title", args->title, "else the name of the task")->type_name("TEXT");
  command->add_option("--note", args->notes, "a line below the figure; may be given again")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  add_normalisation_flag(*command, args->normalisation);
  command->add_option("-o,--output", args->output, "file to write; else standard output")
      ->type_name("FILE");
  command->callback([args] { draw(*args); });
}

}  // namespace firstlight::app
