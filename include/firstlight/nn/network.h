#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "firstlight/model/classifier.h"
#include "firstlight/nn/sites.h"
#include "firstlight/task/task.h"

namespace firstlight::nn {

/// A network that gives a logit a class from the views of a sample. Immutable; safe from any
/// thread, and uses parallel_for inside.
class Network {
 public:
  virtual ~Network() = default;

  virtual const std::vector<std::string>& classes() const = 0;  ///< keys, by logit
  virtual const SiteInput& input() const = 0;
  /// How many views a sample must have; 0 = any number.
  virtual int views() const = 0;
  /// The features of one sample before the layers that give the logits, averaged over places and,
  /// where each view has its own, over views. The same bits whatever the threads.
  virtual std::vector<float> pooled(std::span<const ChargeMap> views) const = 0;
  /// Logits of what pooled() gives.
  virtual std::vector<float> logits_of(const std::vector<float>& pooled) const = 0;
  std::vector<float> logits(std::span<const ChargeMap> views) const {
    return logits_of(pooled(views));
  }

  /// The last features before they are averaged, and what each says for a class.
  struct ClassMap {
    int height = 0;
    int width = 0;
    std::vector<float> values;  ///< [height, width]
  };
  /// Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) of the last layer that knows places:
  /// max(0, sum over channels of d logit / d mean feature * feature). Views lie on each other.
  virtual ClassMap class_map(std::span<const ChargeMap> views, std::size_t class_index) const = 0;
};

/// Opens a folder of the type `siamese_cnn` or `vit`. Throws Error::input naming the file that is
/// missing, malformed or does not fit the others.
std::unique_ptr<const Network> load_network(const std::string& folder);

/// The text of config.json for an architecture that was trained on these classes of a task.
std::string finished_network_config(const std::string& architecture,
                                    const std::vector<std::string>& classes,
                                    const std::string& task);

/// The classifier of a network for `task`: log-softmax of the logits over the task's classes.
/// Throws Error::usage where the network does not know one of them.
std::unique_ptr<Classifier> make_network_classifier(const std::string& folder, const Task& task);

}  // namespace firstlight::nn
