#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/nn/named_tensor.h"
#include "firstlight/nn/sites.h"

namespace firstlight::nn {

enum class CnnActivation {
  kNone,
  kRelu,
  kRelu6,      ///< min(max(x, 0), 6)
  kHardSwish,  ///< x * relu6(x + 3) / 6 (Howard et al. 2019, arXiv:1905.02244)
};

/// One step of a network on sites; a layer of the file is one or several of them. At places without
/// a site everything is 0.
struct CnnStep {
  enum class Kind {
    kConv,       ///< NAME.weight [out, in, k, k], then norm or NAME.bias, then activation
    kDepthwise,  ///< NAME.weight [in, 1, k, k], then norm, then activation
    kSqueeze,    ///< squeeze and excitation (Hu et al. 2018, arXiv:1709.01507) over a map's sites
    kMaxPool,    ///< over the sites in the window
    kDropout,    ///< in training only
    kSave,       ///< remembers the rows ...
    kAdd,        ///< ... and adds them
  };
  Kind kind = Kind::kConv;
  std::string name;  ///< prefix of its tensors
  Window window;
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool norm = true;  ///< batch normalisation over sites, NAME.norm.*; else a bias
  CnnActivation activation = CnnActivation::kNone;
  std::int64_t reduced = 0;  ///< kSqueeze: width between
  double rate = 0;           ///< kDropout
};

/// Configuration of a folder of the type `siamese_cnn` (docs/networks.md): the same branch for
/// every view, the views joined, a trunk, the mean over sites, a head of linear layers.
struct CnnConfig {
  std::vector<std::string> classes;  ///< keys of the task's classes, by output
  std::string task;                  ///< what it was trained for
  SiteInput input;
  enum class Join {
    kConcat,   ///< the views' channels side by side: a fixed number of views
    kMeanMax,  ///< mean and maximum over the views: any number
  };
  Join join = Join::kMeanMax;
  int views = 0;  ///< kConcat: how many
  std::vector<CnnStep> branch;
  std::vector<CnnStep> trunk;
  struct HeadLayer {
    std::string name;
    std::int64_t in = 0;
    std::int64_t out = 0;
    CnnActivation activation = CnnActivation::kNone;
  };
  std::vector<HeadLayer> head;  ///< the last one gives a logit a class
  double head_dropout = 0;
  double norm_eps = 1e-3;
  std::string json;  ///< the text that it was read from

  /// In the order of the network.
  std::vector<NamedTensor> tensors() const;
};

/// Reads a configuration; `classes` may be missing in an architecture that has yet to be trained.
/// Throws Error::input naming file and key.
CnnConfig parse_cnn_config(std::string_view json, const std::string& origin);
/// config.json of a model folder, which must name its classes.
CnnConfig read_cnn_config(const std::string& folder);
}  // namespace firstlight::nn
