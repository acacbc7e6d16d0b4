#include "vision_heads.h"

namespace firstlight::train {

using torch::Tensor;

VisionHeads::VisionHeads(const Wordings& wordings, std::int64_t hidden_size, std::uint64_t seed)
    : wordings_(wordings),
      readout_("heads", static_cast<std::int64_t>(wordings.concepts.size()), hidden_size, seed) {}

Tensor VisionHeads::logits(const Tensor& features, const std::vector<Picture>& images) const {
  std::vector<std::int64_t> sample;
  std::vector<float> share;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t pictures = images[i].first->pictures(images[i].second);
    sample.insert(sample.end(), pictures, static_cast<std::int64_t>(i));
    share.insert(share.end(), pictures, 1.0F / static_cast<float>(pictures));
  }
  const Tensor each = features.narrow(1, 1, features.size(1) - 1).mean(1);
  const Tensor mean =
      torch::zeros({static_cast<std::int64_t>(images.size()), each.size(1)})
          .index_add(0, torch::tensor(sample), each * torch::tensor(share).unsqueeze(1));
  return readout_(mean);
}

std::vector<std::int64_t> VisionHeads::columns(const Question& question) const {
  std::vector<std::int64_t> columns;
  for (const std::string& name : question.concepts) {
    columns.push_back(wordings_.place(name));
  }
  return columns;
}

Tensor VisionHeads::loss(const Tensor& features, const std::vector<Picture>& images) const {
  const Tensor all = logits(features, images);
  Tensor total = torch::zeros({});
  double weight = 0;
  for (const Question& question : wordings_.questions) {
    std::vector<std::int64_t> rows;
    std::vector<std::int64_t> answers;
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (images[i].first->spec().domain != question.domain) continue;
      const int answer = images[i].first->answer(images[i].second, question.concepts);
      if (answer < 0) continue;
      rows.push_back(static_cast<std::int64_t>(i));
      answers.push_back(answer);
    }
    if (rows.empty()) continue;
    const Tensor asked =
        all.index_select(0, torch::tensor(rows)).index_select(1, torch::tensor(columns(question)));
    total = total + question.weight * at::cross_entropy_loss(asked, torch::tensor(answers), {},
                                                             at::Reduction::Sum);
    weight += question.weight * static_cast<double>(rows.size());
  }
  return weight > 0 ? total / weight : total;
}

std::pair<int, int> VisionHeads::count_right(const Tensor& features,
                                             const std::vector<Picture>& images,
                                             const Question& question) const {
  const Tensor best =
      logits(features, images).index_select(1, torch::tensor(columns(question))).argmax(1);
  int asked = 0;
  int right = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const int answer = images[i].first->answer(images[i].second, question.concepts);
    if (answer < 0) continue;
    ++asked;
    if (best[static_cast<std::int64_t>(i)].item<std::int64_t>() == answer) ++right;
  }
  return {asked, right};
}

}  // namespace firstlight::train
