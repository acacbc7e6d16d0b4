#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/report/overview.h"
#include "firstlight/run/calibration.h"
#include "firstlight/run/model_calibration.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string run;
  std::vector<std::string> apply;
  std::string method = "temperature";
  double coverage = 0.9;
  std::string normalisation;
  bool keep = false;
};

std::string describe(const RunCalibration& fitted, const Task& task) {
  const Calibration& c = fitted.calibration;
  std::string out = fmt::format("fitted on {} samples of {}\n", fitted.samples, fitted.run);
  if (c.method == CalibrationMethod::kTemperature) {
    out += fmt::format("temperature: {:.4g}\n", 1 / c.slope);
  } else {
    out += fmt::format("Platt: slope {:.4g}; offsets", c.slope);
    for (std::size_t k = 0; k < c.offsets.size(); ++k) {
      out += fmt::format("{} {} {:+.4g}", k > 0 ? "," : "", task.classes[k].key, c.offsets[k]);
    }
    out += "\n";
  }
  return out + fmt::format(
                   "conformal sets: classes with a probability of at least {:.4g}, for a "
                   "coverage of {:g}\n",
                   fitted.set_threshold, fitted.coverage);
}

/// Figures of a run that the calibration was not fitted on, before and after.
std::string effect(const RunStore& run, const Interpretation& interpretation) {
  const EvaluationInput input = evaluation_input(run, interpretation);
  if (input.truth.empty()) return "  no truth to check it with\n";
  const Evaluation before = evaluate(run.task(), input);
  const Evaluation& after = before.calibrated.front();
  const auto row = [](const char* name, const Estimate& a, const Estimate& b) {
    return fmt::format("  {:<24}  {:<25}  {}\n", name, to_text(a), to_text(b));
  };
  std::string out = fmt::format("  {:<24}  {:<25}  {}\n", "", "before", "after");
  out += row("accuracy", before.accuracy, after.accuracy);
  out += row("negative log-likelihood", before.nll, after.nll);
  out += row("Brier score", before.brier, after.brier);
  out += row("ECE, debiased", before.ece_debiased, after.ece_debiased);
  return out + fmt::format("  {:<24}  {:<25}  {}\n", "sets with the truth", "",
                           to_text(before.sets.front().covered));
}

void calibrate(const Arguments& args) {
  const auto method = calibration_method(args.method);
  if (!method) {
    throw Error::usage("--method", "unknown method '" + args.method + "'",
                       "known: temperature, platt");
  }
  const RunStore run = RunStore::open(args.run);
  const Interpretation interpretation = interpretation_from(run, args.normalisation);
  const RunCalibration fitted = calibrate_run(run, interpretation, *method, args.coverage);
  std::string out = describe(fitted, run.task());
  if (args.keep) out += "kept in " + keep_with_model(fitted, run) + "\n";
  for (const std::string& folder : args.apply) {
    apply_calibration(fitted, run, folder);
    const RunStore other = RunStore::open(folder);
    out += "applied to " + folder + "\n" +
           effect(other, interpretation_from(other, args.normalisation));
  }
  std::fputs(out.c_str(), stdout);
}

}  // namespace

void add_calibrate(CLI::App& app, Context&) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Fit confidence to the fraction right on one run, and apply it to others");
  command->add_option("RUN", args->run, "run folder with truth to fit on")
      ->required()
      ->type_name("");
  command
      ->add_option("--apply", args->apply,
                   "run folder to keep the calibration in; it holds none of the samples of RUN, "
                   "and was made by the same model for the same task")
      ->type_name("RUN")
      ->allow_extra_args(false);
  command->add_flag("--keep", args->keep,
                    "keep the calibration in the folder of the model that made RUN: classify "
                    "--calibrated then applies it to runs of the same kind");
  command
      ->add_option("--method", args->method,
                   "temperature (one number; labels stay as they are) or platt (a slope and an "
                   "offset for each class)")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--coverage", args->coverage,
                   "probability with which a conformal set holds the truth")
      ->type_name("P")
      ->check(CLI::Range(0.001, 0.999))
      ->capture_default_str();
  add_normalisation_flag(*command, args->normalisation);
  command->footer(
      "evaluate, report and export then show the calibrated probabilities beside the others. For\n"
      "instance: classify with --split validation and with --split test, and apply the first to\n"
      "the second.");
  command->callback([args] { calibrate(*args); });
}

}  // namespace firstlight::app
