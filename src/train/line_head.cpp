#include "line_head.h"

#include <cmath>
#include <limits>
#include <vector>

namespace firstlight::train {

using torch::Tensor;

namespace {

/// bool [asking, rows]: what each row attends to.
Tensor visible(const aten::PackedText& text, const Tensor& asking) {
  std::vector<std::int64_t> group;
  std::vector<std::int64_t> branch;
  for (std::size_t i = 0; i < text.groups.size(); ++i) {
    const aten::PackedGroup& g = text.groups[i];
    group.insert(group.end(), static_cast<std::size_t>(g.rows()), static_cast<std::int64_t>(i));
    branch.insert(branch.end(), static_cast<std::size_t>(g.prefix), -1);
    for (std::int64_t j = 0; j < g.branches; ++j) {
      branch.insert(branch.end(), static_cast<std::size_t>(g.length), j);
    }
  }
  const Tensor groups = torch::tensor(group);
  const Tensor branches = torch::tensor(branch);
  const Tensor rows = torch::arange(groups.numel());
  const auto of = [&](const Tensor& values) { return values.index_select(0, asking).unsqueeze(1); };
  return groups.eq(of(groups)) & (branches.eq(of(branches)) | branches.eq(-1)) & rows.le(of(rows));
}

}  // namespace

LineHead::LineHead(std::int64_t concepts, std::int64_t hidden_size, std::uint64_t seed)
    : readout_("line_head", concepts, hidden_size, seed) {}

Tensor LineHead::rows(const LineTargets& targets) {
  return at::cat({targets.rows, targets.answer_rows});
}

std::map<std::string, Tensor> LineHead::losses(const aten::Llava& model,
                                               const aten::MiddleStates& middle,
                                               const aten::PackedText& text,
                                               const LineTargets& targets) const {
  const auto parts =
      middle.hidden.split_with_sizes({targets.rows.numel(), targets.answer_rows.numel()}, 0);
  const auto among = [](const Tensor& scores, const Tensor& wanted) {
    return scores.masked_fill(wanted.logical_not(), -std::numeric_limits<float>::infinity());
  };
  const Tensor scores = at::matmul(middle.queries, middle.keys.t()) /
                        std::sqrt(static_cast<double>(middle.keys.size(1)));
  const Tensor seen = visible(text, targets.answer_rows);
  Tensor pointers = torch::zeros({});
  for (std::int64_t head = 0; head < scores.size(1); ++head) {
    pointers = pointers +
               at::cross_entropy_loss(among(scores.select(1, head), seen), targets.answer_lines);
  }
  return {{"lines", at::cross_entropy_loss(readout_(parts[0]), targets.meanings)},
          {"marks", at::cross_entropy_loss(model.read_out(parts[0], false), targets.marks)},
          {"shown", at::cross_entropy_loss(among(readout_(parts[1]), targets.listed),
                                           targets.answer_meaning)},
          {"pointers", pointers / static_cast<double>(scores.size(1))}};
}

}  // namespace firstlight::train
