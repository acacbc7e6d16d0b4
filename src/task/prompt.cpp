#include "firstlight/task/prompt.h"

#include <algorithm>
#include <numeric>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "segments.h"
#include "template.h"

namespace firstlight {
namespace {

constexpr const char* kReasonRequest =
    "\nWrite the reason on a line of its own, in one or two sentences.";

std::string where(const Task& task, int line = 0) {
  return line > 0 ? task.origin + ":" + std::to_string(line) : task.origin;
}

/// The classes in the order of the prompt, and the place of each in it.
class Order {
 public:
  Order(const Task& task, const std::vector<ClassId>& wanted) : place_(task.size()) {
    classes_ = wanted;
    if (classes_.empty()) {
      for (std::size_t i = 0; i < task.size(); ++i) {
        classes_.push_back(ClassId{static_cast<std::int32_t>(i)});
      }
    }
    std::vector<bool> seen(task.size(), false);
    for (std::size_t place = 0; place < classes_.size(); ++place) {
      const ClassId id = classes_[place];
      if (id.value < 0 || id.index() >= task.size() || seen[id.index()]) {
        throw Error::usage(where(task), "the order of classes names one twice or one too many");
      }
      seen[id.index()] = true;
      place_[id.index()] = static_cast<int>(place);
    }
    if (classes_.size() != task.size()) {
      throw Error::usage(where(task), "the order of classes leaves some out",
                         "name each of the " + std::to_string(task.size()) + " once");
    }
    const bool moved = !std::is_sorted(classes_.begin(), classes_.end());
    if (moved && !can_reorder(task)) {
      throw Error::usage(where(task), "the prompt has no order of classes to change",
                         "list them by {classes}, or number each by {index:KEY}");
    }
  }

  const std::vector<ClassId>& classes() const { return classes_; }
  int place(ClassId id) const { return place_[id.index()]; }

 private:
  std::vector<ClassId> classes_;
  std::vector<int> place_;
};

std::string expand(const Task& task, const Order& order, ClassId id, std::string_view text) {
  const ClassDefinition& c = task.classes[id.index()];
  return expand_template(text, [&](const std::string& marker) -> std::string {
    if (marker == "index") return std::to_string(task.first_index + order.place(id));
    if (marker == "letter") return std::string(1, static_cast<char>('A' + order.place(id)));
    if (marker == "key") return c.key;
    if (marker == "name") return c.name;
    return c.description;
  });
}

std::string class_list(const Task& task, const Order& order, bool descriptions) {
  const std::string bare = task.class_line_without_descriptions.empty()
                               ? line_without_description(task.class_line)
                               : task.class_line_without_descriptions;
  std::vector<std::string> lines;
  for (const ClassId id : order.classes()) {
    const bool full = descriptions && !task.classes[id.index()].description.empty();
    lines.push_back(expand(task, order, id, full ? task.class_line : bare));
  }
  return text::join(lines, task.class_separator);
}

ClassId class_with_key(const Task& task, const std::string& key) {
  const auto found = std::find_if(task.classes.begin(), task.classes.end(),
                                  [&](const ClassDefinition& c) { return c.key == key; });
  if (found == task.classes.end()) throw Error::usage(where(task), "no class '" + key + "'");
  return ClassId{static_cast<std::int32_t>(found - task.classes.begin())};
}

void append_text(std::vector<PromptPart>& parts, const std::string& text) {
  if (text.empty()) return;
  if (!parts.empty() && parts.back().kind == PromptPart::Kind::kText) {
    parts.back().text += text;
  } else {
    parts.push_back({PromptPart::Kind::kText, text});
  }
}

void append_parts(std::vector<PromptPart>& parts, const std::vector<PromptPart>& more) {
  for (const PromptPart& part : more) {
    if (part.kind == PromptPart::Kind::kText) {
      append_text(parts, part.text);
    } else {
      parts.push_back(part);
    }
  }
}

/// Everything but the places of prompt and system in a literal chat form.
class Renderer {
 public:
  Renderer(const Task& task, const Order& order, bool descriptions, const FieldText& field_text)
      : task_(task), order_(order), descriptions_(descriptions), field_text_(field_text) {}

  std::vector<PromptPart> parts(const std::vector<Segment>& segments) const {
    std::vector<PromptPart> out;
    for (const Segment& segment : segments) add(segment, out);
    return out;
  }

  void add(const Segment& segment, std::vector<PromptPart>& out) const {
    switch (segment.kind) {
      case Segment::Kind::kText:
        append_text(out, segment.text);
        break;
      case Segment::Kind::kClasses:
        append_text(out, class_list(task_, order_, descriptions_));
        break;
      case Segment::Kind::kIndex: {
        const int place = order_.place(class_with_key(task_, segment.text));
        append_text(out, std::to_string(task_.first_index + place));
        break;
      }
      case Segment::Kind::kField:
        append_text(out, field(segment));
        break;
      case Segment::Kind::kImage:
        if (!segment.text.empty()) {
          out.push_back({PromptPart::Kind::kImage, segment.text});
        } else {
          for (const std::string& name : task_.pictures()) {
            out.push_back({PromptPart::Kind::kImage, name});
          }
        }
        break;
      case Segment::Kind::kPrompt:
      case Segment::Kind::kSystem:
        break;
    }
  }

