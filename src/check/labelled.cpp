#include "labelled.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/run/runner.h"

namespace firstlight::check_detail {
namespace {

bool ignored(const std::string& truth, const CheckOptions& options) {
  return std::find(options.ignore_truth.begin(), options.ignore_truth.end(), truth) !=
         options.ignore_truth.end();
}

}  // namespace

std::vector<Labelled> labelled_samples(const SampleSource& source, const Task& task,
                                       const CheckOptions& options) {
  survey(source, task, options.ignore_truth);
  std::vector<Labelled> samples;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto truth = source.truth(i);
    const auto id = truth && !ignored(*truth, options) ? task.match(*truth) : std::nullopt;
    if (id) samples.push_back({i, *id});
  }
  if (samples.empty()) {
    throw Error::input(task.name, "no sample has a truth to check the labels against",
                       "name the truth in DATA, for instance folder:DIR?truth=subfolder");
  }
  return samples;
}

PreparedBatch prepare_batch(std::size_t begin, std::size_t end, const Prepare& prepare) {
  std::vector<std::optional<PreparedSample>> loaded(end - begin);
  parallel_for(loaded.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      Result<PreparedSample> sample = prepare(begin + i);
      if (sample) loaded[i] = std::move(sample).value();
    }
  });
  PreparedBatch batch;
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    if (!loaded[i]) continue;
    batch.place.push_back(begin + i);
    batch.samples.push_back(std::move(*loaded[i]));
  }
  return batch;
}

void classify_each(std::size_t count, const Classifier& classifier, int batch,
                   const EachSample& each) {
  const auto size = static_cast<std::size_t>(std::max(batch, 1));
  for (std::size_t begin = 0; begin < count; begin += size) {
    const std::size_t end = std::min(count, begin + size);
    const PreparedBatch prepared = prepare_batch(begin, end, each.prepare);
    const auto scores = classifier.classify(prepared.samples, Pass{});
    for (std::size_t k = 0; k < scores.size(); ++k) {
      if (scores[k]) each.use(prepared.place[k], prepared.samples[k], scores[k].value());
    }
    each.done(end);
  }
}

}  // namespace firstlight::check_detail
