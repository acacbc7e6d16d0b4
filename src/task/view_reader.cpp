#include "view_reader.h"

#include <algorithm>
#include <map>
#include <string>

#include "fields.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {

using yaml::Node;

namespace {

/// The kinds of stretch, each with the settings that it uses (image/stretch.h).
const std::map<std::string, std::vector<std::string>>& stretch_kinds() {
  static const std::map<std::string, std::vector<std::string>> kinds = {
      {"none", {}},
      {"linear", {"low", "high", "limits_from"}},
      {"percentile", {"low", "high", "percentile", "limits_from"}},
      {"zscale", {"low", "high", "contrast", "limits_from"}},
      {"asinh", {"low", "high", "softening", "percentile", "limits_from"}},
      {"log", {"low", "high", "softening", "percentile", "limits_from"}},
      {"lupton", {"low", "softening", "stretch"}},
  };
  return kinds;
}

StretchSettings read_stretch(const Node& node) {
  std::vector<std::string> names;
  for (const auto& [name, settings] : stretch_kinds()) names.push_back(name);
  StretchSettings stretch;
  if (node.is_text()) {
    require_one_of(node, names);
    stretch.kind = node.text();
    return stretch;
  }
  node.require_known(
      {"kind", "low", "high", "softening", "percentile", "stretch", "contrast", "limits_from"});
  require_one_of(node.at("kind"), names);
  stretch.kind = node.at("kind").text();
  const std::vector<std::string>& used = stretch_kinds().at(stretch.kind);
  for (const std::string& key : node.keys()) {
    if (key == "kind" || std::find(used.begin(), used.end(), key) != used.end()) continue;
    throw node.at(key).error(
        "the stretch '" + stretch.kind + "' does not use '" + key + "'",
        used.empty() ? "it has no settings" : "it uses " + text::join(used, ", "));
  }
  constexpr double kLarge = 1e30;
  constexpr double kSmall = 1e-12;
  const auto read = [&](const char* key, double low, double high, auto& target) {
    if (const Node* value = node.find(key)) target = value->number(low, high);
  };
  read("low", -kLarge, kLarge, stretch.low);
  read("high", -kLarge, kLarge, stretch.high);
  read("softening", kSmall, kLarge, stretch.softening);
  read("percentile", kSmall, 100, stretch.percentile);
  read("stretch", kSmall, kLarge, stretch.stretch);
  read("contrast", kSmall, 1, stretch.contrast);
  read("limits_from", kSmall, 1, stretch.limits_from);
  if (stretch.low && stretch.high && *stretch.low >= *stretch.high) {
    throw node.at("high").error("'high' must be above 'low'");
  }
  return stretch;
}

}  // namespace

std::vector<ViewSettings> read_views(const Node* list) {
  std::vector<ViewSettings> views;
  if (list == nullptr) {
    views.emplace_back().name = "image";
    return views;
  }
  for (const Node& item : list->items()) {
    item.require_known({"name", "description", "optional", "stretch", "invert", "crop", "resize",
                        "resize_filter", "shrink"});
    ViewSettings view;
    const Node& name = item.at("name");
    view.name = nonempty(name);
    if (view.name.find_first_of("{}\n") != std::string::npos) {
      throw name.error("a view's name cannot hold braces or line breaks");
    }
    for (const ViewSettings& other : views) {
      if (other.name == view.name) throw name.error("the view '" + view.name + "' is given twice");
    }
    view.description = text_at(item, "description", "");
    if (const Node* optional = item.find("optional")) view.optional = optional->boolean();
    if (const Node* stretch = item.find("stretch")) view.stretch = read_stretch(*stretch);
    if (const Node* invert = item.find("invert")) view.stretch.invert = invert->boolean();
    if (const Node* crop = item.find("crop")) view.crop = crop->number(1e-6, 1);
    if (const Node* side = item.find("resize")) {
      view.resize = static_cast<int>(side->integer(1, 8192));
    }
    if (const Node* filter = item.find("resize_filter")) {
      require_one_of(*filter, {"bicubic", "bilinear", "lanczos", "area", "max", "sum"});
      view.resize_filter = filter->text();
    }
    if (const Node* filter = item.find("shrink")) {
      require_one_of(*filter, {"area", "max"});
      view.shrink = filter->text();
    }
    views.push_back(std::move(view));
  }
  if (views.empty()) throw list->error("'views' names no view", "leave the key out for one image");
  return views;
}

ViewLayout read_layout(const Node& node, const std::vector<ViewSettings>& views) {
  static const std::vector<std::string> kNames = {"separate", "side_by_side", "stacked",
                                                  "channels"};
  require_one_of(node, kNames);
  const auto place = std::find(kNames.begin(), kNames.end(), node.text()) - kNames.begin();
  const auto layout = static_cast<ViewLayout>(place);
  if (layout != ViewLayout::kSeparate && views.size() < 2) {
    throw node.error("the layout joins views, and the task has one", "leave 'layout' out");
  }
  if (layout == ViewLayout::kChannels && views.size() > 3) {
    throw node.error("the layout 'channels' takes at most three views");
  }
  return layout;
}

}  // namespace firstlight
