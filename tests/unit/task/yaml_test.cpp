#include "firstlight/task/yaml.h"

#include <gtest/gtest.h>

#include <string>

#include "expect_error.h"

namespace firstlight {
namespace {

std::string error_of(const std::string& text) {
  return usage_error([&] { yaml::parse(text, "f.yaml"); });
}

TEST(Yaml, ReadsValuesWithLines) {
  const yaml::Node root =
      yaml::parse("# comment\na: 1\nb:\n  - x\n  - c: true\n    d: 2.5\n", "f.yaml");
  EXPECT_EQ(root.keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.at("a").integer(0, 5), 1);
  const yaml::Node& item = root.at("b").items().at(1);
  EXPECT_TRUE(item.at("c").boolean());
  EXPECT_EQ(item.at("d").number(0, 3), 2.5);
  EXPECT_EQ(item.at("d").where(), "f.yaml:6");
  EXPECT_EQ(item.at("d").path(), "b[1].d");
  EXPECT_EQ(root.find("z"), nullptr);
}

TEST(Yaml, WrongTypesNameTheKey) {
  const yaml::Node root = yaml::parse("a: [1]\nb: '1'\nc: 1.5\nd:\neach: yes\n", "f.yaml");
  EXPECT_EQ(usage_error([&] { root.at("a").text(); }),
            "f.yaml:1: 'a' must be a text, but is a list");
  EXPECT_EQ(usage_error([&] { root.at("b").integer(0, 9); }),
            "f.yaml:2: 'b' must be a whole number from 0 to 9, but is '1'");
  EXPECT_EQ(usage_error([&] { root.at("c").number(0, 1); }),
            "f.yaml:3: 'c' must lie from 0 to 1, but is 1.5");
  EXPECT_EQ(usage_error([&] { root.at("d").items(); }),
            "f.yaml:4: 'd' must be a list, but is empty");
  EXPECT_EQ(usage_error([&] { root.at("each").boolean(); }),
            "f.yaml:5: 'each' must be true or false, but is 'yes'");
  EXPECT_EQ(usage_error([&] { root.at("z"); }), "f.yaml:1: the key 'z' is missing");
  EXPECT_EQ(usage_error([&] {
              root.require_known({"a", "b", "c", "d"});
            }),
            "f.yaml:5: unknown key 'each'; known keys: a, b, c, d");
}

TEST(Yaml, NumbersMustBeFinite) {
  const yaml::Node root = yaml::parse("a: nan\nb: inf\nc: 1e999\n", "f.yaml");
  for (const char* key : {"a", "b", "c"}) {
    usage_error([&] { root.at(key).number(-1e300, 1e300); });
  }
}

TEST(Yaml, FindsLinesInsideTexts) {
  const yaml::Node root = yaml::parse("a: |\n  one\n  two {x}\n  three {x}\n", "f.yaml");
  EXPECT_EQ(root.at("a").line_of("{x}"), 3);
  EXPECT_EQ(root.at("a").line_of("{x}", 1), 4);
  EXPECT_EQ(root.at("a").line_of("absent"), 1);
}

TEST(Yaml, WindowsLineEndsAreLineEnds) {
  EXPECT_EQ(yaml::parse("a: |\r\n  one\r\n  two\r\n", "f.yaml").at("a").text(), "one\ntwo\n");
}

TEST(Yaml, RefusesWhatHidesSomething) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3: the key 'a' is given twice; it is already in line 1");
  EXPECT_NE(error_of("a: &x 1\nb: *x\n").find("f.yaml:1: anchors"), std::string::npos);
  EXPECT_NE(error_of("a: &x [1]\n").find("anchors"), std::string::npos);
  EXPECT_NE(error_of("a: !!binary aGVsbG8=\n").find("tags"), std::string::npos);
  EXPECT_NE(error_of("a: 1\n---\nb: 2\n").find("more than one"), std::string::npos);
  EXPECT_NE(error_of("? [a]\n: b\n").find("a key must be"), std::string::npos);
  EXPECT_NE(error_of("a: 1\nb: \x04 c\n").find("f.yaml:2: holds a control"), std::string::npos);
  EXPECT_NE(error_of("a: 1\nb: \xff\n").find("f.yaml:2: is not valid UTF-8"), std::string::npos);
  EXPECT_NE(error_of("a: \xed\xa0\x80\n").find("UTF-8"), std::string::npos);
}

TEST(Yaml, RefusesBrokenText) {
  EXPECT_EQ(error_of(""), "f.yaml: is empty");
  EXPECT_EQ(error_of("  \n# only a comment\n"), "f.yaml: is empty");
  EXPECT_NE(error_of("a: [1, 2\n").find("is not valid YAML"), std::string::npos);
  EXPECT_NE(error_of("a: b: c\n").find("f.yaml:1"), std::string::npos);
  EXPECT_NE(error_of("a: 1\n  b: 2\n").find("is not valid YAML"), std::string::npos);
}

TEST(Yaml, BoundsSizeDepthAndCount) {
  EXPECT_NE(error_of("a: " + std::string((1 << 20), 'x')).find("larger than"), std::string::npos);
  for (const char* open : {"[", "{a: ", "- "}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    error_of(deep);
  }
  std::string many = "[";
  for (int i = 0; i < 30'000; ++i) many += "1,";
  EXPECT_NE(error_of(many + "1]").find("more than 20000 values"), std::string::npos);
}

TEST(Yaml, QuotedTextReadsBack) {
  std::string all;
  for (int c = 1; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "é 漢 \xf0\x9f\x94\xad";
  EXPECT_EQ(yaml::parse("a: " + yaml::quote(all), "f.yaml").at("a").text(), all);
}

TEST(Yaml, AFileCutShortInsideAQuoteIsRefused) {
  EXPECT_EQ(error_of("a: 1\nb: \"one\n"),
            "f.yaml:2: is not valid YAML: a quote is never closed; the file may be cut short");
  EXPECT_EQ(error_of("a: 1\nb: 'one"),
            "f.yaml:2: is not valid YAML: a quote is never closed; the file may be cut short");
  EXPECT_EQ(yaml::parse("a: \"one\"\n...\n", "f.yaml").at("a").text(), "one");
  EXPECT_EQ(yaml::parse("a: |+\n  one\n\n", "f.yaml").at("a").text(), "one\n\n");
  EXPECT_EQ(yaml::parse("a: |\n  one", "f.yaml").at("a").text(), "one\n");
}

}  // namespace
}  // namespace firstlight
