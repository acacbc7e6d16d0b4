#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "readers.h"

namespace firstlight {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTruthEnding = "_pid.txt";

/// One event: its files by view and where its truth would be.
struct Event {
  std::string id;
  std::string stem;                          ///< path below the folder without `_VIEW.png`
  std::map<std::string, std::string> views;  ///< path below the folder by view
};

/// `<id>/<id>` is one name said twice; `a/b_1` is the event b_1 in folder a.
std::string id_of(const std::string& stem) {
  const fs::path path(stem);
  return path.parent_path().filename() == path.filename() ? path.parent_path().generic_string()
                                                          : stem;
}

/// Events as the authors of arXiv:2509.08461 keep them: a picture a view, the truth in a text.
class PixelMapSource : public SampleSource {
 public:
  PixelMapSource(std::string folder, std::vector<Event> events, std::vector<std::string> views)
      : folder_(std::move(folder)), events_(std::move(events)), views_(std::move(views)) {}

  std::size_t size() const override { return events_.size(); }
  std::string id(std::size_t index) const override { return events_.at(index).id; }

  Result<Sample> load(std::size_t index) const override {
    const Event& event = events_.at(index);
    Sample sample = describe(index);
    for (const std::string& name : views_) {
      const auto file = event.views.find(name);
      if (file == event.views.end()) {
        return Error::input(sample.origin, "has no picture of the view '" + name + "'",
                            "other events have one: the folder is incomplete");
      }
      auto pixels = read_image((fs::path(folder_) / file->second).string());
      if (!pixels) return pixels.error();
      sample.views.push_back({name, std::move(pixels).value()});
    }
    return sample;
  }

  std::optional<std::string> truth(std::size_t index) const override {
    const fs::path file = fs::path(folder_) / (events_.at(index).stem + std::string(kTruthEnding));
    std::error_code status;
    if (!fs::is_regular_file(file, status)) return std::nullopt;
    try {
      std::string text = text::trim(text::read_file(file.string()));
      if (text.empty()) return std::nullopt;
      return text;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  Sample describe(std::size_t index) const override {
    const Event& event = events_.at(index);
    Sample sample;
    sample.id = event.id;
    sample.origin = (fs::path(folder_) / event.stem).string();
    sample.truth = truth(index);
    return sample;
  }

  std::vector<ColumnInfo> columns() const override { return {}; }

 private:
  std::string folder_;
  std::vector<Event> events_;
  std::vector<std::string> views_;
};

}  // namespace

bool is_pixelmap_name(std::string_view name) {
  const std::string low = text::lower(name);
  return low.ends_with(kTruthEnding) || without_extension(low).ends_with("_xz");
}

std::unique_ptr<SampleSource> open_pixelmap(const Spec& spec) {
  spec.require_known({});
  std::vector<Event> events;
  std::map<std::string, std::size_t> place;
  std::set<std::string> views;
  for (const std::string& file : list_files(spec.body, is_image_name)) {
    const std::string name = without_extension(file);
    const std::size_t bar = name.rfind('_');
    if (bar == std::string::npos || bar + 1 == name.size() ||
        name.find('/', bar) != std::string::npos) {
      continue;
    }
    const std::string stem = name.substr(0, bar);
    const std::string view = text::lower(name.substr(bar + 1));
    const auto [found, is_new] = place.emplace(stem, events.size());
    if (is_new) events.push_back({id_of(stem), stem, {}});
    Event& event = events[found->second];
    if (!event.views.emplace(view, file).second) {
      throw Error::input((fs::path(spec.body) / file).string(),
                         "the view '" + view + "' of this event has another picture too");
    }
    views.insert(view);
  }
  if (events.empty()) {
    throw Error::input(spec.body, "holds no pixel maps",
                       "they are named ID_VIEW.png, for instance 17_xz.png and 17_yz.png, with "
                       "the truth in 17_pid.txt");
  }
  std::set<std::string> ids;
  for (const Event& event : events) {
    if (!ids.insert(event.id).second) {
      throw Error::input(spec.body, "two events have the id '" + event.id + "'",
                         "keep each in a folder of its own");
    }
  }
  return std::make_unique<PixelMapSource>(spec.body, std::move(events),
                                          std::vector<std::string>(views.begin(), views.end()));
}

}  // namespace firstlight
