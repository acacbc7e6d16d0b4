#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "firstlight/check/trials.h"
#include "firstlight/data/source.h"
#include "firstlight/model/classifier.h"
#include "firstlight/task/task.h"

namespace firstlight {

inline Task shapes_task() {
  return parse_task(
      "name: shapes\nprompt: '{image} {classes}'\nclasses:\n  - {key: dark}\n  - {key: bright}\n",
      "shapes.yaml");
}

/// Uniform pictures, dark or bright in turn by 20 levels around grey; the fifth cannot be read, the
/// sixth has no truth.
class GreySource : public SampleSource {
 public:
  explicit GreySource(std::size_t size) : size_(size) {}
  std::size_t size() const override { return size_; }
  std::string id(std::size_t index) const override { return "grey-" + std::to_string(index); }
  Result<Sample> load(std::size_t index) const override {
    if (index == 4) return Error::input(id(index), "truncated");
    Image image{16, 16, 3, {}};
    image.pixels.assign(16 * 16 * 3, index % 2 == 0 ? 118 : 138);
    Sample sample;
    sample.id = id(index);
    sample.views.push_back({"image", image});
    return sample;
  }
  std::optional<std::string> truth(std::size_t index) const override {
    if (index == 5) return std::nullopt;
    return index % 2 == 0 ? "dark" : "bright";
  }
  std::vector<ColumnInfo> columns() const override { return {}; }

 private:
  std::size_t size_;
};

/// Tells bright from dark by the level of one pixel, with a liking for what stands first in the
/// prompt. A stand-in with a known answer; tests/cli runs real models.
class LevelClassifier : public Classifier {
 public:
  explicit LevelClassifier(double liking) : liking_(liking) {}
  Capabilities capabilities() const override { return {}; }
  std::string content_hash() const override { return "level"; }
  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    std::vector<Result<LabelScores>> results;
    for (const PreparedSample& sample : samples) {
      const double level = (sample.views.front().image.at(0, 0)[0] - 128.0) / 10;
      // Class 0 is dark and stands first in the main order, second in the other one.
      const double first = pass.kind == Pass::Kind::kOrder ? -liking_ : liking_;
      const double odds = -level + first;
      LabelScores scores;
      scores.answers = {{{1}, {-std::log1p(std::exp(-odds))}},
                        {{2}, {-std::log1p(std::exp(odds))}}};
      results.emplace_back(std::move(scores));
    }
    return results;
  }
  Result<PromptDescription> describe(const PreparedSample&, const Pass&) const override {
    return Error::usage("level", "has no prompt");
  }

 private:
  double liking_;
};

inline CheckOptions quick_options() {
  CheckOptions options;
  options.evaluation.resamples = 50;
  options.batch = 3;
  return options;
}

}  // namespace firstlight
