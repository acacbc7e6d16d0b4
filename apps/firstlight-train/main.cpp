#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "firstlight/aten/tune.h"
#include "firstlight/base/error.h"
#include "firstlight/base/log.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/paths.h"
#include "firstlight/train/network_trainer.h"
#include "firstlight/train/vlm_trainer.h"

namespace {

std::atomic<bool> stop = false;

void on_signal(int) { stop = true; }

int run(int argc, char** argv) {
  CLI::App app{"Train the models that Firstlight ships, or your own", "firstlight train"};
  app.set_version_flag("--version", "firstlight " + firstlight::version());
  app.require_subcommand(1);
  std::string config;
  int threads = 0;
  firstlight::train::TrainOptions options;
  CLI::App* vlm = app.add_subcommand(
      "vlm",
      "Train a LLaVA-type vision-language model by a recipe (docs/training.md). The same "
      "command again goes on from the last checkpoint.");
  vlm->add_option("CONFIG", config, "Recipe: a YAML file")->required();
  vlm->add_option("-o,--output", options.output, "Folder of checkpoints, logs and the model")
      ->required();
  vlm->add_option("--cache", options.cache, "Folder that keeps decoded images for the next time");
  vlm->add_option("--start", options.start,
                  "stage-NAME.pt of an earlier run, or a model folder, to start from");
  vlm->add_option("--stage", options.stages, "Only these stages of the recipe");
  vlm->add_option("--checkpoint-seconds", options.checkpoint_seconds, "Seconds between checkpoints")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  vlm->add_option("--log-steps", options.log_steps, "Steps between log lines")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  vlm->add_option("--validate-steps", options.validate_steps, "Steps between validations")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  vlm->add_option("--threads", threads, "Threads; 0 = all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  firstlight::train::NetworkTrainOptions network_options;
  const auto add_network = [&](const std::string& name, const std::string& what) {
    CLI::App* command = app.add_subcommand(
        name, "Train " + what +
                  " by a recipe (docs/training.md). The same command again goes on from the last "
                  "checkpoint.");
    command->add_option("CONFIG", config, "Recipe: a YAML file")->required();
    command
        ->add_option("-o,--output", network_options.output,
                     "Folder of checkpoints, logs and the model")
        ->required();
    command->add_option("--cache", network_options.cache,
                        "Folder that keeps what was read of the samples for the next time");
    command->add_option("--start", network_options.start, "Model folder to start from");
    command->add_option("--stage", network_options.stages, "Only these stages of the recipe");
    command
        ->add_option("--checkpoint-seconds", network_options.checkpoint_seconds,
                     "Seconds between checkpoints")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command->add_option("--log-steps", network_options.log_steps, "Steps between log lines")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command->add_option("--threads", threads, "Threads; 0 = all")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    return command;
  };
  CLI::App* cnn = add_network("cnn", "a siamese convolutional network on the views of a sample");
  CLI::App* vit = add_network("vit", "a vision transformer on the views of a sample");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "firstlight train: %s; try --help\n", e.what());
    return 2;
  }
  firstlight::set_log_sink([](firstlight::LogLevel level, std::string_view message) {
    std::fprintf(stderr, "%s%.*s\n", level == firstlight::LogLevel::kWarning ? "warning: " : "",
                 static_cast<int>(message.size()), message.data());
  });
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  firstlight::aten::tune(threads);
  if (threads > 0) firstlight::set_num_threads(threads);
  options.stop = &stop;
  network_options.stop = &stop;
  if (cnn->parsed() || vit->parsed()) {
    const auto done =
        firstlight::train::train_network(firstlight::train::NetworkRecipe::load(config),
                                         cnn->parsed() ? "siamese_cnn" : "vit", network_options);
    if (!done.finished) return 130;
    std::printf("%s\n", done.model.c_str());
    return 0;
  }
  const auto outcome =
      firstlight::train::train_vlm(firstlight::train::Recipe::load(config), options);
  if (!outcome.finished) return 130;
  if (!outcome.model.empty()) std::printf("%s\n", outcome.model.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const firstlight::Error& e) {
    std::fprintf(stderr, "firstlight train: %s\n", e.what());
    switch (e.kind()) {
      case firstlight::ErrorKind::kUsage:
        return 2;
      case firstlight::ErrorKind::kConflict:
        return 4;
      default:
        return 1;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "firstlight train: %s\n", e.what());
    return 1;
  }
}
