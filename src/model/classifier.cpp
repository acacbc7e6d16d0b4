#include "firstlight/model/classifier.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "firstlight/base/text.h"
#include "firstlight/image/orientation.h"
#include "firstlight/image/resize.h"
#include "firstlight/image/stretch.h"
#include "firstlight/score/score.h"
#include "firstlight/task/views.h"

namespace firstlight {
namespace {

constexpr std::uint8_t kMidGrey = 128;

class VlmClassifier final : public Classifier {
 public:
  VlmClassifier(std::shared_ptr<const VisionLanguageModel> model, Task task,
                std::vector<Shot> shots)
      : model_(std::move(model)), task_(std::move(task)), shots_(std::move(shots)) {
    check();
    side_ = model_->capabilities().image_side;
  }

  Capabilities capabilities() const override { return model_->capabilities(); }
  std::string content_hash() const override { return model_->content_hash(); }

  std::vector<Result<LabelScores>> classify(std::span<const PreparedSample> samples,
                                            const Pass& pass) const override {
    std::vector<ScoreRequest> requests;
    std::vector<std::deque<Image>> made(samples.size());
    std::vector<std::size_t> place(samples.size());
    std::vector<Result<LabelScores>> results;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      try {
        place[i] = requests.size();
        requests.push_back(request_of(samples[i], variant_of(pass), pass, made[i]));
        results.emplace_back(LabelScores{});
      } catch (const Error& e) {
        results.emplace_back(e);
      }
    }
    std::vector<Result<LabelScores>> scores = model_->score(requests);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (results[i].ok()) results[i] = std::move(scores[place[i]]);
    }
    return results;
  }

  Result<PromptDescription> describe(const PreparedSample& sample,
                                     const Pass& pass) const override {
    try {
      std::deque<Image> made;
      return model_->describe(request_of(sample, variant_of(pass), pass, made));
    } catch (const Error& e) {
      return e;
    }
  }

  Result<Generated> generate(const PreparedSample& sample, const Writing& writing) const override {
    try {
      std::deque<Image> made;
      PromptVariant variant;
      variant.reason = writing.label.has_value();
      ScoreRequest asked = request_of(sample, variant, Pass{}, made);
      GenerateRequest request{std::move(asked.prompt), std::move(asked.images), writing.max_tokens};
      if (writing.constrained) request.answers = std::move(asked.answers);
      request.beams = writing.beams;
      if (writing.label) {
        request.start = answer_before_reason(asked.answers.at(writing.label->index()));
      }
      return model_->generate(request);
    } catch (const Error& e) {
      return e;
    }
  }

  Result<std::vector<double>> score_reasons(const PreparedSample& sample, ClassId label,
                                            std::span<const std::string> texts) const override {
    try {
      std::deque<Image> made;
      PromptVariant variant;
      variant.reason = true;
      ScoreRequest request = request_of(sample, variant, Pass{}, made);
      const std::string start = answer_before_reason(request.answers.at(label.index()));
      request.answers.clear();
      for (const std::string& text : texts) request.answers.push_back(start + text);
      auto scored = std::move(model_->score({&request, 1}).front());
      if (!scored) return scored.error();
      return label_log_scores(scored.value(), Normalisation::kSum);
    } catch (const Error& e) {
      return e;
    }
  }

 private:
  PromptVariant variant_of(const Pass& pass) const {
    PromptVariant variant;
    variant.descriptions = pass.kind != Pass::Kind::kNoDescriptions;
    if (pass.kind == Pass::Kind::kOrder) {
      const auto n = static_cast<int>(task_.size());
      for (int i = 0; i < n; ++i) variant.order.push_back(ClassId{(i + pass.k) % n});
    }
    return variant;
  }

