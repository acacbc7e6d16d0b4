#include "firstlight/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace firstlight {
namespace {

/// One job at a time, cut into chunks that threads take in turn.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    start_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(std::size_t n, std::size_t chunk,
           const std::function<void(std::size_t, std::size_t)>& body) {
    {
      const std::lock_guard lock(mutex_);
      body_ = &body;
      n_ = n;
      chunk_ = chunk;
      next_.store(0);
      active_ = workers_.size();
      error_ = nullptr;
      ++generation_;
    }
    start_.notify_all();
    take_chunks();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return active_ == 0; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void take_chunks() {
    while (true) {
      const std::size_t begin = next_.fetch_add(chunk_);
      if (begin >= n_) return;
      try {
        (*body_)(begin, std::min(n_, begin + chunk_));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_.store(n_);
      }
    }
  }

  void work() {
    std::size_t seen = 0;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
      }
      take_chunks();
      const std::lock_guard lock(mutex_);
      if (--active_ == 0) done_.notify_one();
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(std::size_t, std::size_t)>* body_ = nullptr;
  std::size_t n_ = 0;
  std::size_t chunk_ = 1;
  std::atomic<std::size_t> next_{0};
  std::size_t active_ = 0;
  std::size_t generation_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
};

int hardware_threads() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::mutex pool_mutex;
int threads_wanted = hardware_threads();
std::unique_ptr<Pool> pool;
thread_local bool inside = false;

}  // namespace

void set_num_threads(int n) {
  const std::lock_guard lock(pool_mutex);
  threads_wanted = std::max(1, n);
  pool.reset();
}

int num_threads() { return threads_wanted; }

void parallel_for(std::size_t n, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body) {
  if (n == 0) return;
  grain = std::max<std::size_t>(1, grain);
  const auto threads = static_cast<std::size_t>(threads_wanted);
  if (threads == 1 || n <= grain || inside || !pool_mutex.try_lock()) {
    body(0, n);
    return;
  }
  const std::lock_guard lock(pool_mutex, std::adopt_lock);
  if (!pool) pool = std::make_unique<Pool>(threads_wanted);
  // Four chunks a thread even out unequal progress without much hand-over.
  const std::size_t wanted = (n + threads * 4 - 1) / (threads * 4);
  const std::size_t chunk = (wanted + grain - 1) / grain * grain;
  inside = true;
  try {
    pool->run(n, chunk, [&](std::size_t begin, std::size_t end) {
      const bool was_inside = inside;
      inside = true;
      try {
        body(begin, end);
      } catch (...) {
        inside = was_inside;
        throw;
      }
      inside = was_inside;
    });
  } catch (...) {
    inside = false;
    throw;
  }
  inside = false;
}

}  // namespace firstlight
