#include "flags.h"

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"

namespace firstlight::app {

std::pair<int, int> parse_part(const std::string& text, const std::string& flag) {
  const auto parts = text::split(text, '/');
  if (parts.size() == 2) {
    const auto i = text::parse_int(parts[0]);
    const auto k = text::parse_int(parts[1]);
    if (i && k && *i >= 0 && *i < *k && *k <= 1'000'000) {
      return {static_cast<int>(*i), static_cast<int>(*k)};
    }
  }
  throw Error::usage(flag, "'" + text + "' is not I/N with 0 <= I < N", "for instance 0/5");
}

std::size_t position_of(const SampleSource& source, const std::string& data,
                        const std::string& id) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source.id(i) == id) return i;
  }
  throw Error::usage("--id", "no sample of " + data + " has the id '" + id + "'");
}

CLI::Validator whole_number() {
  // The conversion to an unsigned number would take a minus sign.
  return {[](const std::string& text) {
            const bool digits = text.find_first_not_of("0123456789") == text.npos;
            return digits ? std::string() : "'" + text + "' is no whole number from 0 on";
          },
          ""};
}

void add_task_and_data(CLI::App& command, std::string& task, std::string& data,
                       const std::string& about_data) {
  command.add_option("TASK", task, "a built-in task or a task file")->required()->type_name("");
  command.add_option("DATA", data, about_data)->required()->type_name("");
}

void add_model_flag(CLI::App& command, std::string& model) {
  command
      .add_option(
          "--model", model,
          "embedded, hf:DIR[?dtype=f32|bf16&quant=nf4|fp4&tiles=N] for a Hugging Face folder "
          "of type llava, llava_next or mllama, cnn:DIR or vit:DIR for a network without a prompt, "
          "openai:NAME for OpenAI's server, or openai:URL#NAME for another one")
      ->type_name("MODEL")
      ->capture_default_str();
}

void add_batch_flag(CLI::App& command, int& batch) {
  command.add_option("--batch", batch, "samples that the model gets at once")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
}

void add_threads_flag(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "threads of the model; 0 takes every core")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

void use_threads(int threads) {
  if (threads > 0) set_num_threads(threads);
}

void SelectionFlags::add(CLI::App& command) {
  const std::string group = "Selection";
  command.add_option("--limit", limit_, "the first N samples after the other selections")
      ->type_name("N")
      ->check(whole_number())
      ->group(group);
  CLI::Option* sample = command
                            .add_option("--sample", sample_,
                                        "N samples drawn at random, the same for the same --seed")
                            ->type_name("N")
                            ->check(whole_number())
                            ->group(group);
  command.add_option("--seed", seed_, "seed of --sample (default 0)")
      ->type_name("S")
      ->check(whole_number())
      ->needs(sample)
      ->group(group);
  command.add_option("--fold", fold_, "only fold I of K (I from 0), by hash of the id")
      ->type_name("I/K")
      ->group(group);
  command.add_option("--not-fold", not_fold_, "all but fold I of K")
      ->type_name("I/K")
      ->group(group);
  command
      .add_option("--split", split_,
                  "only objects that the house rule gives to train, validation or test, by hash of "
                  "the id (docs/data-sources.md)")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option("--shard", shard_,
                  "part I of N (I from 0) of the selection, to share it among processes")
      ->type_name("I/N")
      ->group(group);
}

Selection SelectionFlags::selection() const {
  Selection selection;
  selection.limit = limit_;
  selection.sample = sample_;
  selection.seed = seed_.value_or(0);
  if (!fold_.empty()) selection.fold = parse_part(fold_, "--fold");
  if (!not_fold_.empty()) selection.not_fold = parse_part(not_fold_, "--not-fold");
  if (!split_.empty()) selection.split = parse_split(split_);
  if (!shard_.empty()) selection.shard = parse_part(shard_, "--shard");
  return selection;
}

std::vector<std::pair<std::string, std::string>> SelectionFlags::settings() const {
  std::vector<std::pair<std::string, std::string>> settings;
  if (limit_) settings.push_back({"data.limit", std::to_string(*limit_)});
  if (sample_) {
    settings.push_back({"data.sample", std::to_string(*sample_)});
    settings.push_back({"data.seed", std::to_string(seed_.value_or(0))});
  }
  if (!fold_.empty()) settings.push_back({"data.fold", fold_});
  if (!not_fold_.empty()) settings.push_back({"data.not_fold", not_fold_});
  if (!split_.empty()) settings.push_back({"data.split", split_});
  if (!shard_.empty()) settings.push_back({"data.shard", shard_});
  return settings;
}

void ServerFlags::add(CLI::App& command) {
  const std::string group = "Hosted models";
  command
      .add_option("--key-file", options_.key_file,
                  "file with the server's key, which only you may read; else OPENAI_API_KEY for "
                  "openai:NAME, FIRSTLIGHT_API_KEY for openai:URL#NAME")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--concurrency", options_.concurrency, "requests on their way at once")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(group);
  command.add_option("--attempts", options_.attempts, "tries of a request before it has failed")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(group);
  command.add_option("--timeout", options_.timeout_seconds, "seconds to wait for an answer")
      ->type_name("S")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--first-wait", options_.first_wait_seconds,
                  "seconds before the second try; they double from try to try")
      ->type_name("S")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--requests-per-minute", options_.requests_per_minute,
                  "limit for each server; 0 for what the server announces")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--tokens-per-minute", options_.tokens_per_minute,
                  "limit for each server; 0 for what the server announces")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e12))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--prices", options_.price_file, "table of prices in place of the built-in one")
      ->type_name("FILE")
      ->group(group);
}

void add_normalisation_flag(CLI::App& command, std::string& name) {
  CLI::Option* option =
      command
          .add_option(
              "--normalisation", name,
              "how token log-probabilities become one number a label: sum, mean, first_token, "
              "first_two_tokens (behind the phrase that all answers share, sharpened, as in "
              "arXiv:2509.08461) or pmi (needs the pass blank or no_descriptions)")
          ->type_name("NAME");
  if (!name.empty()) option->capture_default_str();
}

void add_pass_flag(CLI::App& command, std::string& pass) {
  command
      .add_option(
          "--pass", pass,
          "pass to read: main (averaged with the passes order_K and orientation_K where the "
          "run has them), no_descriptions, blank, order_K or orientation_K")
      ->type_name("PASS")
      ->capture_default_str();
}

void add_level_flags(CLI::App& command, EvaluationOptions& options) {
  command.add_option("--level", options.level, "coverage of every interval")
      ->type_name("P")
      ->check(CLI::Range(0.001, 0.999))
      ->capture_default_str();
  command.add_option("--resamples", options.resamples, "bootstrap resamples; 0 for none")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
}

void add_interval_flags(CLI::App& command, EvaluationOptions& options) {
  add_level_flags(command, options);
  command.add_option("--seed", options.seed, "seed of the bootstrap")
      ->type_name("S")
      ->capture_default_str();
}

Normalisation parse_normalisation(const std::string& name) {
  if (const auto found = normalisation(name)) return *found;
  throw Error::usage("--normalisation", "unknown normalisation '" + name + "'",
                     "known: sum, mean, first_token, first_two_tokens, pmi");
}

Interpretation interpretation_from(const RunStore& run, const std::string& name) {
  Interpretation interpretation = interpretation_of(run);
  if (!name.empty()) interpretation.normalisation = parse_normalisation(name);
  return interpretation;
}

}  // namespace firstlight::app
