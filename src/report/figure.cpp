#include "firstlight/report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "firstlight/base/text.h"
#include "html.h"

namespace firstlight {
namespace {

constexpr double kCell = 110.0;
constexpr double kLine = 18.0;
constexpr double kMargin = 16.0;
constexpr double kCharacter = 7.2;  ///< widest of 13 px sans-serif, on average

struct Colour {
  double red, green, blue;
};
/// White to dark blue by the fraction; the steps are even in lightness.
constexpr Colour kFrom = {247, 251, 255};
constexpr Colour kTo = {8, 64, 129};
constexpr double kLightTextFrom = 0.5;

std::string fill(double fraction) {
  const auto mix = [&](double a, double b) { return std::lround(a + (b - a) * fraction); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(kFrom.red, kTo.red), mix(kFrom.green, kTo.green),
                     mix(kFrom.blue, kTo.blue));
}

std::string shown(const std::string& key) { return text::replace_all(key, "_", " "); }

std::string text_at(double x, double y, const std::string& text, const std::string& attributes) {
  return fmt::format("<text x=\"{:g}\" y=\"{:g}\" {}>{}</text>\n", x, y, attributes,
                     html::escape(text));
}

/// A class name on lines that fit a cell's width.
std::vector<std::string> wrapped(const std::string& name) {
  const auto widest = static_cast<std::size_t>(kCell / kCharacter);
  std::vector<std::string> lines = {""};
  for (const std::string& word : text::split(name, ' ')) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > widest) {
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

}  // namespace

std::string confusion_svg(const Evaluation& evaluation, const std::string& title,
                          const std::vector<std::string>& lines,
                          const std::vector<std::string>& notes) {
  const std::size_t n = evaluation.classes.size();
  std::size_t name_lines = 1;
  std::size_t longest = 0;
  for (const std::string& key : evaluation.classes) {
    const auto parts = wrapped(shown(key));
    name_lines = std::max(name_lines, parts.size());
    for (const std::string& part : parts) longest = std::max(longest, part.size());
  }
  const double left = kMargin + 2 * kLine + kCharacter * static_cast<double>(longest);
  const double top = kMargin + kLine * static_cast<double>(2 + lines.size());
  const double side = kCell * static_cast<double>(n);
  const double below = top + side + kLine * static_cast<double>(name_lines + 2);
  std::size_t widest = title.size() + title.size() / 4;
  for (const std::string& line : lines) widest = std::max(widest, line.size());
  for (const std::string& note : notes) widest = std::max(widest, note.size());
  const double width =
      std::max(left + side + kMargin, 2 * kMargin + kCharacter * static_cast<double>(widest));
  const double height = below + kLine * static_cast<double>(notes.size()) + kMargin;

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" "
      "viewBox=\"0 0 {0:g} {1:g}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\" "
      "role=\"img\">\n<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      width, height, html::escape(title));
  out += text_at(kMargin, kMargin + kLine, title, "font-size=\"16\" font-weight=\"bold\"");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += text_at(kMargin, kMargin + kLine * static_cast<double>(i + 2), lines[i], "");
  }
  for (std::size_t predicted = 0; predicted < n; ++predicted) {
    const double y = top + kCell * static_cast<double>(predicted);
    for (std::size_t truth = 0; truth < n; ++truth) {
      const double x = left + kCell * static_cast<double>(truth);
      const double count = evaluation.confusion[truth][predicted];
      double total = 0;
      for (const double c : evaluation.confusion[truth]) total += c;
      const double fraction = total > 0 ? count / total : 0.0;
      out += fmt::format(
          "<rect x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\" fill=\"{}\" "
          "stroke=\"#fff\"/>\n",
          x, y, kCell, kCell, fill(fraction));
      const std::string ink = fmt::format("text-anchor=\"middle\" fill=\"{}\"",
                                          fraction > kLightTextFrom ? "#fff" : "#222");
      out += text_at(x + kCell / 2, y + kCell / 2 - 2, fmt::format("{:g}", count),
                     ink + " font-size=\"16\"");
      out += text_at(x + kCell / 2, y + kCell / 2 + kLine,
                     total > 0 ? fmt::format("({:.2f})", fraction) : std::string("(-)"), ink);
    }
    const auto row = wrapped(shown(evaluation.classes[predicted]));
    const auto column = row;  // the same classes on both axes
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double shift = static_cast<double>(i) - static_cast<double>(row.size() - 1) / 2;
      out += text_at(left - 8, y + kCell / 2 + 5 + kLine * shift, row[i], "text-anchor=\"end\"");
      out += text_at(left + kCell * (static_cast<double>(predicted) + 0.5),
                     top + side + kLine * static_cast<double>(i + 1), column[i],
                     "text-anchor=\"middle\"");
    }
  }
  out += text_at(left + side / 2, top + side + kLine * static_cast<double>(name_lines + 1) + 4,
                 "true class", "text-anchor=\"middle\" font-weight=\"bold\"");
  const double middle = top + side / 2;
  out += text_at(kMargin + kLine / 2, middle, "predicted class",
                 fmt::format("text-anchor=\"middle\" font-weight=\"bold\" "
                             "transform=\"rotate(-90 {:g} {:g})\"",
                             kMargin + kLine / 2, middle));
  for (std::size_t i = 0; i < notes.size(); ++i) {
    out += text_at(kMargin, below + kLine * static_cast<double>(i + 1) - 4, notes[i],
                   "font-style=\"italic\"");
  }
  return out + "</svg>\n";
}

std::vector<std::string> figure_notes(const RunStore& run) {
  std::vector<std::string> notes;
  const auto spec = run.config().settings.find("data.spec");
  if (spec != run.config().settings.end() && spec->second.rfind("sim:", 0) == 0) {
    notes.push_back("Simulated images (" + spec->second + "), no observation.");
  }
  std::map<std::string, int> kinds;
  run.for_each([&](const SampleRecord& record) {
    if (const LabelScores* scores = record.find("main")) ++kinds[to_string(scores->kind)];
  });
  if (kinds.size() > 1 || (!kinds.empty() && kinds.count("exact") + kinds.count("logits") == 0)) {
    std::vector<std::string> parts;
    for (const auto& [kind, count] : kinds) parts.push_back(fmt::format("{} {}", count, kind));
    notes.push_back("Labels by kind of answer: " + text::join(parts, ", ") + ".");
  }
  if (run.failed() > 0) notes.push_back(fmt::format("{} samples failed.", run.failed()));
  return notes;
}

}  // namespace firstlight
