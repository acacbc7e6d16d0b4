#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"

namespace firstlight::app {
namespace {

namespace fs = std::filesystem;

/// The trainer links libtorch, which takes half a second to load: a program of its own, so that the
/// other commands do without.
constexpr const char* kTrainer = "firstlight-train";

std::string find_trainer() {
  std::error_code status;
  const fs::path program = fs::read_symlink("/proc/self/exe", status);
  const fs::path folder = program.parent_path();
  for (const fs::path& candidate :
       {folder / kTrainer, folder.parent_path() / "libexec" / "firstlight" / kTrainer,
        folder.parent_path() / kTrainer / kTrainer}) {  // the last in a build tree
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  throw Error::usage("train", "this build has no trainer",
                     "configure with -DFIRSTLIGHT_TRAIN=ON (needs libtorch) and build again");
}

[[noreturn]] void train(std::vector<std::string> arguments) {
  const std::string trainer = find_trainer();
  std::vector<char*> argv = {const_cast<char*>(trainer.c_str())};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(trainer.c_str(), argv.data());
  throw Error::internal(trainer, std::string("cannot run: ") + std::strerror(errno));
}

}  // namespace

void add_train(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand(
      "train", "Train a model from a configuration file (runs firstlight-train; train --help)");
  command->set_help_flag();
  command->prefix_command();
  command->callback([command] { train(command->remaining()); });
}

}  // namespace firstlight::app
