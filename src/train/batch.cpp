#include "firstlight/train/batch.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/task/variants.h"

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

void BatchBuilder::tokens(const std::vector<std::int32_t>& ids, std::int64_t position) {
  for (const std::int32_t id : ids) rows_.push_back({id, position++});
}

std::int64_t BatchBuilder::pictures(std::size_t count, std::int64_t position) {
  for (std::int64_t i = 0; i < rows_of(count); ++i) {
    image_rows_.push_back(static_cast<std::int64_t>(rows_.size()));
    image_index_.push_back(next_picture_ * image_tokens_ + i);
    rows_.push_back({0, position++});
  }
  next_picture_ += static_cast<std::int64_t>(count);
  return rows_of(count);
}

void BatchBuilder::answer(const PromptEncoder::Answer& answer, std::int64_t position,
                          std::int64_t before) {
  const auto& ids = answer.ids;
  // Each row predicts the next token; the last token is predicted, not read.
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i >= answer.given) {
      wanted_.push_back(i == 0 ? before : last_row());
      targets_.push_back(ids[i]);
      answer_of_.push_back(batch_.answers);
      weights_.push_back(answer.given > 0 ? reason_weight_ : 1.0F);
    }
    if (i + 1 < ids.size()) rows_.push_back({ids[i], position++});
  }
  ++batch_.answers;
}

void BatchBuilder::pad(std::int64_t rows) { rows_.resize(static_cast<std::size_t>(rows), Row{}); }

void BatchBuilder::add_text_first(const std::vector<PromptEncoder::Prompt>& prompts,
                                  const std::vector<Picture>& samples,
                                  const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  group.prefix = static_cast<std::int64_t>(prompts.front().before.size());
  group.branches = static_cast<std::int64_t>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto texts = static_cast<std::int64_t>(prompts[i].after.size() + answers[i].size());
    group.length = std::max(group.length, rows_of(prompts[i].images) + texts - 1);
  }
  tokens(prompts.front().before, 0);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    batch_.images.push_back(samples[i]);
    std::int64_t position = group.prefix + pictures(prompts[i].images, group.prefix);
    tokens(prompts[i].after, position);
    position += static_cast<std::int64_t>(prompts[i].after.size());
    answer(answers[i], position, last_row());
    pad(end);
  }
  batch_.text.groups.push_back(group);
}

void BatchBuilder::add_image_first(const Picture& sample,
                                   const std::vector<PromptEncoder::Prompt>& prompts,
                                   const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  const auto before = static_cast<std::int64_t>(prompts.front().before.size());
  group.prefix = before + rows_of(prompts.front().images);
  group.branches = static_cast<std::int64_t>(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    group.length = std::max(
        group.length, static_cast<std::int64_t>(prompts[i].after.size() + answers[i].size()) - 1);
  }
  batch_.images.push_back(sample);
  tokens(prompts.front().before, 0);
  pictures(prompts.front().images, before);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    tokens(prompts[i].after, group.prefix);
    answer(answers[i], group.prefix + static_cast<std::int64_t>(prompts[i].after.size()),
           last_row());
    pad(end);
  }
  batch_.text.groups.push_back(group);
}

