#include "firstlight/train/batch.h"

#include <algorithm>

#include "firstlight/base/error.h"

namespace firstlight::train {
namespace {

torch::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kLong);
}

/// Position of an item drawn with these weights.
template <typename Weight, typename Items>
std::size_t weighted(const Items& items, Weight weight, Random& random) {
  double total = 0;
  for (const auto& item : items) total += weight(item);
  double left = random.uniform(0, total);
  std::size_t index = 0;
  for (const auto& item : items) {
    left -= weight(item);
    if (left < 0) return index;
    ++index;
  }
  return index - 1;
}

}  // namespace

std::string no_fields(const std::string& field) {
  throw Error::usage("training", "a prompt asks for the field '" + field + "'",
                     "train on prompts without fields");
}

void BatchBuilder::tokens(const std::vector<std::int32_t>& ids, std::int64_t position) {
  for (const std::int32_t id : ids) rows_.push_back({id, position++});
}

void BatchBuilder::image(std::size_t image, std::int64_t position) {
  for (std::int64_t i = 0; i < image_tokens_; ++i) {
    image_rows_.push_back(static_cast<std::int64_t>(rows_.size()));
    image_index_.push_back(static_cast<std::int64_t>(image) * image_tokens_ + i);
    rows_.push_back({0, position++});
  }
}

void BatchBuilder::answer(const PromptEncoder::Answer& ids, std::int64_t position,
                          std::int64_t before) {
  // Each row predicts the next token; the last token is predicted, not read.
  for (std::size_t i = 0; i < ids.size(); ++i) {
    wanted_.push_back(i == 0 ? before : last_row());
    targets_.push_back(ids[i]);
    answer_of_.push_back(batch_.answers);
    if (i + 1 < ids.size()) rows_.push_back({ids[i], position++});
  }
  ++batch_.answers;
}

void BatchBuilder::pad(std::int64_t rows) { rows_.resize(static_cast<std::size_t>(rows), Row{}); }

std::size_t BatchBuilder::add_image(std::pair<const ImagePool*, std::size_t> image) {
  batch_.images.push_back(image);
  return batch_.images.size() - 1;
}

void BatchBuilder::add_text_first(
    const PromptEncoder::Prompt& prompt,
    const std::vector<std::pair<const ImagePool*, std::size_t>>& images,
    const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  group.prefix = static_cast<std::int64_t>(prompt.before.size());
  group.branches = static_cast<std::int64_t>(images.size());
  const auto after = static_cast<std::int64_t>(prompt.after.size());
  for (const auto& ids : answers) {
    group.length =
        std::max(group.length, image_tokens_ + after + static_cast<std::int64_t>(ids.size()) - 1);
  }
  tokens(prompt.before, 0);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    image(add_image(images[i]), group.prefix);
    tokens(prompt.after, group.prefix + image_tokens_);
    answer(answers[i], group.prefix + image_tokens_ + after, last_row());
    pad(end);
  }
  batch_.text.groups.push_back(group);
}

void BatchBuilder::add_image_first(std::pair<const ImagePool*, std::size_t> picture,
                                   const std::vector<PromptEncoder::Prompt>& prompts,
                                   const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  const auto before = static_cast<std::int64_t>(prompts.front().before.size());
  group.prefix = before + image_tokens_;
  group.branches = static_cast<std::int64_t>(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    group.length = std::max(
        group.length, static_cast<std::int64_t>(prompts[i].after.size() + answers[i].size()) - 1);
  }
  tokens(prompts.front().before, 0);
  image(add_image(picture), before);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    tokens(prompts[i].after, group.prefix);
    answer(answers[i], group.prefix + static_cast<std::int64_t>(prompts[i].after.size()),
           last_row());
    pad(end);
  }
  batch_.text.groups.push_back(group);
}

