#include "loader.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "firstlight/base/hash.h"
#include "firstlight/image/layout.h"
#include "firstlight/image/prepare.h"
#include "firstlight/run/runner.h"

namespace firstlight::run_detail {
namespace {

/// The cause of the failure, empty where there is none.
std::string prepare(Sample sample, const Task& task, LoadedSample& out) {
  std::string bytes;
  bool inverted = true;
  for (std::size_t v = 0; v < task.views.size(); ++v) {
    const ViewSettings& settings = task.views[v];
    const View* view = find_view(sample, settings, v);
    if (view == nullptr) {
      if (settings.optional) continue;
      return sample.origin + ": has no view '" + settings.name + "'";
    }
    auto prepared = prepare_view(view->pixels, settings);
    if (!prepared) return sample.origin + ": " + prepared.error().what();
    Image& image = prepared.value().image;
    bytes.append(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
    out.record.prepared[settings.name] = std::move(prepared.value().record);
    out.prepared.views.push_back({settings.name, std::move(image)});
    inverted = inverted && settings.stretch.invert;
  }
  if (out.prepared.views.empty()) return sample.origin + ": has none of the task's views";
  if (task.layout != ViewLayout::kSeparate) {
    std::vector<const Image*> views;
    for (const PreparedSample::View& view : out.prepared.views) views.push_back(&view.image);
    auto joined = join_views(views, task.layout, inverted ? 255 : 0);
    if (!joined) return sample.origin + ": " + joined.error().what();
    out.prepared.views.clear();
    out.prepared.views.push_back({task.pictures().front(), std::move(joined).value()});
  }
  out.record.pixels_hash = stable_hash64(bytes);
  out.prepared.id = out.record.id;
  out.prepared.metadata = out.record.metadata;
  return {};
}

}  // namespace

const View* find_view(const Sample& sample, const ViewSettings& settings, std::size_t place) {
  for (const View& view : sample.views) {
    if (view.name == settings.name) return &view;
  }
  // A task and a source with one view each mean the same one, whatever they call it.
  if (place == 0 && sample.views.size() == 1 && !settings.optional) return &sample.views.front();
  return nullptr;
}

LoadedSample load_sample(const SampleSource& source, const Task& task, std::uint64_t position) {
  const auto start = std::chrono::steady_clock::now();
  LoadedSample out;
  out.record.position = position;
  out.record.id = source.id(position);
  out.record.truth = source.truth(position);
  std::string error;
  bool loaded = false;
  try {
    Result<Sample> sample = source.load(position);
    if (sample) {
      loaded = true;
      out.record.origin = sample.value().origin;
      out.record.metadata = sample.value().metadata;
      error = prepare(std::move(sample).value(), task, out);
    } else {
      error = sample.error().what();
    }
  } catch (const std::exception& e) {
    // Out of memory for one huge picture must not end a run of a million.
    error = out.record.id + ": " + e.what();
  }
  if (!error.empty()) {
    out.record.ok = false;
    out.record.error = error;
    out.record.prepared.clear();
    if (!loaded) {
      Sample known = source.describe(position);
      out.record.origin = std::move(known.origin);
      out.record.metadata = std::move(known.metadata);
    }
    out.prepared = {};
  }
  out.record.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

Loader::Loader(const SampleSource& source, const Task& task, std::uint64_t first, int threads,
               std::size_t window)
    : source_(source),
      task_(task),
      end_(source.size()),
      window_(std::max<std::size_t>(window, 1)),
      claimed_(first),
      consumed_(first) {
  for (int t = 0; t < threads; ++t) threads_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Loader::work() {
  for (;;) {
    std::uint64_t position = 0;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock,
                 [&] { return stopping_ || claimed_ >= end_ || claimed_ < consumed_ + window_; });
      if (stopping_ || claimed_ >= end_) return;
      position = claimed_++;
    }
    LoadedSample sample = load_sample(source_, task_, position);
    {
      const std::lock_guard lock(mutex_);
      loaded_.emplace(position, std::move(sample));
    }
    ready_.notify_one();
  }
}

std::vector<LoadedSample> Loader::next(std::size_t count) {
  std::vector<LoadedSample> samples;
  {
    std::unique_lock lock(mutex_);
    while (samples.size() < count && consumed_ < end_) {
      ready_.wait(lock, [&] { return loaded_.count(consumed_) > 0; });
      auto node = loaded_.extract(consumed_++);
      samples.push_back(std::move(node.mapped()));
      room_.notify_one();
    }
  }
  return samples;
}

}  // namespace firstlight::run_detail

namespace firstlight {

Result<PreparedSample> prepare_sample(const SampleSource& source, const Task& task,
                                      std::size_t position) {
  run_detail::LoadedSample loaded = run_detail::load_sample(source, task, position);
  if (!loaded.record.ok) return Error(ErrorKind::kInput, loaded.record.error);
  return std::move(loaded.prepared);
}

}  // namespace firstlight
