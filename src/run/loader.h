#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "firstlight/data/source.h"
#include "firstlight/model/classifier.h"
#include "firstlight/run/store.h"
#include "firstlight/task/task.h"

namespace firstlight::run_detail {

/// A sample on its way to the model. Where `record.ok` is false, `prepared` is empty.
struct LoadedSample {
  SampleRecord record;
  PreparedSample prepared;
};

/// The view of a sample that is the task's view number `place`, or nullptr.
const View* find_view(const Sample& sample, const ViewSettings& settings, std::size_t place);

/// Decodes a sample and prepares its views; never throws: every failure is in the record.
LoadedSample load_sample(const SampleSource& source, const Task& task, std::uint64_t position);

/// Threads that run load_sample ahead of the consumer, at most `window` samples from where it
/// stands. Only the consumer's thread calls next().
class Loader {
 public:
  Loader(const SampleSource& source, const Task& task, std::uint64_t first, int threads,
         std::size_t window);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next `count` samples in order (fewer at the end of the source); waits for them.
  std::vector<LoadedSample> next(std::size_t count);

 private:
  void work();

  const SampleSource& source_;
  const Task& task_;
  const std::uint64_t end_;
  const std::size_t window_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable ready_;
  std::uint64_t claimed_;   // next position that a thread takes
  std::uint64_t consumed_;  // next position that the consumer gets
  bool stopping_ = false;
  std::map<std::uint64_t, LoadedSample> loaded_;
  std::vector<std::thread> threads_;
};

}  // namespace firstlight::run_detail