void BatchBuilder::add_scored(std::pair<const ImagePool*, std::size_t> picture,
                              const PromptEncoder::Prompt& prompt,
                              const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  const auto before = static_cast<std::int64_t>(prompt.before.size());
  group.prefix = before + image_tokens_ + static_cast<std::int64_t>(prompt.after.size());
  group.branches = static_cast<std::int64_t>(answers.size());
  for (const auto& ids : answers) {
    group.length = std::max(group.length, static_cast<std::int64_t>(ids.size()) - 1);
  }
  tokens(prompt.before, 0);
  image(add_image(picture), before);
  tokens(prompt.after, before + image_tokens_);
  const std::int64_t last = last_row();
  for (const auto& ids : answers) {
    const std::int64_t end = last_row() + 1 + group.length;
    answer(ids, group.prefix, last);
    pad(end);
  }
  batch_.text.groups.push_back(group);
}

LanguageBatch BatchBuilder::finish() {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> positions;
  for (const Row& row : rows_) {
    ids.push_back(row.token);
    positions.push_back(row.position);
  }
  batch_.text.token_ids = to_tensor(ids);
  batch_.text.positions = to_tensor(positions);
  batch_.text.image_rows = to_tensor(image_rows_);
  batch_.text.image_index = to_tensor(image_index_);
  batch_.wanted = to_tensor(wanted_);
  batch_.targets = to_tensor(targets_);
  batch_.answer = to_tensor(answer_of_);
  return std::move(batch_);
}

BatchSource::BatchSource(const Recipe& recipe, const std::vector<ImagePool>& pools,
                         const Wordings& wordings, const PromptEncoder& encoder)
    : recipe_(recipe), pools_(pools), wordings_(wordings), encoder_(encoder) {
  for (const TaskSpec& spec : recipe.tasks) {
    tasks_.push_back(load_task(spec.task));
    if (tasks_.back().size() != spec.concepts.size()) {
      throw Error::usage(recipe.folder, "the task '" + spec.task + "' has " +
                                            std::to_string(tasks_.back().size()) +
                                            " classes, but the recipe names another number");
    }
  }
}

const ImagePool* BatchSource::stream(const Stage& stage, const std::string& domain,
                                     Random& random) const {
  const std::size_t index = weighted(
      pools_,
      [&](const ImagePool& pool) {
        const auto share = stage.streams.find(pool.spec().name);
        const bool fits = domain.empty() || pool.spec().domain == domain;
        return share == stage.streams.end() || !fits ? 0.0 : share->second;
      },
      random);
  return &pools_[index];
}

BatchSource::Picture BatchSource::image(const Stage& stage, Random& random) const {
  const ImagePool* pool = stream(stage, "", random);
  // Concepts first, so that common classes do not crowd out rare ones.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const Question& asked = question(pool->spec().domain, random);
    const auto& showing = pool->showing(asked.concepts[random.below(asked.concepts.size())]);
    if (!showing.empty()) return {pool, showing[random.below(showing.size())]};
  }
  return {pool, random.below(pool->size())};
}

const Question& BatchSource::question(const std::string& domain, Random& random) const {
  const std::size_t index = weighted(
      wordings_.questions, [&](const Question& q) { return q.domain == domain ? q.weight : 0.0; },
      random);
  return wordings_.questions[index];
}

void BatchSource::text_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const std::string domain = stream(stage, "", random)->spec().domain;
  const DrawnTask drawn = draw_task(wordings_, question(domain, random), false, random);
  const auto prompt = encoder_.encode(render_prompt(drawn.task, {}, no_fields));
  const auto texts = render_answers(drawn.task, {});
  std::vector<Picture> images;
  std::vector<PromptEncoder::Answer> answers;
  for (int attempt = 0;
       attempt < 50 * stage.branches && static_cast<int>(images.size()) < stage.branches;
       ++attempt) {
    const ImagePool* pool = stream(stage, domain, random);
    const auto& showing = pool->showing(drawn.concepts[random.below(drawn.concepts.size())]);
    if (showing.empty()) continue;
    const std::size_t index = showing[random.below(showing.size())];
    const int answer = pool->answer(index, drawn.concepts);
    if (answer < 0) continue;
    images.emplace_back(pool, index);
    answers.push_back(encoder_.encode_answer(texts[static_cast<std::size_t>(answer)]));
  }
  if (!images.empty()) builder.add_text_first(prompt, images, answers);
}

