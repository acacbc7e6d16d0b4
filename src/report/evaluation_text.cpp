#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "firstlight/report/overview.h"

namespace firstlight {
namespace {

std::size_t widest(const std::vector<std::string>& words, std::size_t least) {
  for (const std::string& word : words) least = std::max(least, word.size());
  return least;
}

std::string number(double value) {
  return std::isnan(value) ? std::string("-") : fmt::format("{:.3f}", value);
}

/// "0.912 -0.021 +0.018": the interval of one standard deviation.
std::string with_errors(const Estimate& estimate) {
  if (std::isnan(estimate.value) || !estimate.one_sigma) return number(estimate.value);
  return fmt::format("{:.3f} -{:.3f} +{:.3f}", estimate.value,
                     std::max(0.0, estimate.value - estimate.one_sigma->low),
                     std::max(0.0, estimate.one_sigma->high - estimate.value));
}

/// Writes one evaluation, section by section.
class Writer {
 public:
  explicit Writer(const Evaluation& evaluation)
      : e_(evaluation), width_(widest(evaluation.classes, 8)) {}

  std::string whole() && {
    put_figures();
    for (const Evaluation& calibrated : e_.calibrated) put_calibrated(calibrated);
    for (const SetMetrics& sets : e_.sets) put_sets(sets);
    for (const FreeTextMetrics& texts : e_.free_text) put_free_text(texts);
    for (const DomainMetrics& domain : e_.domain) put_domain(domain);
    put_classes();
    put_selection();
    put_confusion();
    put_working_points();
    put_significance();
    for (const BackgroundMetrics& background : e_.backgrounds) put_background(background);
    for (const Against& column : e_.against) put_against(column);
    for (const PriorEvaluation& prior : e_.prior) put_prior(prior);
    for (const Evaluation& merged : e_.merged) {
      out_ += "\nwith merged classes\n" + Writer(merged).whole();
    }
    return std::move(out_);
  }

 private:
  template <typename... T>
  void put(fmt::format_string<T...> format, T&&... args) {
    out_ += fmt::format(format, std::forward<T>(args)...);
  }

  void put_figures() {
    put("samples with truth: {}; without: {}; failed: {}\n", e_.n, e_.without_truth, e_.failed);
    put("intervals: {:g} %\n\n", 100 * e_.level);
    const std::vector<std::pair<const char*, const Estimate*>> figures = {
        {"accuracy", &e_.accuracy},         {"balanced accuracy", &e_.balanced_accuracy},
        {"macro F1", &e_.macro.f1},         {"weighted F1", &e_.weighted.f1},
        {"macro AUC", &e_.macro.auc},       {"negative log-likelihood", &e_.nll},
        {"Brier score", &e_.brier},         {"ECE", &e_.ece},
        {"ECE, debiased", &e_.ece_debiased}};
    for (const auto& [name, estimate] : figures) put("{:<24}  {}\n", name, to_text(*estimate));
  }

  void put_calibrated(const Evaluation& calibrated) {
    put("\nwith calibrated probabilities\n");
    const std::vector<std::pair<const char*, const Estimate*>> figures = {
        {"accuracy", &calibrated.accuracy},
        {"negative log-likelihood", &calibrated.nll},
        {"Brier score", &calibrated.brier},
        {"ECE", &calibrated.ece},
        {"ECE, debiased", &calibrated.ece_debiased}};
    for (const auto& [name, estimate] : figures) put("{:<24}  {}\n", name, to_text(*estimate));
  }

  void put_sets(const SetMetrics& sets) {
    put("\nconformal sets for a coverage of {:g}\n", sets.coverage);
    put("{:<24}  {}\n", "sets with the truth", to_text(sets.covered));
    put("{:<24}  {}\n", "sets of one class", to_text(sets.single));
    put("{:<24}  {}\n", "classes in a set", to_text(sets.mean_size));
  }

