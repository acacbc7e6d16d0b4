#include "firstlight/nn/network.h"

#include <algorithm>
#include <new>

#include "cnn.h"
#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "firstlight/image/orientation.h"
#include "firstlight/nn/config.h"
#include "firstlight/score/score.h"
#include "folder_hash.h"
#include "vit.h"

namespace firstlight::nn {
namespace {

class NetworkClassifier final : public Classifier {
 public:
  NetworkClassifier(std::string folder, const Task& task)
      : folder_(std::move(folder)), network_(load_network(folder_)) {
    const std::vector<std::string>& known = network_->classes();
    for (const ClassDefinition& definition : task.classes) {
      const auto found = std::find(known.begin(), known.end(), definition.key);
      if (found == known.end()) {
        throw Error::usage(folder_, "does not know the class '" + definition.key + "'",
                           "it was trained on " + text::join(known, ", "));
      }
      outputs_.push_back(static_cast<std::size_t>(found - known.begin()));
    }
  }

  Capabilities capabilities() const override {
    Capabilities c;
    c.name = name_of_folder(folder_);
    c.type = read_model_type(folder_);
    c.kind = ScoreKind::kLogits;
    c.reads_prompt = false;
    c.max_images = network_->views() > 0 ? network_->views() : 16;
    c.dtype = "f32";
    c.instruction_set = kernels::to_string(kernels::Kernels::active().isa());
    return c;
  }

  std::string content_hash() const override {
    if (hash_.empty()) hash_ = hash_of_folder(folder_, "f32\n");
    return hash_;
  }

  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    std::vector<Result<LabelScores>> results(samples.size(), Result<LabelScores>(LabelScores{}));
    parallel_for(samples.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        try {
          results[i] = score(samples[i], pass);
        } catch (const Error& e) {
          results[i] = e;
        } catch (const std::bad_alloc&) {
          results[i] = Error::internal(samples[i].id, "needs more memory than there is",
                                       "use smaller pictures");
        }
      }
    });
    return results;
  }

  Result<PromptDescription> describe(const PreparedSample&, const Pass&) const override {
    return Error::usage(folder_, "is a network without a prompt");
  }

 private:
  LabelScores score(const PreparedSample& sample, const Pass& pass) const {
    const bool turned = pass.kind == Pass::Kind::kOrientation;
    if (pass != Pass{} && !turned) {
      throw Error::usage(folder_, "has no prompt, so there is no pass '" + pass.name() + "'");
    }
    if (network_->views() > 0 && static_cast<int>(sample.views.size()) != network_->views()) {
      throw Error::input(sample.id, "has " + std::to_string(sample.views.size()) +
                                        " views, the network takes " +
                                        std::to_string(network_->views()));
    }
    std::vector<ChargeMap> views;
    for (const PreparedSample::View& view : sample.views) {
      views.push_back(turned ? charge_map(oriented(view.image, pass.k), network_->input())
                             : charge_map(view.image, network_->input()));
    }
    std::vector<float> features = network_->pooled(views);
    const std::vector<float> logits = network_->logits_of(features);
    std::vector<double> own;
    for (const std::size_t o : outputs_) own.push_back(static_cast<double>(logits[o]));
    const double norm = log_sum_exp(own);
    LabelScores scores;
    scores.kind = ScoreKind::kLogits;
    scores.features = std::move(features);
    for (const double logit : own) scores.answers.push_back({{}, {logit - norm}});
    return scores;
  }

  std::string folder_;
  std::unique_ptr<const Network> network_;
  std::vector<std::size_t> outputs_;  ///< logit of each class of the task
  mutable std::string hash_;
};

}  // namespace

std::unique_ptr<const Network> load_network(const std::string& folder) {
  const std::string type = read_model_type(folder);
  if (type != "siamese_cnn" && type != "vit") {
    throw Error::input(folder + "/config.json",
                       "model_type is '" + type + "'; siamese_cnn and vit are networks");
  }
  const Weights weights = Weights::open(folder);
  const WeightReader reader(weights, kernels::Kernels::active(), kernels::Precision::kF32,
                            std::nullopt);
  if (type == "vit") return std::make_unique<Vit>(read_vit_config(folder), reader);
  return std::make_unique<SiameseCnn>(read_cnn_config(folder), reader);
}

std::unique_ptr<Classifier> make_network_classifier(const std::string& folder, const Task& task) {
  return std::make_unique<NetworkClassifier>(folder, task);
}

}  // namespace firstlight::nn
