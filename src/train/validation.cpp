#include "validation.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"

namespace firstlight::train {

using torch::Tensor;

Tensor picture_pixels(const Recipe& recipe, const std::vector<Picture>& images, Random* random) {
  const auto side = recipe.shape.vision.image_size;
  std::vector<std::size_t> first(1, 0);
  for (const auto& [pool, index] : images) first.push_back(first.back() + pool->pictures(index));
  Tensor out = torch::empty({static_cast<std::int64_t>(first.back()), 3, side, side});
  const std::uint64_t seed = random != nullptr ? (*random)() : 0;
  const auto numbers = static_cast<std::size_t>(3 * side * side);
  float* data = out.data_ptr<float>();
  parallel_for(images.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto& [pool, index] = images[i];
      const Augmentation settings{static_cast<int>(side), recipe.image_mean, recipe.image_std,
                                  pool->spec().upright};
      float* target = data + first[i] * numbers;
      Random own(seed, i);
      if (pool->has_maps()) {
        const MapChanges changes = random != nullptr ? pool->spec().changes : MapChanges{};
        for (const nn::ChargeMap& map : changed(pool->maps(index), changes, 1, own)) {
          draw_map(map, pool->inverted(), settings, target);
          target += numbers;
        }
      } else if (random != nullptr) {
        augment(pool->pixels(index), pool->side(), settings, own, target);
      } else {
        prepare(pool->pixels(index), pool->side(), settings, target);
      }
    }
  });
  return out;
}

Tensor projected_patches(const aten::Llava& model, const Tensor& pixel_values) {
  const auto& v = model.shape().vision;
  const Tensor features = model.vision(pixel_values, false);
  return model.project(features.narrow(1, 1, v.patches()).reshape({-1, v.hidden_size}), false);
}

Validation::Validation(const Recipe& recipe, const Wordings& wordings, const PromptEncoder& encoder,
                       const std::vector<Task>& tasks)
    : recipe_(recipe), wordings_(wordings), encoder_(encoder), tasks_(tasks) {}

ValidationCount Validation::vision(const aten::Llava& model, const VisionHeads& heads,
                                   const ImagePool& pool) const {
  const auto question =
      std::find_if(wordings_.questions.begin(), wordings_.questions.end(),
                   [&](const Question& q) { return q.domain == pool.spec().domain; });
  ValidationCount total;
  if (question == wordings_.questions.end()) return total;
  for (std::size_t first = 0; first < pool.size(); first += 128) {
    std::vector<Picture> images;
    for (std::size_t i = first; i < std::min(first + 128, pool.size()); ++i)
      images.emplace_back(&pool, i);
    const auto [asked, right] = heads.count_right(
        model.vision(picture_pixels(recipe_, images, nullptr), false), images, *question);
    total.asked += asked;
    total.right += right;
  }
  return total;
}

ValidationCount Validation::language(const aten::Llava& model, const ImagePool& pool) const {
  const auto spec = std::find_if(recipe_.tasks.begin(), recipe_.tasks.end(),
                                 [&](const TaskSpec& t) { return t.domain == pool.spec().domain; });
  ValidationCount total;
  if (spec == recipe_.tasks.end()) return total;
  const Task& task = tasks_[static_cast<std::size_t>(spec - recipe_.tasks.begin())];
  const auto classes = static_cast<std::int64_t>(task.size());
  std::vector<PromptEncoder::Answer> answers;
  for (const std::string& answer : render_answers(task, {})) {
    answers.push_back(encoder_.encode_answer(answer));
  }
  for (std::size_t first = 0; first < pool.size(); first += 16) {
    BatchBuilder builder(recipe_.shape.vision.patches());
    std::vector<int> truth;
    for (std::size_t i = first; i < std::min(first + 16, pool.size()); ++i) {
      const int answer = pool.answer(i, spec->concepts);
      if (answer < 0) continue;
      truth.push_back(answer);
      const Picture sample{&pool, i};
      builder.add_scored(sample, encoder_.encode(render_for(task, {}, sample)), answers);
    }
    if (truth.empty()) continue;
    const LanguageBatch batch = builder.finish();
    const Tensor projected =
        projected_patches(model, picture_pixels(recipe_, batch.images, nullptr));
    const Tensor logits = model.text(batch.text, projected, batch.wanted, false);
    const Tensor chosen =
        at::log_softmax(logits, 1).gather(1, batch.targets.unsqueeze(1)).squeeze(1);
    const Tensor sums = torch::zeros({batch.answers}).index_add(0, batch.answer, chosen);
    const Tensor best = sums.view({-1, classes}).argmax(1);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      ++total.asked;
      if (best[static_cast<std::int64_t>(i)].item<std::int64_t>() == truth[i]) ++total.right;
    }
  }
  return total;
}

}  // namespace firstlight::train
