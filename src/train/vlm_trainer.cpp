#include "firstlight/train/vlm_trainer.h"

#include <fmt/format.h>
#include <torch/autograd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "checkpoint.h"
#include "clock.h"
#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/log.h"
#include "firstlight/base/text.h"
#include "firstlight/train/batch.h"
#include "firstlight/train/hf_folder.h"
#include "firstlight/train/optimizer.h"
#include "firstlight/train/tensorboard.h"
#include "line_head.h"
#include "streams.h"
#include "validation.h"
#include "vision_heads.h"

namespace firstlight::train {
namespace {

using torch::Tensor;

class Trainer {
 public:
  Trainer(const Recipe& recipe, const TrainOptions& options);
  TrainOutcome run();

 private:
  std::string path(const std::string& name) const { return options_.output + "/" + name; }
  bool train_stage(std::size_t index);
  Tensor stage_loss(const Stage& stage, Random& random, std::int64_t* samples);
  Tensor vision_loss(const Stage& stage, Random& random, std::int64_t* samples);
  Tensor language_loss(const Stage& stage, Random& random, std::int64_t* samples);
  std::vector<AdamW::Range> ranges(const Stage& stage) const;
  void start_optimizers(const Stage& stage);
  void save(const std::string& file, std::size_t stage, std::int64_t step);
  void restore(const Checkpoint& checkpoint, bool optimizers);
  void start_from(const Checkpoint& checkpoint);
  void validate(const Stage& stage, std::int64_t step);
  void take_average();

