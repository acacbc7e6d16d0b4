#include "labelled.h"

#include <algorithm>

#include "firstlight/base/error.h"
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

}  // namespace firstlight::check_detail
