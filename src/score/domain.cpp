#include "firstlight/score/domain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

constexpr std::size_t kLeastSamples = 20;
constexpr std::array<std::string_view, 22> kEmptyWords = {
    "a",  "an", "and", "any", "are", "at", "by", "category", "class", "for",  "in",
    "is", "it", "no",  "not", "of",  "on", "or", "other",    "the",   "with", "without"};

using Rows = std::vector<const std::vector<float>*>;

struct Gaussian {
  std::vector<double> mean;
  std::vector<double> covariance;  ///< [n, n]
};

Gaussian fit(const Rows& rows) {
  const std::size_t n = rows.front()->size();
  const auto count = static_cast<double>(rows.size());
  Gaussian g{std::vector<double>(n, 0.0), std::vector<double>(n * n, 0.0)};
  for (const auto* row : rows) {
    for (std::size_t i = 0; i < n; ++i) g.mean[i] += static_cast<double>((*row)[i]) / count;
  }
  std::vector<std::vector<double>> centred;
  for (const auto* row : rows) {
    auto& x = centred.emplace_back(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<double>((*row)[i]) - g.mean[i];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) g.covariance[i * n + j] += x[i] * x[j] / count;
    }
  }
  double trace = 0;
  double norm = 0;  // of the covariance, squared
  for (std::size_t i = 0; i < n; ++i) {
    trace += g.covariance[i * n + i];
    for (std::size_t j = 0; j <= i; ++j) {
      norm += (i == j ? 1 : 2) * g.covariance[i * n + j] * g.covariance[i * n + j];
    }
  }
  // The paper's m, d^2 and b^2, each times n.
  const double level = trace / static_cast<double>(n);
  const double spread = norm - static_cast<double>(n) * level * level;
  double error = 0;
  for (const auto& x : centred) {
    double square = 0;
    double along = 0;  // x^T C x
    for (std::size_t i = 0; i < n; ++i) {
      square += x[i] * x[i];
      double sum = 0;
      for (std::size_t j = 0; j < i; ++j) sum += g.covariance[i * n + j] * x[j];
      along += x[i] * (2 * sum + g.covariance[i * n + i] * x[i]);
    }
    error += (square * square - 2 * along + norm) / (count * count);
  }
  const double shrink = spread > 0 ? std::min(1.0, error / spread) : 1.0;
  // A feature that never changes must not make the matrix singular.
  const double floor = std::max(level, 1e-12) * std::max(shrink, 1e-6);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) g.covariance[i * n + j] *= 1 - shrink;
    g.covariance[i * n + i] += floor;
  }
  return g;
}

/// The inverse of the Cholesky factor of the covariance, whose lower triangle counts.
std::vector<float> whitening(std::vector<double> c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = c[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= c[i * n + k] * c[j * n + k];
      c[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / c[j * n + j];
    }
  }
  std::vector<double> w(n * n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    w[j * n + j] = 1 / c[j * n + j];
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = 0;
      for (std::size_t k = j; k < i; ++k) sum -= c[i * n + k] * w[k * n + j];
      w[i * n + j] = sum / c[i * n + i];
    }
  }
  return {w.begin(), w.end()};
}

DomainStream stream_of(const Rows& rows) {
  const Gaussian g = fit(rows);
  DomainStream stream;
  stream.samples = rows.size();
  stream.mean.assign(g.mean.begin(), g.mean.end());
  stream.whitening = whitening(g.covariance, g.mean.size());
  return stream;
}

bool has(const Domain& domain, const std::string& name) {
  const std::vector<std::string> words = content_words(name);
  return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::binary_search(domain.words.begin(), domain.words.end(), word);
  });
}

}  // namespace

DomainStream fit_domain_stream(const std::vector<std::vector<float>>& rows, double false_alarms,
                               std::string data) {
  if (rows.size() < kLeastSamples) {
    throw Error::usage(data, "gives " + std::to_string(rows.size()) +
                                 " samples; a domain is fitted on 20 or more");
  }
  if (!(false_alarms > 0 && false_alarms < 1)) {
    throw Error::usage("--false-alarms", "is a fraction between 0 and 1");
  }
  const std::size_t n = rows.front().size();
  Rows all, halves[2];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (n == 0 || rows[i].size() != n ||
        !std::all_of(rows[i].begin(), rows[i].end(), [](float x) { return std::isfinite(x); })) {
      throw Error::usage(data, "gives features that are not finite numbers, equally many a sample");
    }
    all.push_back(&rows[i]);
    halves[i % 2].push_back(&rows[i]);
  }
  std::vector<double> distances;
  for (int half = 0; half < 2; ++half) {
    const DomainStream other = stream_of(halves[1 - half]);
    for (const auto* row : halves[half]) distances.push_back(distance(other, *row));
  }
  std::sort(distances.begin(), distances.end());
  const auto place = static_cast<std::size_t>(
      std::ceil((1 - false_alarms) * static_cast<double>(distances.size())));
  DomainStream stream = stream_of(all);
  stream.threshold = distances[std::clamp<std::size_t>(place, 1, distances.size()) - 1];
  stream.data = std::move(data);
  return stream;
}

double distance(const DomainStream& stream, std::span<const float> features) {
  const std::size_t n = stream.mean.size();
  if (features.size() != n) {
    throw Error::input("domain",
                       "was fitted on " + std::to_string(n) + " features, the model gives " +
                           std::to_string(features.size()),
                       "fit it again: firstlight model domain");
  }
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = features[i] - stream.mean[i];
  double square = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      sum += static_cast<double>(stream.whitening[i * n + j]) * static_cast<double>(x[j]);
    }
    square += sum * sum;
  }
  return std::sqrt(square);
}

std::vector<std::string> content_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty() &&
        std::find(kEmptyWords.begin(), kEmptyWords.end(), word) == kEmptyWords.end()) {
      words.push_back(word);
    }
    word.clear();
  };
  for (const char c : text::lower(text)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (letter) {
      word.push_back(c);
    } else {
      end();
    }
  }
  end();
  return words;
}

double DomainCheck::score(std::span<const float> features) const {
  double least = std::numeric_limits<double>::infinity();
  for (const Domain& domain : domains) {
    for (const DomainStream& stream : domain.streams) {
      least = std::min(least, distance(stream, features) / stream.threshold);
    }
  }
  return least;
}

DomainCheck domain_check(const std::vector<Domain>& domains, double false_alarms,
                         const std::string& task, const std::vector<std::string>& class_names) {
  DomainCheck check;
  check.false_alarms = false_alarms;
  const Domain* best = nullptr;
  std::vector<std::string> unknown = class_names;
  for (const Domain& domain : domains) {
    if (std::find(domain.tasks.begin(), domain.tasks.end(), task) != domain.tasks.end()) {
      check.domains = {domain};
      return check;
    }
    std::vector<std::string> missing;
    for (const std::string& name : class_names) {
      if (!has(domain, name)) missing.push_back(name);
    }
    if (missing.size() < unknown.size()) {
      best = &domain;
      unknown = missing;
    }
  }
  check.domains = best != nullptr ? std::vector<Domain>{*best} : domains;
  check.unknown_classes = std::move(unknown);
  return check;
}

std::string domain_warning(double score, const std::string& unknown_classes) {
  std::string warning;
  if (score > 1) warning = "the picture is unlike those that the model was trained on";
  if (!unknown_classes.empty()) {
    warning += std::string(warning.empty() ? "" : "; ") +
               "the model was not trained on the class names " + unknown_classes;
  }
  return warning;
}

}  // namespace firstlight