  void put_free_text(const FreeTextMetrics& texts) {
    put("\nfree text of the model (n = {}), beside its scores\n", texts.n);
    put("{:<24}  {}\n", "texts with a label", to_text(texts.parsed));
    put("{:<24}  {}\n", "of these, as the score", to_text(texts.agreement));
    put("{:<24}  {}\n", "accuracy of the texts", to_text(texts.accuracy));
    put("{:<24}  {}\n", "of those with a label", to_text(texts.accuracy_read));
  }

  void put_domain(const DomainMetrics& domain) {
    put("\nsamples unlike what the model was trained on\n");
    put("{:<24}  {}\n", "samples with a warning", to_text(domain.warned));
    put("{:<24}  {}\n", "accuracy with one", to_text(domain.accuracy_warned));
    put("{:<24}  {}\n", "accuracy without", to_text(domain.accuracy_unwarned));
  }

  void put_classes() {
    put("\n{:<{}}  {:>7}  {:<25}  {:<25}  {:<25}  {}\n", "class", width_, "n", "precision",
        "recall", "F1", "AUC");
    for (std::size_t c = 0; c < e_.classes.size(); ++c) {
      const ClassMetrics& metrics = e_.per_class[c];
      put("{:<{}}  {:>7g}  {:<25}  {:<25}  {:<25}  {}\n", e_.classes[c], width_, metrics.support,
          to_text(metrics.precision), to_text(metrics.recall), to_text(metrics.f1),
          to_text(metrics.auc));
    }
  }

  void put_selection() {
    put("\nefficiency and purity of the labels, {:g} % intervals\n", 100 * kOneSigma);
    put("{:<{}}  {:<19}  {:<19}  {}\n", "class", width_, "efficiency", "purity", "product");
    for (std::size_t c = 0; c < e_.classes.size(); ++c) {
      const ClassMetrics& metrics = e_.per_class[c];
      put("{:<{}}  {:<19}  {:<19}  {}\n", e_.classes[c], width_, with_errors(metrics.recall),
          with_errors(metrics.precision), with_errors(metrics.product));
    }
  }

  template <typename Cell>
  void put_matrix(const std::string& title, const Cell& cell) {
    put("\n{}\n{:<{}}", title, "", width_);
    for (const std::string& key : e_.classes) put("  {:>{}}", key, width_);
    out_ += '\n';
    for (std::size_t t = 0; t < e_.classes.size(); ++t) {
      put("{:<{}}", e_.classes[t], width_);
      for (std::size_t p = 0; p < e_.classes.size(); ++p) put("  {:>{}}", cell(t, p), width_);
      out_ += '\n';
    }
  }

  void put_confusion() {
    put_matrix("confusion (rows: truth, columns: predicted; counts)",
               [&](auto t, auto p) { return fmt::format("{:g}", e_.confusion[t][p]); });
    put_matrix(
        "recall matrix (rows: truth, columns: predicted; a row sums to 1)",
        [&](auto t, auto p) { return number(e_.confusion[t][p] / e_.per_class[t].support); });
    put_matrix(
        "precision matrix (rows: truth, columns: predicted; a column sums to 1)",
        [&](auto t, auto p) { return number(e_.confusion[t][p] / e_.per_class[p].predicted); });
  }

  void put_working_points() {
    if (e_.selection.empty() || e_.selection.front().working_points.empty()) return;
    put("\nworking points: cuts on the probability of a class, {:g} % intervals\n",
        100 * kOneSigma);
    put("{:<{}}  {:>10}  {:>9}  {:<19}  {:<19}  {}\n", "class", width_, "background", "threshold",
        "efficiency", "background kept", "purity");
    for (std::size_t c = 0; c < e_.classes.size(); ++c) {
      for (const WorkingPoint& point : e_.selection[c].working_points) {
        put("{:<{}}  {:>10g}  {:>9}  {:<19}  {:<19}  {}\n", e_.classes[c], width_,
            point.allowed_background,
            std::isinf(point.threshold) ? "-" : fmt::format("{:.4f}", point.threshold),
            with_errors(point.efficiency), with_errors(point.background),
            with_errors(point.purity));
      }
    }
  }