void BatchBuilder::add_scored(const Picture& sample, const PromptEncoder::Prompt& prompt,
                              const std::vector<PromptEncoder::Answer>& answers) {
  aten::PackedGroup group;
  const auto before = static_cast<std::int64_t>(prompt.before.size());
  group.prefix = before + rows_of(prompt.images) + static_cast<std::int64_t>(prompt.after.size());
  group.branches = static_cast<std::int64_t>(answers.size());
  for (const auto& ids : answers) {
    group.length = std::max(group.length, static_cast<std::int64_t>(ids.size()) - 1);
  }
  batch_.images.push_back(sample);
  tokens(prompt.before, 0);
  tokens(prompt.after, before + pictures(prompt.images, before));
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
  batch_.weight = torch::tensor(weights_);
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
    vocabularies_.push_back(Vocabulary::of_task(spec.task));
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

Picture BatchSource::image(const Stage& stage, Random& random) const {
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

std::vector<std::size_t> BatchSource::own_tasks(const std::string& domain, bool text_leads) const {
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto& system = tasks_[i].system;
    const bool leads = std::any_of(system.begin(), system.end(), [](const Segment& segment) {
      return segment.kind == Segment::Kind::kClasses;
    });
    if (recipe_.tasks[i].domain == domain && leads == text_leads) fitting.push_back(i);
  }
  return fitting;
}

void BatchSource::ask_fewer(OwnPrompt& own, Random& random) {
  std::vector<ClassId> kept;
  for (std::size_t i = 0; i < own.task.size(); ++i) {
    kept.push_back(ClassId{static_cast<std::int32_t>(i)});
  }
  random.shuffle(kept);
  kept.resize(2 + random.below(own.task.size() - 2));
  std::vector<std::string> concepts;
  for (const ClassId id : kept) concepts.push_back(own.concepts[id.index()]);
  own.task = with_classes(own.task, kept);
  own.concepts = std::move(concepts);
}

BatchSource::OwnPrompt BatchSource::draw_own(const std::vector<std::size_t>& fitting,
                                             const Stage& stage, Random& random) const {
  OwnPrompt own;
  own.which = fitting[random.below(fitting.size())];
  own.task = tasks_[own.which];
  own.concepts = recipe_.tasks[own.which].concepts;
  if (own.task.size() > 2 && random.chance(stage.fewer_classes)) ask_fewer(own, random);
  if (random.chance(stage.other_answers)) {
    own.task = with_answer(own.task, random.chance(0.5) ? "{name}" : "{key}");
  }
  own.variant.descriptions = random.chance(0.95);
  own.variant.reason = vocabularies_[own.which] && random.chance(stage.reason_share);
  auto& order = own.variant.order;
  if (can_reorder(own.task) && random.chance(0.6)) {
    order.resize(own.task.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i].value = static_cast<int>(i);
    random.shuffle(order);
  }
  if (!own.variant.descriptions || random.chance(0.65)) return own;
  const auto classes = draw_classes(wordings_, own.concepts, random);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    own.task.classes[i].name = classes[i].name;
    own.task.classes[i].description = classes[i].description;
  }
  return own;
}

std::optional<PromptEncoder::Answer> BatchSource::reason(const OwnPrompt& own,
                                                         const Picture& picture, std::size_t label,
                                                         Random& random) const {
  const Vocabulary& vocabulary = *vocabularies_[own.which];
  const auto& [pool, index] = picture;
  const std::string text =
      vocabulary.sentences(vocabulary.truth(pool->truth(index), pool->columns(index)), random);
  if (text.empty()) return std::nullopt;
  // The label is the model's own later and may be wrong, which must not change what is seen.
  if (random.chance(0.25)) label = random.below(own.task.size());
  const std::string given = answer_before_reason(render_answers(own.task, own.variant)[label]);
  return encoder_.encode_answer(given + text, given);
}

