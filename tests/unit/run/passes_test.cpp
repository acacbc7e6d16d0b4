#include "firstlight/run/passes.h"

#include <gtest/gtest.h>

#include <string>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"

namespace firstlight {
namespace {

std::string names(const std::vector<Pass>& passes) {
  std::vector<std::string> out;
  for (const Pass& pass : passes) out.push_back(pass.name());
  return text::join(out, ",");
}

/// The message of the usage error that `act` ends in.
template <typename Act>
std::string refusal(const Act& act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

Task two_views() {
  return parse_task(
      "name: event\nclasses: [{key: track}, {key: shower}]\nviews: [{name: u}, {name: v}]\n"
      "prompt: \"{image} {classes}\"\nanswer: \"{name}\"\n",
      "test");
}

TEST(ParsePasses, NamesAndFamilies) {
  const Task task = task_from_class_names({"a", "b", "c"});
  EXPECT_EQ(names(parse_passes("main", task)), "main");
  EXPECT_EQ(names(parse_passes("main, blank,no_descriptions", task)), "main,blank,no_descriptions");
  EXPECT_EQ(names(parse_passes("order,main", task)), "order_1,order_2,main");
  EXPECT_EQ(names(parse_passes("main,order_2", task)), "main,order_2");
  EXPECT_EQ(names(parse_passes("main,orientation_6", task)), "main,orientation_6");
  EXPECT_EQ(names(parse_passes("main,orientation", task)),
            "main,orientation_1,orientation_2,orientation_3,orientation_4,orientation_5,"
            "orientation_6,orientation_7");
  for (const char* wrong :
       {"", "blank", "main,main", "main,order_0", "main,order_3", "main,x", "main,order,order_1",
        "main,orientation_0", "main,orientation_8", "main,orientation,orientation_2"}) {
    EXPECT_THROW(parse_passes(wrong, task), Error) << wrong;
  }
}

TEST(SpreadOrders, AreEvenlySpreadRotationsWithMainFirst) {
  const Task four = task_from_class_names({"a", "b", "c", "d"});
  EXPECT_EQ(names(spread_orders(1, four)), "main");
  EXPECT_EQ(names(spread_orders(2, four)), "main,order_2");
  EXPECT_EQ(names(spread_orders(3, four)), "main,order_1,order_2");
  EXPECT_EQ(names(spread_orders(4, four)), "main,order_1,order_2,order_3");
  EXPECT_THROW(spread_orders(0, four), Error);
  EXPECT_THROW(spread_orders(5, four), Error);
}

TEST(OrientationPasses, BeginWithMain) {
  const Task task = task_from_class_names({"a", "b"});
  EXPECT_EQ(names(orientation_passes(1, task)), "main");
  EXPECT_EQ(names(orientation_passes(4, task)), "main,orientation_1,orientation_2,orientation_3");
  EXPECT_NE(refusal([&] { orientation_passes(9, task); }).find("--orientations"),
            std::string::npos);
}

TEST(OrientationPasses, AreNotForSeveralViewsOfAnEvent) {
  const Task event = two_views();
  EXPECT_NE(refusal([&] { orientation_passes(2, event); }).find("several views"),
            std::string::npos);
  EXPECT_NE(refusal([&] { parse_passes("main,orientation_1", event); }).find("--passes"),
            std::string::npos);
  EXPECT_EQ(names(orientation_passes(1, event)), "main");
}

}  // namespace
}  // namespace firstlight
