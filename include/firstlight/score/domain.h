#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// How far a sample lies from those that a model was trained on: the Mahalanobis distance of its
/// pooled features (LabelScores::features) from those of a training stream, whatever the class (Lee
/// et al. 2018, arXiv:1807.03888, with one Gaussian for a stream instead of one for a class).
namespace firstlight {

/// The features of one training stream as a Gaussian.
struct DomainStream {
  std::string data;         ///< where the samples came from, for the reader
  std::size_t samples = 0;  ///< that it was fitted on
  std::vector<float> mean;  ///< [n]
  /// [n, n], row by row: a lower triangle W with W C W^T = 1 for the covariance C, so that the
  /// distance of x is |W (x - mean)|.
  std::vector<float> whitening;
  double threshold = 0;  ///< the distance that false_alarms of the stream's own samples exceed
};

/// Fits a stream to rows of `n` features. The covariance is shrunk towards a multiple of the unit
/// matrix by the formula of Ledoit & Wolf (2004, J. Multivariate Anal. 88, 365), so that it can be
/// inverted whatever the number of samples. The threshold is a quantile of distances of samples
/// from a fit without them (two halves, each against the other). Throws Error::usage for fewer than
/// 20 rows, rows of unequal length or features that are not finite, or a rate outside (0, 1).
DomainStream fit_domain_stream(const std::vector<std::vector<float>>& rows, double false_alarms,
                               std::string data);

double distance(const DomainStream& stream, std::span<const float> features);

/// What a model knows: streams of one kind of picture, and the words in which its classes were
/// named.
struct Domain {
  std::string name;
  std::vector<std::string> tasks;  ///< that it was trained for
  std::vector<std::string> words;  ///< lower case, sorted
  std::vector<DomainStream> streams;
};

/// Letters and digits of a text in lower case, as words; those that tell nothing of a class ("and",
/// "with", ...) are left out.
std::vector<std::string> content_words(std::string_view text);

/// The part of a model's domains that a task is about.
struct DomainCheck {
  double false_alarms = 0;  ///< of each stream
  /// The task's domain; all that the model has where the task is about none of them.
  std::vector<Domain> domains;
  std::vector<std::string> unknown_classes;  ///< names in words that no domain has

  /// The least distance of a stream over its threshold: above 1 the picture is unlike all. Throws
  /// Error::input where the features differ in number from those of the fit.
  double score(std::span<const float> features) const;
};

/// The check for a task with these class names: the domain that has the task, else the one that
/// has most of the names, if it has any.
DomainCheck domain_check(const std::vector<Domain>& domains, double false_alarms,
                         const std::string& task, const std::vector<std::string>& class_names);

/// What a row says where something is unlike training; empty where nothing is. `unknown_classes` is
/// a list for the reader.
std::string domain_warning(double score, const std::string& unknown_classes);

}  // namespace firstlight
