#include "html.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"

namespace firstlight {
namespace {

TEST(Html, EscapesWhatMarkupIsMadeOf) {
  EXPECT_EQ(html::escape("<script>alert(\"1\" & '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(html::escape("Sérsic n = 4, β < 1"), "Sérsic n = 4, β &lt; 1");
}

TEST(Html, ReplacesBytesThatAreNotText) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(html::escape(std::string("a\0b", 3)), "a" + mark + "b");
  EXPECT_EQ(html::escape("\x1b[31m\x7f"), mark + "[31m" + mark);
  EXPECT_EQ(html::escape("\xff\xc3"), mark + mark);
  EXPECT_EQ(html::escape("\xc0\xbc"), mark + mark) << "overlong form of '<'";
  EXPECT_EQ(html::escape("\xed\xa0\x80"), mark + mark + mark) << "surrogate";
  EXPECT_EQ(html::escape("\xf0\x9f\x8c\x8c"), "\xf0\x9f\x8c\x8c");
}

TEST(Html, JsonCannotEndItsScript) {
  const nlohmann::json value = {{"</script><script>", "<!-- & ]]> \xE2\x80\xA8 \xff \"quoted\""}};
  const std::string text = html::script_json(value);
  for (const char* bad : {"<", ">", "&", "\xE2\x80\xA8", "\xff"}) {
    EXPECT_EQ(text.find(bad), std::string::npos) << text;
  }
  const nlohmann::json back = nlohmann::json::parse(text);
  EXPECT_EQ(back["</script><script>"], "<!-- & ]]> \xE2\x80\xA8 \xEF\xBF\xBD \"quoted\"");
}

TEST(Html, DataUri) {
  EXPECT_EQ(html::data_uri("image/png", "foob"), "data:image/png;base64,Zm9vYg==");
}

TEST(Html, HashOfAnInlineScript) {
  // The example of W3C's Content Security Policy Level 2.
  EXPECT_EQ(html::csp_hash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

TEST(Html, FillsEachPlaceOnce) {
  EXPECT_EQ(html::fill("<p>{{a}} and {{b}}</p>", {{"a", "{{b}}"}, {"b", "two"}}),
            "<p>{{b}} and two</p>");
  EXPECT_THROW(html::fill("{{c}}", {{"a", ""}}), Error);
}

}  // namespace
}  // namespace firstlight
