#include "reason_source.h"

#include <utility>

#include "weighted.h"

namespace firstlight::train {

ReasonSource::ReasonSource(Vocabulary vocabulary, const std::vector<ImagePool>& pools,
                           const std::string& domain)
    : vocabulary_(std::move(vocabulary)) {
  for (const ImagePool& pool : pools) {
    if (pool.spec().domain != domain) continue;
    auto& counts = counts_[&pool];
    for (const Attribute& attribute : vocabulary_.attributes())
      counts.emplace_back(attribute.statements.size(), 0);
    for (std::size_t i = 0; i < pool.size(); ++i) {
      const auto truth = vocabulary_.truth(pool.truth(i), pool.columns(i));
      for (std::size_t a = 0; a < truth.size(); ++a) {
        if (truth[a]) ++counts[a][*truth[a]];
      }
    }
  }
}

std::string ReasonSource::draw(const ImagePool& pool, std::size_t index, Random& random) const {
  const auto truth = vocabulary_.truth(pool.truth(index), pool.columns(index));
  const auto& counts = counts_.at(&pool);
  std::vector<Said> known;
  for (std::size_t a = 0; a < truth.size(); ++a) {
    if (truth[a]) known.push_back({a, *truth[a]});
  }
  const std::size_t wanted = 1 + random.below(3);
  std::vector<Said> said;
  while (!known.empty() && said.size() < wanted) {
    const auto weight = [&](const Said& s) {
      return 1.0 / static_cast<double>(counts[s.attribute][s.statement]);
    };
    const auto drawn = known.begin() + static_cast<std::ptrdiff_t>(weighted(known, weight, random));
    said.push_back(*drawn);
    known.erase(drawn);
  }
  return vocabulary_.sentences(said, random);
}

}  // namespace firstlight::train
