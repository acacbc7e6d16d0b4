#include <algorithm>
#include <map>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/score/score.h"

namespace firstlight {

PrefixTree build_prefix_tree(const std::vector<std::vector<std::int32_t>>& answers,
                             const std::vector<std::string>& names) {
  const auto name = [&](std::size_t a) {
    return a < names.size() ? "'" + names[a] + "'" : "answer " + std::to_string(a);
  };
  std::map<std::vector<std::int32_t>, std::size_t> seen;
  for (std::size_t a = 0; a < answers.size(); ++a) {
    if (answers[a].empty()) throw Error::usage(name(a), "has no tokens");
    const auto [other, added] = seen.emplace(answers[a], a);
    if (!added) {
      throw Error::usage(name(other->second) + " and " + name(a),
                         "are the same tokens to this model", "word the answers differently");
    }
  }
  PrefixTree tree;
  tree.nodes.push_back({});
  tree.path.resize(answers.size());
  std::map<std::pair<int, std::int32_t>, int> children;
  for (std::size_t a = 0; a < answers.size(); ++a) {
    int node = 0;
    for (std::size_t i = 0; i < answers[a].size(); ++i) {
      tree.path[a].push_back(node);
      // Nothing follows the last token, so its own prefix need not be evaluated.
      if (i + 1 == answers[a].size()) break;
      const std::int32_t token = answers[a][i];
      const auto [child, added] =
          children.emplace(std::pair(node, token), static_cast<int>(tree.nodes.size()));
      if (added)
        tree.nodes.push_back({token, node, tree.nodes[static_cast<std::size_t>(node)].depth + 1});
      node = child->second;
    }
  }
  return tree;
}

}  // namespace firstlight