  /// `made` keeps pictures that are not the sample's own.
  ScoreRequest request_of(const PreparedSample& sample, const PromptVariant& variant,
                          const Pass& pass, std::deque<Image>& made) const {
    ScoreRequest request;
    request.prompt = render_prompt(
        task_, variant, [&](const std::string& field) { return field_text(sample, field); });
    request.answers = render_answers(task_, variant);
    leave_out(request.prompt, [&](const std::string& name) {
      return is_optional(name) &&
             std::none_of(sample.views.begin(), sample.views.end(),
                          [&](const PreparedSample::View& view) { return view.name == name; });
    });
    const std::vector<std::string> views = request.prompt.image_views();
    refuse_shot(sample, views);
    show_shots(request, views, made);
    request.examples = request.images.size();
    for (const std::string& name : views) {
      const Image& image = view_of(sample, name);
      if (pass.kind == Pass::Kind::kBlank) {
        made.push_back({image.width, image.height, image.channels, {}});
        made.back().pixels.assign(image.size(), kMidGrey);
        request.images.push_back(&made.back());
      } else if (pass.kind == Pass::Kind::kOrientation) {
        made.push_back(oriented(image, pass.k));
        request.images.push_back(shrunk(name, made.back(), made));
      } else {
        request.images.push_back(shrunk(name, image, made));
      }
    }
    return request;
  }

  /// A sample that the prompt shows with its answer says nothing of the model.
  void refuse_shot(const PreparedSample& sample, const std::vector<std::string>& views) const {
    for (const Shot& shot : shots_) {
      const bool same = std::all_of(views.begin(), views.end(), [&](const std::string& name) {
        const Image& a = view_of(sample, name);
        const Image& b = view_of(shot.sample, name);
        return a.width == b.width && a.height == b.height && a.pixels == b.pixels;
      });
      if (same) {
        throw Error::input("sample '" + sample.id + "'",
                           "is shown in the prompt as the example '" + shot.sample.id + "'");
      }
    }
  }

  /// A picture that is larger than the model takes, where its view says how it shrinks.
  const Image* shrunk(const std::string& name, const Image& image, std::deque<Image>& made) const {
    const int longer = std::max(image.width, image.height);
    if (side_ == 0 || longer <= side_) return &image;
    const ViewSettings* view = view_settings(task_, name);
    if (view == nullptr || view->shrink.empty()) return &image;
    Image charge = image;
    if (view->stretch.invert) invert(charge);
    made.push_back(resize_longer(charge, side_, resize_filter(view->shrink)));
    if (view->stretch.invert) invert(made.back());
    return &made.back();
  }

  /// Puts the shots before the question, and their pictures before its pictures.
  void show_shots(ScoreRequest& request, const std::vector<std::string>& views,
                  std::deque<Image>& made) const {
    if (shots_.empty()) return;
    std::vector<PromptPart> parts;
    std::string text = "Here are examples with their answers.\n\n";
    int number = 0;
    for (const Shot& shot : shots_) {
      ++number;
      parts.push_back({PromptPart::Kind::kText, text});
      for (const std::string& name : views) {
        parts.push_back(
            {PromptPart::Kind::kImage, "example " + std::to_string(number) + " " + name});
        request.images.push_back(shrunk(name, view_of(shot.sample, name), made));
      }
      text = "\nAnswer: " + request.answers[shot.truth.index()] + "\n\n";
    }
    text += "Now the one that is asked about.\n\n";
    std::vector<PromptPart>& user = request.prompt.user;
    if (!user.empty() && user.front().kind == PromptPart::Kind::kText) {
      user.front().text = text + user.front().text;
    } else {
      user.insert(user.begin(), {PromptPart::Kind::kText, text});
    }
    user.insert(user.begin(), parts.begin(), parts.end());
  }

  /// Views that a sample may lack (ViewSettings::optional); a joined picture is always there.
  bool is_optional(const std::string& name) const {
    return std::any_of(task_.views.begin(), task_.views.end(), [&](const ViewSettings& view) {
      return view.optional && view.name == name;
    });
  }

  /// Takes the places of the views that `leave` names out of a prompt.
  template <typename Leave>
  static void leave_out(RenderedPrompt& prompt, const Leave& leave) {
    for (std::vector<PromptPart>* parts : {&prompt.user, &prompt.literal}) {
      std::erase_if(*parts, [&](const PromptPart& part) {
        return part.kind == PromptPart::Kind::kImage && leave(part.text);
      });
    }
  }

