#include "firstlight/train/batch.h"

#include <algorithm>

#include "firstlight/base/error.h"
#include "firstlight/task/variants.h"
#include "reason_source.h"
#include "weighted.h"

namespace firstlight::train {
namespace {

bool can_exchange_names(const Task& task) {
  return task.answer.find("{name}") != std::string::npos && lists_classes(task) &&
         task.class_line.find("{name}") != std::string::npos &&
         task.class_line.find("{description}") != std::string::npos;
}

}  // namespace

std::size_t first_own_token(const std::vector<std::vector<std::int32_t>>& answers,
                            std::size_t which) {
  const auto& own = answers[which];
  std::size_t last = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == which) continue;
    const auto parted =
        std::mismatch(own.begin(), own.end(), answers[i].begin(), answers[i].end()).first;
    last = std::max(last, static_cast<std::size_t>(parted - own.begin()));
  }
  return std::min(last, own.size() - 1);
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
    auto vocabulary = Vocabulary::of_task(spec.task);
    reasons_.push_back(vocabulary ? std::make_shared<const ReasonSource>(std::move(*vocabulary),
                                                                         pools, spec.domain)
                                  : nullptr);
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

void BatchSource::exchange_names(AskedTask& own, Random& random) {
  std::vector<std::string> names;
  for (const ClassDefinition& definition : own.task.classes) names.push_back(definition.name);
  random.shuffle(names);
  for (std::size_t i = 0; i < names.size(); ++i) own.task.classes[i].name = names[i];
}

void BatchSource::ask_fewer(AskedTask& own, Random& random) {
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

BatchSource::AskedTask BatchSource::draw_own(const std::vector<std::size_t>& fitting,
                                             const Stage& stage, Random& random) const {
  AskedTask own;
  own.which = fitting[random.below(fitting.size())];
  own.task = tasks_[own.which];
  own.concepts = recipe_.tasks[own.which].concepts;
  if (own.task.size() > 2 && random.chance(stage.fewer_classes)) ask_fewer(own, random);
  if (random.chance(stage.lines_alone) && has_lines_alone(own.task)) {
    own.task = with_lines_alone(own.task);
  }
  if (random.chance(stage.other_answers)) {
    own.task = with_answer(own.task, random.chance(0.5) ? "{name}" : "{key}");
  }
  // Where the names say nothing, the descriptions must be there.
  const bool exchanged = can_exchange_names(own.task) && random.chance(stage.exchanged_names);
  own.variant.descriptions = exchanged || random.chance(0.95);
  own.variant.reason = reasons_[own.which] && random.chance(stage.reason_share);
  auto& order = own.variant.order;
  if (can_reorder(own.task) && random.chance(stage.task_reordered)) {
    order.resize(own.task.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i].value = static_cast<int>(i);
    random.shuffle(order);
  }
  if (own.variant.descriptions && random.chance(stage.task_reworded)) {
    const auto classes = draw_classes(wordings_, own.concepts, random);
    for (std::size_t i = 0; i < classes.size(); ++i) {
      own.task.classes[i].name = classes[i].name;
      own.task.classes[i].description = classes[i].description;
    }
  }
  if (exchanged) exchange_names(own, random);
  return own;
}

std::optional<PromptEncoder::Answer> BatchSource::reason(const AskedTask& own,
                                                         const Picture& picture, std::size_t label,
                                                         Random& random) const {
  const std::string text = reasons_[own.which]->draw(*picture.first, picture.second, random);
  if (text.empty()) return std::nullopt;
  // The label is the model's own later and may be wrong, which must not change what is seen.
  const bool any = random.chance(0.25);
  if (any) label = random.below(own.task.size());
  const std::string start = answer_before_reason(render_answers(own.task, own.variant)[label]);
  auto answer = encoder_.encode_answer(start + text, start);
  answer.label_given = any;
  return answer;
}

BatchSource::AskedTask BatchSource::draw_other(const Question& question, bool image_first,
                                               const Stage& stage, Random& random) const {
  AskedTask asked = as_asked(draw_task(wordings_, question, image_first, random));
  if (can_exchange_names(asked.task) && random.chance(stage.exchanged_names)) {
    exchange_names(asked, random);
  }
  return asked;
}

BatchSource::AskedTask BatchSource::as_asked(DrawnTask drawn) {
  AskedTask asked;
  asked.task = std::move(drawn.task);
  asked.concepts = std::move(drawn.concepts);
  return asked;
}

BatchSource::AskedTask BatchSource::with_lines(AskedTask asked, const Stage& stage) const {
  if (stage.lines == 0 || !lists_classes(asked.task)) return asked;
  std::vector<std::vector<std::int32_t>> ids;
  for (const std::string& answer : render_answers(asked.task, asked.variant)) {
    ids.push_back(encoder_.encode_answer(answer).ids);
  }
  for (std::size_t place = 0; place < ids.size(); ++place) {
    const std::size_t id = asked.class_at(place);
    asked.lines.push_back({wordings_.place(asked.concepts[id]), ids[id][first_own_token(ids, id)]});
  }
  asked.task.class_line += kLineEnd;
  std::string& bare = asked.task.class_line_without_descriptions;
  if (!bare.empty()) bare += kLineEnd;
  return asked;
}

std::optional<BatchSource::Asked> BatchSource::ask(const AskedTask& asked, const Picture& picture,
                                                   Random& random) const {
  const int index = picture.first->answer(picture.second, asked.concepts);
  if (index < 0) return std::nullopt;
  const auto label = static_cast<std::size_t>(index);
  auto answer = asked.variant.reason
                    ? reason(asked, picture, label, random)
                    : encoder_.encode_answer(render_answers(asked.task, asked.variant)[label]);
  if (!answer) return std::nullopt;
  answer->lines = asked.lines;
  while (asked.class_at(answer->line) != label) ++answer->line;
  return Asked{encoder_.encode(render_for(asked.task, asked.variant, picture)), *std::move(answer)};
}

void BatchSource::text_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const ImagePool* first = stream(stage, "", random);
  const std::string domain = first->spec().domain;
  const auto fitting = own_tasks(domain, true);
  const AskedTask asked =
      with_lines(!fitting.empty() && random.chance(stage.task_share)
                     ? draw_own(fitting, stage, random)
                     : draw_other(question(domain, random), false, stage, random),
                 stage);
  std::vector<Picture> images;
  std::vector<PromptEncoder::Prompt> prompts;
  std::vector<PromptEncoder::Answer> answers;
  for (int attempt = 0;
       attempt < 50 * stage.branches && static_cast<int>(images.size()) < stage.branches;
       ++attempt) {
    // Samples of one stream have as many maps each, so that little is padded.
    const ImagePool* pool = first->has_maps() ? first : stream(stage, domain, random);
    const auto& showing = pool->showing(asked.concepts[random.below(asked.concepts.size())]);
    if (showing.empty()) continue;
    const Picture picture{pool, showing[random.below(showing.size())]};
    auto one = ask(asked, picture, random);
    if (!one) continue;
    images.push_back(picture);
    prompts.push_back(std::move(one->prompt));
    answers.push_back(std::move(one->answer));
  }
  if (!images.empty()) builder.add_text_first(prompts, images, answers);
}

