// Time of a network's logits, without decoding: `network_speed FOLDER TASK DATA [SAMPLES
// [THREADS]]` prints milliseconds a sample, with all threads on one sample after the other and with
// a sample a thread, and the logits of every sample, for network_speed.py.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/nn/network.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"

namespace {

using firstlight::nn::ChargeMap;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void measure(const std::string& folder, const std::string& task_name, const std::string& data,
             std::size_t limit) {
  const auto network = firstlight::nn::load_network(folder);
  const firstlight::Task task = firstlight::load_task(task_name);
  const auto source = firstlight::open_source(data);
  std::vector<std::vector<ChargeMap>> samples;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < std::min(limit, source->size()); ++i) {
    const auto sample = firstlight::prepare_sample(*source, task, i).value();
    ids.push_back(sample.id);
    samples.emplace_back();
    for (const auto& view : sample.views) {
      samples.back().push_back(firstlight::nn::charge_map(view.image, network->input()));
    }
  }
  std::vector<std::vector<float>> logits(samples.size());
  const auto one_by_one = [&] {
    for (std::size_t i = 0; i < samples.size(); ++i) logits[i] = network->logits(samples[i]);
  };
  one_by_one();
  auto start = Clock::now();
  one_by_one();
  const double single = milliseconds_since(start) / static_cast<double>(samples.size());
  start = Clock::now();
  firstlight::parallel_for(samples.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) logits[i] = network->logits(samples[i]);
  });
  const double parallel = milliseconds_since(start) / static_cast<double>(samples.size());
  std::printf("milliseconds %.3f %.3f threads %d\n", single, parallel, firstlight::num_threads());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::printf("%s", ids[i].c_str());
    for (const float value : logits[i]) std::printf(" %.7g", static_cast<double>(value));
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "network_speed FOLDER TASK DATA [SAMPLES [THREADS]]\n");
    return 2;
  }
  if (argc > 5) firstlight::set_num_threads(std::atoi(argv[5]));
  try {
    measure(argv[1], argv[2], argv[3], argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 100);
  } catch (const firstlight::Error& e) {
    std::fprintf(stderr, "network_speed: %s\n", e.what());
    return 1;
  }
  return 0;
}