Task BatchSource::reword(std::size_t which, Random& random) const {
  Task task = tasks_[which];
  const auto classes = draw_classes(wordings_, recipe_.tasks[which].concepts, random);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    task.classes[i].name = classes[i].name;
    task.classes[i].description = classes[i].description;
  }
  return task;
}

bool BatchSource::own_prompt(const Picture& picture, Random& random, PromptEncoder::Prompt* prompt,
                             PromptEncoder::Answer* answer) const {
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (recipe_.tasks[i].domain == picture.first->spec().domain) fitting.push_back(i);
  }
  if (fitting.empty()) return false;
  const std::size_t which = fitting[random.below(fitting.size())];
  const int index = picture.first->answer(picture.second, recipe_.tasks[which].concepts);
  if (index < 0) return false;
  PromptVariant variant;
  variant.descriptions = random.chance(0.95);
  if (can_reorder(tasks_[which]) && random.chance(0.6)) {
    variant.order.resize(tasks_[which].size());
    for (std::size_t i = 0; i < variant.order.size(); ++i)
      variant.order[i].value = static_cast<int>(i);
    random.shuffle(variant.order);
  }
  Task reworded;
  const bool own_words = !variant.descriptions || random.chance(0.65);
  if (!own_words) reworded = reword(which, random);
  const Task& task = own_words ? tasks_[which] : reworded;
  *prompt = encoder_.encode(render_prompt(task, variant, no_fields));
  *answer = encoder_.encode_answer(render_answers(task, variant)[static_cast<std::size_t>(index)]);
  return true;
}

bool BatchSource::drawn_prompt(const Picture& picture, Random& random,
                               PromptEncoder::Prompt* prompt, PromptEncoder::Answer* answer) const {
  const Question& asked = question(picture.first->spec().domain, random);
  if (picture.first->answer(picture.second, asked.concepts) < 0) return false;
  const DrawnTask drawn = draw_task(wordings_, asked, true, random);
  const int index = picture.first->answer(picture.second, drawn.concepts);
  if (index < 0) return false;
  *prompt = encoder_.encode(render_prompt(drawn.task, {}, no_fields));
  *answer = encoder_.encode_answer(render_answers(drawn.task, {})[static_cast<std::size_t>(index)]);
  return true;
}

void BatchSource::image_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const Picture picture = image(stage, random);
  std::vector<PromptEncoder::Prompt> prompts;
  std::vector<PromptEncoder::Answer> answers;
  // The tasks' own prompts are twice as long as drawn ones: kept apart, little is padded.
  const bool own = random.chance(stage.task_share);
  const int branches = own ? std::max(1, stage.image_branches / 2) : stage.image_branches;
  for (int attempt = 0; attempt < 20 * branches && static_cast<int>(prompts.size()) < branches;
       ++attempt) {
    PromptEncoder::Prompt prompt;
    PromptEncoder::Answer answer;
    const bool drawn = own ? own_prompt(picture, random, &prompt, &answer)
                           : drawn_prompt(picture, random, &prompt, &answer);
    // Branches share what stands before the image; a prompt with a system message stands alone.
    if (!drawn || (!prompts.empty() && prompt.before != prompts.front().before)) continue;
    prompts.push_back(std::move(prompt));
    answers.push_back(std::move(answer));
  }
  if (!prompts.empty()) builder.add_image_first(picture, prompts, answers);
}

LanguageBatch BatchSource::language(const Stage& stage, Random& random) const {
  BatchBuilder builder(recipe_.shape.vision.patches());
  for (int i = 0; i < stage.text_first_groups; ++i) text_first(stage, builder, random);
  for (int i = 0; i < stage.image_first_groups; ++i) image_first(stage, builder, random);
  return builder.finish();
}

}  // namespace firstlight::train
