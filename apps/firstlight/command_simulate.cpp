#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "commands.h"
#include "firstlight/base/text.h"
#include "firstlight/sim/folder.h"
#include "firstlight/sim/lartpc_source.h"
#include "firstlight/sim/source.h"
#include "flags.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::size_t n = 100;
  std::uint64_t seed = 1;
  sim::SimulatorOptions options;
  std::string output;
};

void write(const SampleSource& source, const Arguments& arguments, const Context& context) {
  const bool show = !context.quiet && isatty(STDERR_FILENO) != 0;
  sim::write_image_folder(source, arguments.output, [&](const ProgressStep& step) {
    if (!show) return;
    std::fprintf(stderr, "\r%llu of %llu samples", static_cast<unsigned long long>(step.done),
                 static_cast<unsigned long long>(step.total));
    if (step.done == step.total) std::fputc('\n', stderr);
  });
  std::printf("%s/labels.csv\n", arguments.output.c_str());
}

/// The flags that all simulators have.
void add_common(CLI::App* command, Context& context, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("-n,--number", arguments->n, "how many samples")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command
      ->add_option("--seed", arguments->seed,
                   "sample k depends on the seed and k alone: the same seed gives the same samples")
      ->type_name("S")
      ->check(whole_number())
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output,
                   "folder for the pictures and labels.csv; must be new or empty")
      ->type_name("DIR")
      ->required();
  add_quiet_flag(*command, context);
}

void add_simulator(CLI::App& simulators, Context& context, const std::string& name,
                   const std::string& description, const std::string& sizes,
                   const std::string& classes) {
  CLI::App* command = simulators.add_subcommand(name, description);
  const auto arguments = std::make_shared<Arguments>();
  add_common(command, context, arguments);
  command->add_option("--size", arguments->options.size, sizes)->type_name("PIXELS");
  command->add_option("--class", arguments->options.class_key, "only this class: " + classes)
      ->type_name("KEY");
  command->callback([name, arguments, &context] {
    write(*sim::make_simulator_source(name, arguments->n, arguments->seed, arguments->options),
          *arguments, context);
  });
}

void add_events(CLI::App& simulators, Context& context) {
  CLI::App* command = simulators.add_subcommand(
      "lartpc", "Neutrino interactions in a liquid-argon time projection chamber");
  const auto arguments = std::make_shared<Arguments>();
  const auto values = std::make_shared<std::map<std::string, std::string>>();
  add_common(command, context, arguments);
  for (const sim::LartpcSetting& setting : sim::lartpc_settings()) {
    command
        ->add_option_function<std::string>(
            "--" + text::replace_all(setting.name, "_", "-"),
            [values, name = setting.name](const std::string& value) { (*values)[name] = value; },
            setting.description)
        ->type_name("VALUE");
  }
  command->callback([arguments, values, &context] {
    write(*sim::make_lartpc_source(arguments->n, arguments->seed, sim::lartpc_options(*values)),
          *arguments, context);
  });
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "simulate", "Draw simulated images with known truth into a folder, with a table of labels");
  command->require_subcommand(1);
  add_simulator(*command, context, "galaxies",
                "Galaxies of four classes in the look of SDSS pictures",
                "side in pixels, 16 to 1024, 224 if not given; the content stays the same",
                "smooth_round, smooth_cigar, edge_on_disk or unbarred_spiral");
  add_simulator(*command, context, "lsbg",
                "Low-surface-brightness galaxies and the artifacts of their search, in the look of "
                "DES cutouts",
                "side in pixels, 16 to 1024, 64 if not given; the content stays the same",
                "lsbg or artifact");
  add_events(*command, context);
}

}  // namespace firstlight::app