  void put_significance() {
    put("\nS / sqrt(S + B), each class as the signal; exposure {:g}\n", e_.exposure);
    put("{:<{}}  {:<15}  {:>10}  {:>10}  {}\n", "class", width_, "selected by", "S", "B",
        "S / sqrt(S + B)");
    for (std::size_t c = 0; c < e_.selection.size(); ++c) {
      const SelectionMetrics& s = e_.selection[c];
      const auto row = [&](const std::string& selected, const Significance& figures) {
        put("{:<{}}  {:<15}  {:>10.6g}  {:>10.6g}  {}\n", e_.classes[c], width_, selected,
            figures.signal, figures.background, to_text(figures.value));
      };
      row("label", s.by_label);
      row(std::isinf(s.best.threshold) ? "no cut" : fmt::format("p >= {:.4f}", s.best.threshold),
          s.best);
    }
  }

  void put_background(const BackgroundMetrics& background) {
    put("\nbackground {} (n = {:g}), in no figure but S / sqrt(S + B)\n", background.key,
        background.n);
    put("{:<{}}  {:>9}  {:<19}  {}\n", "label", width_, "n", "fraction", "mean probability");
    for (std::size_t c = 0; c < e_.classes.size(); ++c) {
      put("{:<{}}  {:>9g}  {:<19}  {}\n", e_.classes[c], width_, background.counts[c],
          with_errors(background.labelled[c]), number(background.mean_probability[c]));
    }
  }

  void put_against(const Against& column) {
    put("\nagainst {}{}, {:g} % intervals; without a value: {}; outside: {}\n", column.column,
        column.unit.empty() ? "" : " [" + column.unit + "]", 100 * kOneSigma, column.missing,
        column.outside);
    std::vector<std::string> names;
    for (std::size_t b = 0; b < column.bins.size(); ++b) {
      const AgainstBin& bin = column.bins[b];
      names.push_back(column.texts ? bin.value
                                   : fmt::format("[{:.4g}, {:.4g}{}", bin.low, bin.high,
                                                 b + 1 == column.bins.size() ? "]" : ")"));
    }
    const std::size_t bin_width = widest(names, 3);
    put("{:<{}}  {:>7}  {:<19}", "bin", bin_width, "n", "accuracy");
    for (const std::string& key : e_.classes) put("  {:<19}  {:<19}", key + " eff.", "purity");
    out_ += '\n';
    for (std::size_t b = 0; b < column.bins.size(); ++b) {
      const AgainstBin& bin = column.bins[b];
      put("{:<{}}  {:>7g}  {:<19}", names[b], bin_width, bin.count, with_errors(bin.accuracy));
      for (std::size_t c = 0; c < e_.classes.size(); ++c) {
        put("  {:<19}  {:<19}", with_errors(bin.efficiency[c]), with_errors(bin.purity[c]));
      }
      out_ += '\n';
    }
  }

  void put_prior(const PriorEvaluation& prior) {
    const auto table = [&](const char* title, const AtPrevalence& figures) {
      put("\n{}: accuracy {}\n", title, to_text(figures.accuracy));
      put("{:<{}}  {:>10}  {:<25}  {}\n", "class", width_, "prevalence", "purity", "efficiency");
      for (std::size_t c = 0; c < e_.classes.size(); ++c) {
        put("{:<{}}  {:>10.4g}  {:<25}  {}\n", e_.classes[c], width_, prior.prior[c],
            to_text(figures.purity[c]), to_text(figures.efficiency[c]));
      }
    };
    table("at the given prevalence, labels as classified", prior.as_classified);
    table("at the given prevalence, labels from probabilities times prior", prior.reweighted);
  }

  const Evaluation& e_;
  std::size_t width_;
  std::string out_;
};

}  // namespace

std::string to_text(const Evaluation& evaluation) { return Writer(evaluation).whole(); }

}  // namespace firstlight
