#include "firstlight/train/network_trainer.h"

#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

#include "checkpoint.h"
#include "clock.h"
#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/log.h"
#include "firstlight/task/task.h"
#include "firstlight/train/optimizer.h"
#include "firstlight/train/tensorboard.h"
#include "network_data.h"
#include "network_factory.h"

namespace firstlight::train {
namespace {

using torch::Tensor;
using Mode = aten::Network::Mode;

std::vector<std::string> class_keys(const Task& task) {
  std::vector<std::string> keys;
  for (const ClassDefinition& definition : task.classes) keys.push_back(definition.key);
  return keys;
}

/// Mean loss and accuracy on a set.
struct Measured {
  double loss = 0;
  double accuracy = 0;
};

class Trainer {
 public:
  Trainer(const NetworkRecipe& recipe, const std::string& model_type,
          const NetworkTrainOptions& options);
  NetworkTrainOutcome run();

 private:
  /// Where a stage stands.
  struct State {
    std::int64_t step = 0;  ///< of this stage
    std::int64_t best_epoch = 0;
    double best_loss = std::numeric_limits<double>::infinity();
    Tensor best_parameters;
    Tensor best_statistics;
  };

  std::string path(const std::string& name) const { return options_.output + "/" + name; }
  bool stopping() const { return options_.stop != nullptr && *options_.stop; }
  bool wanted(const NetworkStage& stage) const;
  std::vector<AdamW::Range> ranges() const;
  Tensor loss(const NetworkStage& stage, const Tensor& weights, Random& random);
  Measured measure(const MapPool& pool);
  /// Validates after an epoch; false where the stage should end.
  bool end_epoch(const NetworkStage& stage, std::int64_t epoch, double train_loss, State& state);
  bool train_stage(std::size_t index);
  void save(std::size_t stage, const State& state);
  void restore(const Checkpoint& checkpoint, State& state);

