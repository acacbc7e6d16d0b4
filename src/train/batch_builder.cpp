#include <algorithm>

#include "firstlight/train/batch.h"

namespace firstlight::train {
namespace {

torch::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kLong);
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
    const bool reason = answer.label > 0 && i >= answer.label;
    const std::int64_t row = i == 0 ? before : last_row();
    if (!reason && !answer.label_given && !answer.lines.empty() && i + 1 < ids.size()) {
      // The lines last added are those of the answer's prompt.
      answer_rows_.push_back(row);
      answer_meanings_.push_back(answer.lines[answer.line].meaning);
      answer_lines_.push_back(line_rows_[line_rows_.size() - answer.lines.size() + answer.line]);
      auto& listed = listed_.emplace_back();
      for (const LineMeaning& line : answer.lines) listed.push_back(line.meaning);
    }
    if (reason || !answer.label_given) {
      wanted_.push_back(row);
      targets_.push_back(ids[i]);
      answer_of_.push_back(batch_.answers);
      weights_.push_back(reason ? reason_weight_ : 1.0F);
    }
    if (i + 1 < ids.size()) rows_.push_back({ids[i], position++});
  }
  ++batch_.answers;
}

void BatchBuilder::lines(const PromptEncoder::Prompt& prompt, const PromptEncoder::Answer& answer,
                         std::int64_t before, std::int64_t after) {
  for (std::size_t i = 0; i < answer.lines.size(); ++i) {
    const std::size_t at = prompt.lines[i];
    const bool first = at < prompt.before.size();
    line_rows_.push_back(first ? before + static_cast<std::int64_t>(at)
                               : after + static_cast<std::int64_t>(at - prompt.before.size()));
    line_meanings_.push_back(answer.lines[i].meaning);
    line_marks_.push_back(answer.lines[i].mark);
  }
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
  const std::int64_t start = last_row() + 1;
  tokens(prompts.front().before, 0);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    batch_.images.push_back(samples[i]);
    std::int64_t position = group.prefix + pictures(prompts[i].images, group.prefix);
    // The lines before the images are shared.
    const bool shared = !prompts[i].lines.empty() && prompts[i].lines[0] < prompts[i].before.size();
    if (i == 0 || !shared) lines(prompts[i], answers[i], start, last_row() + 1);
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
  const std::int64_t group_start = last_row() + 1;
  tokens(prompts.front().before, 0);
  pictures(prompts.front().images, before);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto end = static_cast<std::int64_t>(rows_.size()) + group.length;
    lines(prompts[i], answers[i], group_start, last_row() + 1);
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
  LineTargets& lines = batch_.lines;
  lines.rows = to_tensor(line_rows_);
  lines.meanings = to_tensor(line_meanings_);
  lines.marks = to_tensor(line_marks_);
  lines.answer_rows = to_tensor(answer_rows_);
  lines.answer_lines = to_tensor(answer_lines_);
  lines.answer_meaning = to_tensor(answer_meanings_);
  lines.listed = torch::zeros({static_cast<std::int64_t>(listed_.size()), concepts_}, torch::kBool);
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    for (const std::int64_t meaning : listed_[i]) {
      lines.listed[static_cast<std::int64_t>(i)][meaning] = true;
    }
  }
  return std::move(batch_);
}

}  // namespace firstlight::train