  const Recipe& recipe_;
  const TrainOptions& options_;
  Wordings wordings_;
  PromptEncoder encoder_;
  aten::Llava model_;
  VisionHeads heads_;
  LineHead line_head_;
  std::map<std::string, double> parts_;  ///< of the loss, summed since the last line of the log
  std::vector<ImagePool> pools_;
  std::vector<ImagePool> validation_;
  BatchSource source_;
  Validation measure_;
  std::optional<AdamW> optimizer_;
  Tensor average_;  ///< of the weights over the last steps, where the stage asks for it
  std::optional<TensorBoard> board_;
  std::string identity_;
  std::int64_t global_step_ = 0;
};

aten::LlavaShape shape_for(const Recipe& recipe, const PromptEncoder& encoder) {
  aten::LlavaShape shape = recipe.shape;
  shape.text.vocab_size = static_cast<std::int64_t>(encoder.vocab_size());
  return shape;
}

Trainer::Trainer(const Recipe& recipe, const TrainOptions& options)
    : recipe_(recipe),
      options_(options),
      wordings_(Wordings::load(recipe.folder + "/" + recipe.wordings)),
      encoder_(recipe),
      model_(shape_for(recipe, encoder_), recipe.seed),
      heads_(wordings_, recipe.shape.vision.hidden_size, recipe.seed + 1),
      line_head_(static_cast<std::int64_t>(wordings_.concepts.size()),
                 recipe.shape.text.hidden_size, recipe.seed + 2),
      pools_(load_pools(recipe.streams, recipe, options, streams_of(recipe, options))),
      validation_(load_pools(recipe.validation, recipe, options, {})),
      source_(recipe, pools_, wordings_, encoder_),
      measure_(recipe, wordings_, encoder_, source_.tasks()) {
  identity_ = sha256_hex(recipe.text + text::read_file(recipe.folder + "/" + recipe.wordings));
}

Tensor Trainer::vision_loss(const Stage& stage, Random& random, std::int64_t* samples) {
  std::vector<Picture> images;
  for (int i = 0; i < stage.batch; ++i) images.push_back(source_.image(stage, random));
  *samples = stage.batch;
  return heads_.loss(model_.vision(picture_pixels(recipe_, images, &random), false), images);
}

Tensor Trainer::language_loss(const Stage& stage, Random& random, std::int64_t* samples) {
  const LanguageBatch batch = source_.language(stage, random);
  const Tensor projected =
      projected_patches(model_, picture_pixels(recipe_, batch.images, &random));
  aten::MiddleStates middle{recipe_.shape.text.num_hidden_layers / 2,
                            LineHead::rows(batch.lines),
                            {},
                            batch.lines.answer_rows,
                            {},
                            {}};
  const bool lines = batch.lines.rows.numel() > 0 && batch.lines.answer_rows.numel() > 0;
  const Tensor logits =
      model_.text(batch.text, projected, batch.wanted, false, lines ? &middle : nullptr);
  *samples = batch.answers;
  // The log-probability of a whole answer is the sum over its tokens: that is what is scored.
  const Tensor each = at::cross_entropy_loss(logits, batch.targets, {}, at::Reduction::None);
  const Tensor loss = (each * batch.weight).sum() / static_cast<double>(batch.answers);
  if (!lines) return loss;
  parts_["answers"] += loss.item<double>();
  Tensor total = loss;
  for (const auto& [name, part] : line_head_.losses(model_, middle, batch.text, batch.lines)) {
    parts_[name] += part.item<double>();
    total = total + stage.lines * part;
  }
  return total;
}

Tensor Trainer::stage_loss(const Stage& stage, Random& random, std::int64_t* samples) {
  return stage.kind == Stage::Kind::kVision ? vision_loss(stage, random, samples)
                                            : language_loss(stage, random, samples);
}

std::vector<AdamW::Range> Trainer::ranges(const Stage& stage) const {
  std::vector<AdamW::Range> result;
  const std::int64_t vision_end = model_.vision_range().second;
  std::int64_t at = 0;
  const auto add = [&](std::int64_t last, bool decays) {
    if (last <= at) return;
    const bool vision = at < vision_end;
    const double factor =
        vision ? stage.vision_rate : (stage.kind == Stage::Kind::kVision ? 0.0 : 1.0);
    result.push_back({at, last, factor, decays});
    at = last;
  };
  for (const auto& [first, last] : model_.decayed()) {
    if (at < vision_end && first > vision_end) add(vision_end, false);
    add(first, false);
    add(last, true);
  }
  add(model_.parameters().numel(), false);
  return result;
}

void Trainer::start_optimizers(const Stage& stage) {
  AdamW::Options options;
  options.weight_decay = stage.weight_decay;
  optimizer_.emplace(model_.parameters().numel(), options);
  heads_.readout().start(options);
  line_head_.readout().start(options);
  model_.train_vision(stage.vision_rate > 0);
  average_ = stage.average > 0 ? model_.parameters().detach().clone() : Tensor();
}

void Trainer::save(const std::string& file, std::size_t stage, std::int64_t step) {
  Checkpoint checkpoint;
  checkpoint.tensors.emplace("parameters", model_.parameters());
  heads_.readout().save(checkpoint);
  line_head_.readout().save(checkpoint);
  if (optimizer_) {
    checkpoint.tensors.emplace("m", optimizer_->first_moment());
    checkpoint.tensors.emplace("v", optimizer_->second_moment());
    checkpoint.numbers["updates"] = optimizer_->count();
    if (average_.defined()) checkpoint.tensors.emplace("average", average_);
  }
  checkpoint.numbers["stage"] = static_cast<std::int64_t>(stage);
  checkpoint.numbers["step"] = step;
  checkpoint.numbers["vision"] = model_.vision_range().second;
  checkpoint.numbers["global_step"] = global_step_;
  checkpoint.texts["identity"] = identity_;
  save_checkpoint(checkpoint, path(file));
}

void Trainer::restore(const Checkpoint& checkpoint, bool optimizers) {
  const torch::NoGradGuard no_grad;
  const Tensor& parameters = checkpoint.tensors.at("parameters");
  if (parameters.sizes() != model_.parameters().sizes()) {
    throw Error::conflict(options_.output, "the checkpoint is of a model of another shape");
  }
  model_.parameters().copy_(parameters);
  heads_.readout().restore(checkpoint, optimizers);
  line_head_.readout().restore(checkpoint, optimizers);
  if (!optimizers || checkpoint.tensors.count("m") == 0) return;
  optimizer_->first_moment().copy_(checkpoint.tensors.at("m"));
  optimizer_->second_moment().copy_(checkpoint.tensors.at("v"));
  optimizer_->count() = checkpoint.numbers.at("updates");
  if (average_.defined()) average_.copy_(checkpoint.tensors.at("average"));
}

void Trainer::start_from(const Checkpoint& checkpoint) {
  const Tensor& parameters = checkpoint.tensors.at("parameters");
  const std::int64_t vision = model_.vision_range().second;
  if (parameters.sizes() == model_.parameters().sizes()) {
    restore(checkpoint, false);
  } else if (checkpoint.numbers.at("vision") == vision) {
    const torch::NoGradGuard no_grad;
    model_.parameters().narrow(0, 0, vision).copy_(parameters.narrow(0, 0, vision));
    log_info(options_.start + ": the text model has another shape; only the vision tower is taken");
  } else {
    throw Error::usage(options_.start, "holds a model of another shape");
  }
}

void Trainer::validate(const Stage& stage, std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const Tensor present = average_.defined() ? model_.parameters().clone() : Tensor();
  take_average();
  std::string line = fmt::format("{} {}/{} validation:", stage.name, step, stage.steps);
  for (const ImagePool& pool : validation_) {
    const auto [asked, right] = stage.kind == Stage::Kind::kVision
                                    ? measure_.vision(model_, heads_, pool)
                                    : measure_.language(model_, pool);
    if (asked == 0) continue;
    const double accuracy = static_cast<double>(right) / asked;
    line += fmt::format(" {} {:.3f} ({})", pool.spec().name, accuracy, asked);
    board_->scalar("validation/" + pool.spec().name, global_step_, accuracy);
  }
  log_info(line);
  if (present.defined()) model_.parameters().copy_(present);
}

void Trainer::take_average() {
  const torch::NoGradGuard no_grad;
  if (average_.defined()) model_.parameters().copy_(average_);
}

bool Trainer::train_stage(std::size_t index) {
  const Stage& stage = recipe_.stages[index];
  start_optimizers(stage);
  std::int64_t first = 0;
  const std::string current = path("checkpoint.pt");
  if (std::filesystem::exists(current)) {
    const Checkpoint checkpoint = load_checkpoint(current);
    if (checkpoint.numbers.at("stage") == static_cast<std::int64_t>(index)) {
      restore(checkpoint, true);
      first = checkpoint.numbers.at("step");
      global_step_ = checkpoint.numbers.at("global_step");
      log_info(fmt::format("{}: going on at step {}", stage.name, first));
    }
  }
  const Schedule schedule{stage.rate, stage.warmup, stage.steps};
  const auto model_ranges = ranges(stage);
  std::ofstream log(path("log.csv"), std::ios::app);
  auto saved = Clock::now();
  auto logged = Clock::now();
  double loss_sum = 0;
  std::int64_t samples = 0;
  for (std::int64_t step = first; step < stage.steps; ++step) {
    Random random(recipe_.seed + 1000 * (index + 1), static_cast<std::uint64_t>(step));
    std::int64_t drawn = 0;
    const Tensor loss = stage_loss(stage, random, &drawn);
    loss.backward();
    const double rate = schedule.at(step);
    const double norm =
        optimizer_->step(model_.parameters(), model_.gradients(), model_ranges, rate);
    if (stage.kind == Stage::Kind::kVision) {
      heads_.readout().step(rate);
    } else if (stage.lines > 0) {
      line_head_.readout().step(rate);
    }
    if (average_.defined()) {
      const torch::NoGradGuard no_grad;
      average_.lerp_(model_.parameters(), 1 - stage.average);
    }
    ++global_step_;
    const double value = loss.item<double>();
    loss_sum += value;
    samples += drawn;
    log << stage.name << ',' << step << ',' << value << ',' << norm << ',' << rate << '\n';
    if ((step + 1) % options_.log_steps == 0) {
      const double elapsed = seconds_since(logged);
      const double mean = loss_sum / options_.log_steps;
      std::string parts;
      for (const auto& [name, sum] : parts_) {
        const double part = sum / options_.log_steps;
        parts += fmt::format("{}{} {:.3f}", parts.empty() ? " (" : ", ", name, part);
        board_->scalar("loss/" + stage.name + "/" + name, global_step_, part);
      }
      if (!parts.empty()) parts += ")";
      parts_.clear();
      log_info(fmt::format(
          "{} {}/{} loss {:.4f}{} norm {:.2f} rate {:.2e} {:.1f} samples/s, {:.0f} min left",
          stage.name, step + 1, stage.steps, mean, parts, norm, rate,
          static_cast<double>(samples) / elapsed,
          elapsed / options_.log_steps * static_cast<double>(stage.steps - step - 1) / 60));
      board_->scalar("loss/" + stage.name, global_step_, mean);
      board_->scalar("gradient_norm", global_step_, norm);
      board_->scalar("learning_rate", global_step_, rate);
      log.flush();
      logged = Clock::now();
      loss_sum = 0;
      samples = 0;
    }
    if ((step + 1) % options_.validate_steps == 0 || step + 1 == stage.steps)
      validate(stage, step + 1);
    const bool stop = options_.stop != nullptr && *options_.stop;
    if (stop || seconds_since(saved) > options_.checkpoint_seconds) {
      save("checkpoint.pt", index, step + 1);
      saved = Clock::now();
    }
    if (stop) return false;
  }
  take_average();
  average_ = Tensor();
  optimizer_.reset();
  heads_.readout().stop();
  line_head_.readout().stop();
  save("stage-" + stage.name + ".pt", index, stage.steps);
  save("checkpoint.pt", index + 1, 0);
  return true;
}

TrainOutcome Trainer::run() {
  std::filesystem::create_directories(options_.output);
  board_.emplace(options_.output);
  TrainOutcome outcome;
  std::size_t begin = 0;
  if (std::filesystem::exists(path("checkpoint.pt"))) {
    const Checkpoint checkpoint = load_checkpoint(path("checkpoint.pt"));
    if (checkpoint.texts.at("identity") != identity_) {
      throw Error::conflict(options_.output, "holds a training run of another recipe or wordings",
                            "choose another folder with -o");
    }
    begin = static_cast<std::size_t>(checkpoint.numbers.at("stage"));
    global_step_ = checkpoint.numbers.at("global_step");
    restore(checkpoint, false);
  } else if (!options_.start.empty()) {
    if (std::filesystem::is_directory(options_.start)) {
      read_hf_weights(options_.start, model_);
    } else {
      start_from(load_checkpoint(options_.start));
    }
  }
  for (std::size_t i = begin; i < recipe_.stages.size(); ++i) {
    const std::string& name = recipe_.stages[i].name;
    if (!options_.stages.empty() &&
        std::find(options_.stages.begin(), options_.stages.end(), name) == options_.stages.end()) {
      continue;
    }
    if (!train_stage(i)) return {};
    // Every language stage leaves a whole model; the last one's stays.
    if (recipe_.stages[i].kind == Stage::Kind::kLanguage) {
      write_hf_folder(model_, recipe_, path(recipe_.name));
      outcome.model = path(recipe_.name);
    }
  }
  outcome.finished = true;
  return outcome;
}

}  // namespace

TrainOutcome train_vlm(const Recipe& recipe, const TrainOptions& options) {
  return Trainer(recipe, options).run();
}

}  // namespace firstlight::train
