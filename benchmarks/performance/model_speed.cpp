// Times of one model for benchmarks/performance/measure.py, which asks by lines of standard input
// and measures a rival between two questions. Each line is answered by one of numbers:
//
// - `labels TASK DATA POSITION PASSES`: seconds of a sample's whole classification, passes with
//   commas
// - `prefill TOKENS SEED`: seconds of a text prompt up to its first token, and its tokens
// - `peak`: GFLOP/s of a bf16 product of 2,048 rows with 4,096 x 4,096
// - `row`: microseconds of one row with 14,336 x 4,096: bf16, then 4 bits
//
// Usage: model_speed MODEL THREADS
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/random.h"
#include "firstlight/kernels/kernels.h"
#include "firstlight/model/classifier.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/passes.h"
#include "firstlight/run/runner.h"
#include "firstlight/task/task.h"

namespace {

using namespace firstlight;

template <typename F>
double seconds_of(const F& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <typename T>
T good(Result<T> result) {
  if (!result) throw result.error();
  return std::move(result).value();
}

class Bench {
 public:
  explicit Bench(const std::string& spec) : model_(open_vlm(spec)) {}

  double labels(const std::string& task_file, const std::string& data, std::size_t position,
                const std::string& pass_list) {
    auto& classifier = classifiers_[task_file];
    if (classifier == nullptr) classifier = make_vlm_classifier(model_, load_task(task_file));
    const Task task = load_task(task_file);
    const std::array<PreparedSample, 1> sample = {
        good(prepare_sample(*open_source(data), task, position))};
    const std::vector<Pass> passes = parse_passes(pass_list, task);
    return seconds_of([&] {
      for (const Pass& pass : passes) good(std::move(classifier->classify(sample, pass).front()));
    });
  }

  std::pair<double, std::size_t> prefill(std::size_t tokens, std::uint64_t seed) {
    Random random(seed);
    GenerateRequest request;
    request.max_tokens = 1;
    std::string text;
    const auto prompt_of = [&] {
      RenderedPrompt prompt;
      prompt.user.push_back({PromptPart::Kind::kText, text});
      return prompt;
    };
    std::size_t length = 0;
    while ((length = model_->describe({prompt_of(), {}, {}}).token_ids.size()) < tokens) {
      // The vocabulary of these checkpoints is bytes: no more letters than tokens are missing.
      for (std::size_t i = length; i < tokens; ++i) {
        text += static_cast<char>('a' + static_cast<int>(26.0 * random.uniform()));
      }
    }
    request.prompt = prompt_of();
    return {seconds_of([&] { good(model_->generate(request)); }), length};
  }

 private:
  std::shared_ptr<const VisionLanguageModel> model_;
  std::map<std::string, std::unique_ptr<Classifier>> classifiers_;
};

std::vector<float> numbers(std::size_t n) {
  Random random(1);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(random.uniform() - 0.5);
  return x;
}

/// Seconds of a product, the best of `times` after one that is not counted.
double best_product(const kernels::PackedMatrix& w, std::size_t rows, int times) {
  const kernels::Kernels& kernels = kernels::Kernels::active();
  const std::vector<float> x = numbers(rows * w.columns());
  std::vector<float> y(rows * w.rows());
  double best = 1e30;
  for (int i = 0; i <= times; ++i) {
    const double time = seconds_of(
        [&] { kernels.linear(w, nullptr, x.data(), rows, w.columns(), y.data(), w.rows()); });
    if (i > 0) best = std::min(best, time);
  }
  return best;
}

kernels::PackedMatrix bf16_matrix(std::size_t rows, std::size_t columns) {
  kernels::PackedMatrix w(kernels::Kernels::active(), kernels::Precision::kBf16, rows, columns);
  w.set_rows(0, rows, kernels::Source::kF32, numbers(rows * columns).data());
  return w;
}

double peak_gflops() {
  constexpr std::size_t kRows = 2048, kSide = 4096;
  return 2e-9 * kRows * kSide * kSide / best_product(bf16_matrix(kSide, kSide), kRows, 5);
}

void answer(Bench& bench, const std::string& line) {
  std::istringstream in(line);
  std::string what;
  in >> what;
  if (what == "labels") {
    std::string task, data, passes;
    std::size_t position = 0;
    in >> task >> data >> position >> passes;
    std::printf("%.6f\n", bench.labels(task, data, position, passes));
  } else if (what == "prefill") {
    std::size_t tokens = 0;
    std::uint64_t seed = 0;
    in >> tokens >> seed;
    const auto [time, length] = bench.prefill(tokens, seed);
    std::printf("%.6f %zu\n", time, length);
  } else if (what == "peak") {
    std::printf("%.3f\n", peak_gflops());
  } else if (what == "row") {
    constexpr std::size_t kRows = 14336, kColumns = 4096;
    const kernels::PackedMatrix codes(kernels::Kernels::active(), std::array<float, 16>{}, kRows,
                                      kColumns);
    const double numbers_time = best_product(bf16_matrix(kRows, kColumns), 1, 20);
    std::printf("%.3f %.3f\n", 1e6 * numbers_time, 1e6 * best_product(codes, 1, 20));
  } else {
    throw Error::usage("model_speed", "does not know '" + what + "'");
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw Error::usage("model_speed", "takes MODEL and THREADS");
    set_num_threads(std::atoi(argv[2]));
    Bench bench(argv[1]);
    std::printf("ready %s\n", to_string(kernels::Kernels::active().isa()).c_str());
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) answer(bench, line);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "model_speed: %s\n", e.what());
    return 1;
  }
}