  static std::string field_text(const PreparedSample& sample, const std::string& field) {
    const auto column = std::find_if(sample.metadata.begin(), sample.metadata.end(),
                                     [&](const Metadata& m) { return m.name == field; });
    if (column == sample.metadata.end()) {
      std::vector<std::string> measured;
      for (const Metadata& m : sample.metadata) {
        if (m.provenance == Provenance::kMeasured) measured.push_back(m.name);
      }
      throw Error::input("sample '" + sample.id + "'", "has no column '" + field + "'",
                         measured.empty() ? "it has none that a prompt may show"
                                          : "it has " + text::join(measured, ", "));
    }
    if (column->provenance != Provenance::kMeasured) {
      throw Error::usage("field '" + field + "'", "holds truth, which must not enter a prompt");
    }
    return to_text(column->value);
  }

  static const Image& view_of(const PreparedSample& sample, const std::string& name) {
    const auto view = std::find_if(sample.views.begin(), sample.views.end(),
                                   [&](const PreparedSample::View& v) { return v.name == name; });
    if (view != sample.views.end()) return view->image;
    std::vector<std::string> names;
    for (const PreparedSample::View& v : sample.views) names.push_back(v.name);
    throw Error::input("sample '" + sample.id + "'", "has no view '" + name + "'",
                       "its views are " + text::join(names, ", "));
  }

  /// Task and model are tried together before the first sample, on blank pictures and with a
  /// placeholder for every field.
  void check() const {
    RenderedPrompt prompt =
        render_prompt(task_, {}, [](const std::string&) { return std::string("0"); });
    // A sample may lack all optional views but one.
    bool required = std::any_of(task_.views.begin(), task_.views.end(),
                                [](const ViewSettings& view) { return !view.optional; });
    leave_out(prompt, [&](const std::string& name) {
      if (!is_optional(name)) return false;
      return std::exchange(required, true);
    });
    const std::vector<std::string> views = prompt.image_views();
    const std::size_t pictures = views.size() * (shots_.size() + 1);
    const Capabilities can = model_->capabilities();
    if (static_cast<int>(pictures) > can.max_images) {
      throw Error::usage("task '" + task_.name + "'", "shows " + std::to_string(pictures) +
                                                          " pictures, the model takes " +
                                                          std::to_string(can.max_images));
    }
    if (!shots_.empty() && !prompt.literal.empty()) {
      throw Error::usage("task '" + task_.name + "'",
                         "has a literal chat form, which has no place for examples");
    }
    const Image blank{1, 1, 3, {kMidGrey, kMidGrey, kMidGrey}};
    ScoreRequest request{prompt, {}, render_answers(task_, {})};
    std::deque<Image> made;
    show_shots(request, views, made);
    request.images.insert(request.images.end(), views.size(), &blank);
    model_->describe(request);
  }

  std::shared_ptr<const VisionLanguageModel> model_;
  Task task_;
  std::vector<Shot> shots_;
  int side_ = 0;
};

}  // namespace

Result<Generated> Classifier::generate(const PreparedSample&, const Writing&) const {
  return Error::usage("model", "writes no text");
}

Result<std::vector<double>> Classifier::score_reasons(const PreparedSample&, ClassId,
                                                      std::span<const std::string>) const {
  return Error::usage("model", "writes no text");
}

std::string Pass::name() const {
  switch (kind) {
    case Kind::kMain:
      return "main";
    case Kind::kBlank:
      return "blank";
    case Kind::kNoDescriptions:
      return "no_descriptions";
    case Kind::kOrder:
      return "order_" + std::to_string(k);
    case Kind::kOrientation:
      return "orientation_" + std::to_string(k);
  }
  return {};
}

std::unique_ptr<Classifier> make_vlm_classifier(std::shared_ptr<const VisionLanguageModel> model,
                                                Task task, std::vector<Shot> shots) {
  return std::make_unique<VlmClassifier>(std::move(model), std::move(task), std::move(shots));
}

}  // namespace firstlight