std::optional<BatchSource::Asked> BatchSource::ask_other(const Picture& picture, bool brief,
                                                         const Stage& stage, Random& random) const {
  const Question& asked = question(picture.first->spec().domain, random);
  if (picture.first->answer(picture.second, asked.concepts) < 0) return std::nullopt;
  return ask(with_lines(brief ? as_asked(draw_brief_task(wordings_, asked, random))
                              : draw_other(asked, true, stage, random),
                        stage),
             picture, random);
}

void BatchSource::image_first(const Stage& stage, BatchBuilder& builder, Random& random) const {
  const Picture picture = image(stage, random);
  std::vector<PromptEncoder::Prompt> prompts;
  std::vector<PromptEncoder::Answer> answers;
  const auto fitting = own_tasks(picture.first->spec().domain, false);
  // The tasks' own prompts are twice as long as drawn ones: kept apart, little is padded.
  const bool own = random.chance(stage.task_share) && !fitting.empty();
  const bool brief = !own && random.chance(stage.brief);
  const int branches = own     ? std::max(1, stage.image_branches / 2)
                       : brief ? 4 * stage.image_branches
                               : stage.image_branches;
  for (int attempt = 0; attempt < 20 * branches && static_cast<int>(prompts.size()) < branches;
       ++attempt) {
    auto one = own ? ask(with_lines(draw_own(fitting, stage, random), stage), picture, random)
                   : ask_other(picture, brief, stage, random);
    // Branches share what stands before the image; a prompt with a system message stands alone.
    if (!one || (!prompts.empty() && one->prompt.before != prompts.front().before)) continue;
    prompts.push_back(std::move(one->prompt));
    answers.push_back(std::move(one->answer));
  }
  if (!prompts.empty()) builder.add_image_first(picture, prompts, answers);
}

LanguageBatch BatchSource::language(const Stage& stage, Random& random) const {
  BatchBuilder builder(recipe_.shape.vision.patches(), stage.reason_weight,
                       static_cast<std::int64_t>(wordings_.concepts.size()));
  for (int i = 0; i < stage.text_first_groups; ++i) text_first(stage, builder, random);
  for (int i = 0; i < stage.image_first_groups; ++i) image_first(stage, builder, random);
  return builder.finish();
}

}  // namespace firstlight::train