  const NetworkRecipe& recipe_;
  const NetworkTrainOptions& options_;
  Task task_;
  NewNetwork made_;
  NetworkData data_;
  std::optional<AdamW> optimizer_;
  std::optional<TensorBoard> board_;
  std::string identity_;
  std::int64_t global_step_ = 0;
};

Trainer::Trainer(const NetworkRecipe& recipe, const std::string& model_type,
                 const NetworkTrainOptions& options)
    : recipe_(recipe),
      options_(options),
      task_(load_task(recipe.task)),
      made_(make_network(recipe.folder + "/" + recipe.architecture, model_type, class_keys(task_),
                         task_.name, recipe.seed)),
      data_(recipe, task_, made_.input, made_.views) {
  identity_ = sha256_hex(recipe.text + made_.config);
  log_info(fmt::format("{}: {:.2f} million parameters", recipe.architecture,
                       static_cast<double>(made_.network->tensors().parameters().numel()) / 1e6));
}

bool Trainer::wanted(const NetworkStage& stage) const {
  return options_.stages.empty() || std::find(options_.stages.begin(), options_.stages.end(),
                                              stage.name) != options_.stages.end();
}

std::vector<AdamW::Range> Trainer::ranges() const {
  std::vector<AdamW::Range> result;
  std::int64_t at = 0;
  aten::FlatTensors& tensors = made_.network->tensors();
  for (const auto& [first, last] : tensors.decayed()) {
    if (first > at) result.push_back({at, first, 1.0, false});
    result.push_back({first, last, 1.0, true});
    at = last;
  }
  const std::int64_t end = tensors.parameters().numel();
  if (end > at) result.push_back({at, end, 1.0, false});
  return result;
}

Tensor Trainer::loss(const NetworkStage& stage, const Tensor& weights, Random& random) {
  const NetworkBatch batch = data_.draw(stage, random);
  torch::manual_seed(random());  // of dropout
  const Tensor logits = made_.network->logits(batch.samples, Mode::kTrain);
  return at::cross_entropy_loss(logits, batch.truth, weights, at::Reduction::Mean, -100,
                                stage.smoothing);
}

Measured Trainer::measure(const MapPool& pool) {
  const torch::NoGradGuard no_grad;
  constexpr std::size_t kBatch = 64;
  Measured result;
  for (std::size_t first = 0; first < pool.size(); first += kBatch) {
    std::vector<std::vector<nn::ChargeMap>> samples;
    std::vector<std::int64_t> truths;
    for (std::size_t i = first; i < std::min(first + kBatch, pool.size()); ++i) {
      samples.push_back(pool[i].views);
      truths.push_back(pool[i].truth);
    }
    const Tensor truth = torch::tensor(truths);
    const Tensor logits = made_.network->logits(samples, Mode::kBf16);
    result.loss += at::cross_entropy_loss(logits, truth, {}, at::Reduction::Sum).item<double>();
    result.accuracy += logits.argmax(1).eq(truth).sum().item<double>();
  }
  result.loss /= static_cast<double>(pool.size());
  result.accuracy /= static_cast<double>(pool.size());
  return result;
}

bool Trainer::end_epoch(const NetworkStage& stage, std::int64_t epoch, double train_loss,
                        State& state) {
  std::string line = fmt::format("{} epoch {}/{} loss {:.4f}; validation:", stage.name, epoch,
                                 stage.epochs, train_loss);
  double sum = 0;
  for (const MapPool& pool : data_.validation()) {
    const Measured measured = measure(pool);
    sum += measured.loss;
    line += fmt::format(" {} loss {:.4f} accuracy {:.4f} ({})", pool.name(), measured.loss,
                        measured.accuracy, pool.size());
    board_->scalar("validation_loss/" + pool.name(), global_step_, measured.loss);
    board_->scalar("validation_accuracy/" + pool.name(), global_step_, measured.accuracy);
  }
  log_info(line);
  const double mean =
      sum / static_cast<double>(std::max<std::size_t>(1, data_.validation().size()));
  std::ofstream(path("log.csv"), std::ios::app)
      << stage.name << ',' << epoch << ',' << train_loss << ',' << mean << '\n';
  if (stage.patience == 0) return true;
  if (mean < state.best_loss) {
    state.best_loss = mean;
    state.best_epoch = epoch;
    state.best_parameters = made_.network->tensors().parameters().clone();
    state.best_statistics = made_.network->tensors().statistics().clone();
    return true;
  }
  return epoch - state.best_epoch < stage.patience;
}

void Trainer::save(std::size_t stage, const State& state) {
  aten::FlatTensors& tensors = made_.network->tensors();
  Checkpoint checkpoint;
  checkpoint.tensors = {{"parameters", tensors.parameters()}, {"statistics", tensors.statistics()}};
  if (optimizer_) {
    checkpoint.tensors.insert(
        {{"m", optimizer_->first_moment()}, {"v", optimizer_->second_moment()}});
    checkpoint.numbers["updates"] = optimizer_->count();
  }
  if (state.best_parameters.defined()) {
    checkpoint.tensors.insert({{"best_parameters", state.best_parameters},
                               {"best_statistics", state.best_statistics},
                               {"best_loss", torch::tensor({state.best_loss}, torch::kDouble)}});
    checkpoint.numbers["best_epoch"] = state.best_epoch;
  }
  checkpoint.numbers["stage"] = static_cast<std::int64_t>(stage);
  checkpoint.numbers["step"] = state.step;
  checkpoint.numbers["global_step"] = global_step_;
  checkpoint.texts["identity"] = identity_;
  save_checkpoint(checkpoint, path("checkpoint.pt"));
}

void Trainer::restore(const Checkpoint& checkpoint, State& state) {
  const torch::NoGradGuard no_grad;
  aten::FlatTensors& tensors = made_.network->tensors();
  tensors.parameters().copy_(checkpoint.tensors.at("parameters"));
  tensors.statistics().copy_(checkpoint.tensors.at("statistics"));
  global_step_ = checkpoint.numbers.at("global_step");
  if (!optimizer_ || checkpoint.tensors.count("m") == 0) return;
  optimizer_->first_moment().copy_(checkpoint.tensors.at("m"));
  optimizer_->second_moment().copy_(checkpoint.tensors.at("v"));
  optimizer_->count() = checkpoint.numbers.at("updates");
  state.step = checkpoint.numbers.at("step");
  if (checkpoint.tensors.count("best_parameters") == 0) return;
  state.best_parameters = checkpoint.tensors.at("best_parameters");
  state.best_statistics = checkpoint.tensors.at("best_statistics");
  state.best_loss = checkpoint.tensors.at("best_loss").item<double>();
  state.best_epoch = checkpoint.numbers.at("best_epoch");
}

bool Trainer::train_stage(std::size_t index) {
  const NetworkStage& stage = recipe_.stages[index];
  aten::FlatTensors& tensors = made_.network->tensors();
  AdamW::Options settings;
  settings.weight_decay = stage.weight_decay;
  settings.beta1 = 0.9;
  settings.beta2 = stage.beta2;
  optimizer_.emplace(tensors.parameters().numel(), settings);
  State state;
  if (std::filesystem::exists(path("checkpoint.pt"))) {
    const Checkpoint checkpoint = load_checkpoint(path("checkpoint.pt"));
    if (checkpoint.numbers.at("stage") == static_cast<std::int64_t>(index)) {
      restore(checkpoint, state);
      log_info(fmt::format("{}: going on at step {}", stage.name, state.step));
    }
  }
  const std::int64_t epoch_steps =
      std::max<std::int64_t>(1, data_.epoch_samples(stage) / stage.batch);
  const std::int64_t steps = epoch_steps * stage.epochs;
  Schedule schedule{stage.rate, stage.warmup, steps};
  if (stage.constant) schedule.final_fraction = 1;
  const auto parts = ranges();
  const Tensor weights = data_.class_weights(stage);
  auto saved = Clock::now();
  auto logged = Clock::now();
  double sum = 0;
  std::int64_t since_log = 0;
  double epoch_sum = 0;
  std::int64_t since_epoch = 0;
  while (state.step < steps) {
    Random random(recipe_.seed + 1000 * (index + 1), static_cast<std::uint64_t>(state.step));
    const Tensor value = loss(stage, weights, random);
    value.backward();
    const double rate = schedule.at(state.step);
    const double norm = optimizer_->step(tensors.parameters(), tensors.gradients(), parts, rate);
    ++state.step;
    ++global_step_;
    sum += value.item<double>();
    epoch_sum += value.item<double>();
    ++since_log;
    ++since_epoch;
    if (state.step % options_.log_steps == 0) {
      const double mean = sum / static_cast<double>(since_log);
      const double per_step = seconds_since(logged) / static_cast<double>(since_log);
      log_info(fmt::format(
          "{} {}/{} loss {:.4f} norm {:.2f} rate {:.2e} {:.1f} samples/s, {:.0f} min left",
          stage.name, state.step, steps, mean, norm, rate,
          static_cast<double>(stage.batch) / per_step,
          per_step * static_cast<double>(steps - state.step) / 60));
      board_->scalar("loss/" + stage.name, global_step_, mean);
      board_->scalar("gradient_norm", global_step_, norm);
      board_->scalar("learning_rate", global_step_, rate);
      logged = Clock::now();
      sum = 0;
      since_log = 0;
    }
    bool going = true;
    if (state.step % epoch_steps == 0) {
      going = end_epoch(stage, state.step / epoch_steps,
                        epoch_sum / static_cast<double>(since_epoch), state);
      epoch_sum = 0;
      since_epoch = 0;
      sum = 0;
      since_log = 0;
      logged = Clock::now();
    }
    if (stopping() || seconds_since(saved) > options_.checkpoint_seconds) {
      save(index, state);
      saved = Clock::now();
    }
    if (stopping()) return false;
    if (!going) {
      log_info(fmt::format("{}: no better for {} epochs; that of epoch {} is kept", stage.name,
                           stage.patience, state.best_epoch));
      break;
    }
  }
  if (state.best_parameters.defined()) {
    const torch::NoGradGuard no_grad;
    tensors.parameters().copy_(state.best_parameters);
    tensors.statistics().copy_(state.best_statistics);
  }
  optimizer_.reset();
  save(index + 1, State{});
  return true;
}

NetworkTrainOutcome Trainer::run() {
  std::filesystem::create_directories(options_.output);
  board_.emplace(options_.output);
  for (const std::string& name : options_.stages) {
    const bool known = std::any_of(recipe_.stages.begin(), recipe_.stages.end(),
                                   [&](const NetworkStage& stage) { return stage.name == name; });
    if (!known) throw Error::usage(recipe_.folder, "the recipe has no stage '" + name + "'");
  }
  std::size_t begin = 0;
  if (std::filesystem::exists(path("checkpoint.pt"))) {
    const Checkpoint checkpoint = load_checkpoint(path("checkpoint.pt"));
    if (checkpoint.texts.at("identity") != identity_) {
      throw Error::conflict(options_.output,
                            "holds a training run of another recipe or architecture",
                            "choose another folder with -o");
    }
    begin = static_cast<std::size_t>(checkpoint.numbers.at("stage"));
    State state;
    restore(checkpoint, state);
  } else if (!options_.start.empty()) {
    start_from_folder(options_.start, made_, class_keys(task_));
  }
  std::vector<const NetworkStage*> stages;
  for (std::size_t i = begin; i < recipe_.stages.size(); ++i) {
    if (wanted(recipe_.stages[i])) stages.push_back(&recipe_.stages[i]);
  }
  NetworkTrainOutcome outcome;
  outcome.model = path(recipe_.name);
  if (!data_.load(stages, options_.cache, options_.stop)) return outcome;
  for (std::size_t i = begin; i < recipe_.stages.size(); ++i) {
    if (!wanted(recipe_.stages[i])) continue;
    if (!train_stage(i)) return outcome;
    write_network_folder(outcome.model, *made_.network, made_.config);
  }
  outcome.finished = true;
  return outcome;
}

}  // namespace

NetworkTrainOutcome train_network(const NetworkRecipe& recipe, const std::string& model_type,
                                  const NetworkTrainOptions& options) {
  return Trainer(recipe, model_type, options).run();
}

}  // namespace firstlight::train
