#include "firstlight/base/spec.h"

#include <gtest/gtest.h>

#include <string>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

TEST(Spec, SchemeBodyAndOptions) {
  const Spec spec = parse_spec("csv:my%20list.csv?path=file&truth=a%26b", {"csv", "folder"});
  EXPECT_EQ(spec.scheme, "csv");
  EXPECT_EQ(spec.body, "my list.csv");
  EXPECT_EQ(spec.option("truth"), "a&b");
  EXPECT_FALSE(spec.option("id").has_value());
}

TEST(Spec, BarePathHasNoScheme) {
  EXPECT_EQ(parse_spec("images/a.png", {"csv"}).scheme, "");
  EXPECT_EQ(parse_spec("images/a.png", {"csv"}).body, "images/a.png");
}

TEST(Spec, UnknownKeyNamesTheNearest) {
  const Spec spec = parse_spec("csv:x?pth=file", {"csv"});
  try {
    spec.require_known({"path", "truth", "id"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("did you mean 'path'?"), std::string::npos);
  }
}

TEST(Spec, MalformedOptionsAreUsageErrors) {
  EXPECT_THROW(parse_spec("csv:x?path", {"csv"}), Error);
  EXPECT_THROW(parse_spec("csv:x?a=1&a=2", {"csv"}), Error);
  EXPECT_THROW(parse_spec("csv:x%2", {"csv"}), Error);
}

}  // namespace
}  // namespace firstlight