 private:
  std::string field(const Segment& segment) const {
    if (!field_text_) {
      throw Error::usage(where(task_, segment.line),
                         "the prompt needs the field '" + segment.text + "' of a sample");
    }
    std::string text = field_text_(segment.text);
    if (text.find(kImageMarker) != std::string::npos) {
      throw Error::input("field '" + segment.text + "'", "holds the image marker <image>");
    }
    return text;
  }

  const Task& task_;
  const Order& order_;
  bool descriptions_;
  const FieldText& field_text_;
};

const std::vector<Segment>& prompt_of(const Task& task, bool descriptions) {
  if (descriptions) return task.prompt;
  if (!task.prompt_without_descriptions.empty()) return task.prompt_without_descriptions;
  if (!lists_classes(task)) {
    throw Error::usage(where(task), "the task has no prompt without descriptions",
                       "list the classes by {classes}, or add prompt_without_descriptions");
  }
  return task.prompt;
}

}  // namespace

bool lists_classes(const Task& task) {
  return holds(task.prompt, Segment::Kind::kClasses) || holds(task.system, Segment::Kind::kClasses);
}

std::vector<std::string> RenderedPrompt::image_views() const {
  std::vector<std::string> views;
  for (const PromptPart& part : literal.empty() ? user : literal) {
    if (part.kind == PromptPart::Kind::kImage) views.push_back(part.text);
  }
  return views;
}

RenderedPrompt render_prompt(const Task& task, const PromptVariant& variant,
                             const FieldText& field_text) {
  const Order order(task, variant.order);
  const Renderer renderer(task, order, variant.descriptions, field_text);
  std::vector<PromptPart> user = renderer.parts(prompt_of(task, variant.descriptions));
  if (variant.reason) append_text(user, kReasonRequest);
  const std::vector<PromptPart> system = renderer.parts(task.system);

  RenderedPrompt rendered;
  if (task.chat.empty()) {
    rendered.user = user;
    for (const PromptPart& part : system) rendered.system += part.text;
    return rendered;
  }
  for (const Segment& segment : task.chat) {
    if (segment.kind == Segment::Kind::kPrompt) {
      append_parts(rendered.literal, user);
    } else if (segment.kind == Segment::Kind::kSystem) {
      append_parts(rendered.literal, system);
    } else {
      renderer.add(segment, rendered.literal);
    }
  }
  return rendered;
}

std::string answer_before_reason(const std::string& answer) { return answer + "\n"; }

std::vector<std::string> render_answers(const Task& task, const PromptVariant& variant) {
  const Order order(task, variant.order);
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < task.size(); ++i) {
    answers.push_back(expand(task, order, ClassId{static_cast<std::int32_t>(i)}, task.answer));
  }
  return answers;
}

Task with_answer(const Task& task, const std::string& answer) {
  const std::string place = "answer '" + answer + "'";
  try {
    for (const TemplatePiece& piece : split_template(answer)) {
      if (piece.is_marker &&
          std::find(kLineMarkers.begin(), kLineMarkers.end(), piece.text) == kLineMarkers.end()) {
        throw Error::unknown_key(place, piece.text, kLineMarkers);
      }
      if (piece.is_marker && piece.text == "letter" && task.size() > kMaxLetters) {
        throw Error::usage(place, "{letter} numbers at most 26 classes", "use {index}");
      }
    }
  } catch (const TemplateError& e) {
    throw Error::usage(place, e.what);
  }
  Task changed = task;
  changed.answer = answer;
  return changed;
}

bool can_reorder(const Task& task) {
  if (lists_classes(task)) {
    return true;
  }
  return std::all_of(task.classes.begin(), task.classes.end(), [&](const ClassDefinition& c) {
    return std::any_of(task.prompt.begin(), task.prompt.end(), [&](const Segment& segment) {
      return segment.kind == Segment::Kind::kIndex && segment.text == c.key;
    });
  });
}

std::vector<std::string> prompt_fields(const Task& task) {
  std::vector<std::string> fields;
  for (const auto* segments : {&task.system, &task.prompt, &task.prompt_without_descriptions}) {
    for (const Segment& segment : *segments) {
      if (segment.kind == Segment::Kind::kField &&
          std::find(fields.begin(), fields.end(), segment.text) == fields.end()) {
        fields.push_back(segment.text);
      }
    }
  }
  return fields;
}

void check_fields(const Task& task, const std::vector<std::string>& measured,
                  const std::vector<std::string>& truth) {
  const auto among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto* segments : {&task.system, &task.prompt, &task.prompt_without_descriptions}) {
    for (const Segment& segment : *segments) {
      if (segment.kind != Segment::Kind::kField || among(measured, segment.text)) continue;
      const std::string place = where(task, segment.line);
      if (among(truth, segment.text)) {
        throw Error::usage(
            place, "the field '" + segment.text + "' is truth, which would give the answer away",
            "only measured columns may enter a prompt");
      }
      const auto nearest = text::nearest(segment.text, measured);
      throw Error::usage(place, "the data have no field '" + segment.text + "'",
                         nearest            ? "did you mean '" + *nearest + "'?"
                         : measured.empty() ? "they have no measured columns"
                                            : "they have: " + text::join(measured, ", "));
    }
  }
}

}  // namespace firstlight
