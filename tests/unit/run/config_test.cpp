#include "firstlight/run/config.h"

#include "firstlight/base/error.h"
#include "firstlight/base/paths.h"
#include "test_run.h"

namespace firstlight {
namespace {

TEST(RunConfig, ComesBackFromItsNestedJson) {
  RunConfig config = config_of(12);
  config.settings["data.spec"] = "csv:a.csv?path=\"x\"";
  const std::string json = config.to_json();
  EXPECT_NE(json.find("\"spec\": \"csv:a.csv"), std::string::npos) << json;
  const RunConfig back = RunConfig::from_json(json, "here");
  EXPECT_EQ(back.settings, config.settings);
  EXPECT_EQ(back.machine, config.machine);
}

TEST(RunConfig, MalformedJsonNamesItsOrigin) {
  for (const char* json :
       {"", "{", "{\"settings\": {}}", "{\"settings\": {\"a\": 1}, \"machine\": {}}"}) {
    try {
      RunConfig::from_json(json, "run.sqlite");
      FAIL() << json;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      EXPECT_NE(std::string(e.what()).find("run.sqlite"), std::string::npos);
    }
  }
}

TEST(RunConfig, DifferencesNameBothValues) {
  const RunConfig before = config_of(12);
  RunConfig now = before;
  now.machine["processor"] = "another";
  EXPECT_TRUE(differences(before, now).empty());
  now.settings["passes"] = "main";
  now.settings["data.fold"] = "0/5";
  now.settings.erase("normalisation");
  EXPECT_EQ(differences(before, now),
            (std::vector<std::string>{"data.fold: was not set, is '0/5'",
                                      "normalisation: was 'sum', is not set",
                                      "passes: was 'main,order_1', is 'main'"}));
}

TEST(RunConfig, PixelSettingsHashSeesEverySetting) {
  Task task;
  task.views = {ViewSettings{}};
  const std::string plain = pixel_settings_hash(task);
  EXPECT_EQ(plain, pixel_settings_hash(task));
  const auto changed = [&](auto change) {
    Task other = task;
    change(other.views[0]);
    return pixel_settings_hash(other);
  };
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.stretch.kind = "asinh"; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.stretch.low = 0; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.stretch.softening = 0.2; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.stretch.limits_from = 0.5; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.stretch.invert = true; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.crop = 0.5; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.resize = 64; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) { v.resize_filter = "area"; }));
  EXPECT_NE(plain, changed([](ViewSettings& v) {
              v.description = "u";
              v.name = "u";
            }));
}

TEST(RunConfig, TheMachineSaysWhatReportsShow) {
  const auto machine = describe_machine();
  EXPECT_EQ(machine.at("program"), "firstlight " + version());
  for (const char* key : {"processor", "instruction_sets", "cores", "memory_bytes", "system"}) {
    EXPECT_FALSE(machine.at(key).empty()) << key;
  }
  EXPECT_GT(std::stoll(machine.at("memory_bytes")), 1 << 20);
}

}  // namespace
}  // namespace firstlight