void BatchSource::text_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const ImagePool* first = stream(stage, "", random);
  const std::string domain = first->spec().domain;
  const auto fitting = own_tasks(domain, true);
  OwnPrompt own;
  std::vector<std::string> concepts;
  if (!fitting.empty() && random.chance(stage.task_share)) {
    own = draw_own(fitting, stage, random);
    concepts = own.concepts;
  } else {
    DrawnTask drawn = draw_task(wordings_, question(domain, random), false, random);
    own.task = std::move(drawn.task);
    concepts = std::move(drawn.concepts);
  }
  const auto texts = render_answers(own.task, own.variant);
  std::vector<Picture> images;
  std::vector<PromptEncoder::Prompt> prompts;
  std::vector<PromptEncoder::Answer> answers;
  for (int attempt = 0;
       attempt < 50 * stage.branches && static_cast<int>(images.size()) < stage.branches;
       ++attempt) {
    // Samples of one stream have as many maps each, so that little is padded.
    const ImagePool* pool = first->has_maps() ? first : stream(stage, domain, random);
    const auto& showing = pool->showing(concepts[random.below(concepts.size())]);
    if (showing.empty()) continue;
    const Picture picture{pool, showing[random.below(showing.size())]};
    const int answer = pool->answer(picture.second, concepts);
    if (answer < 0) continue;
    const auto label = static_cast<std::size_t>(answer);
    const auto encoded = own.variant.reason ? reason(own, picture, label, random)
                                            : encoder_.encode_answer(texts[label]);
    if (!encoded) continue;
    images.push_back(picture);
    prompts.push_back(encoder_.encode(render_for(own.task, own.variant, picture)));
    answers.push_back(*encoded);
  }
  if (!images.empty()) builder.add_text_first(prompts, images, answers);
}

bool BatchSource::own_prompt(const Picture& picture, const Stage& stage, Random& random,
                             PromptEncoder::Prompt* prompt, PromptEncoder::Answer* answer) const {
  const OwnPrompt own = draw_own(own_tasks(picture.first->spec().domain, false), stage, random);
  const int index = picture.first->answer(picture.second, own.concepts);
  if (index < 0) return false;
  const auto label = static_cast<std::size_t>(index);
  const auto encoded = own.variant.reason
                           ? reason(own, picture, label, random)
                           : encoder_.encode_answer(render_answers(own.task, own.variant)[label]);
  if (!encoded) return false;
  *prompt = encoder_.encode(render_for(own.task, own.variant, picture));
  *answer = *encoded;
  return true;
}

bool BatchSource::drawn_prompt(const Picture& picture, Random& random,
                               PromptEncoder::Prompt* prompt, PromptEncoder::Answer* answer) const {
  const Question& asked = question(picture.first->spec().domain, random);
  if (picture.first->answer(picture.second, asked.concepts) < 0) return false;
  const DrawnTask drawn = draw_task(wordings_, asked, true, random);
  const int index = picture.first->answer(picture.second, drawn.concepts);
  if (index < 0) return false;
  *prompt = encoder_.encode(render_for(drawn.task, {}, picture));
  *answer = encoder_.encode_answer(render_answers(drawn.task, {})[static_cast<std::size_t>(index)]);
  return true;
}

void BatchSource::image_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const Picture picture = image(stage, random);
  std::vector<PromptEncoder::Prompt> prompts;
  std::vector<PromptEncoder::Answer> answers;
  // The tasks' own prompts are twice as long as drawn ones: kept apart, little is padded.
  const bool own =
      random.chance(stage.task_share) && !own_tasks(picture.first->spec().domain, false).empty();
  const int branches = own ? std::max(1, stage.image_branches / 2) : stage.image_branches;
  for (int attempt = 0; attempt < 20 * branches && static_cast<int>(prompts.size()) < branches;
       ++attempt) {
    PromptEncoder::Prompt prompt;
    PromptEncoder::Answer answer;
    const bool drawn = own ? own_prompt(picture, stage, random, &prompt, &answer)
                           : drawn_prompt(picture, random, &prompt, &answer);
    // Branches share what stands before the image; a prompt with a system message stands alone.
    if (!drawn || (!prompts.empty() && prompt.before != prompts.front().before)) continue;
    prompts.push_back(std::move(prompt));
    answers.push_back(std::move(answer));
  }
  if (!prompts.empty()) builder.add_image_first(picture, prompts, answers);
}

LanguageBatch BatchSource::language(const Stage& stage, Random& random) const {
  BatchBuilder builder(recipe_.shape.vision.patches(), stage.reason_weight);
  for (int i = 0; i < stage.text_first_groups; ++i) text_first(stage, builder, random);
  for (int i = 0; i < stage.image_first_groups; ++i) image_first(stage, builder, random);
  return builder.finish();
}

}  // namespace firstlight::train
