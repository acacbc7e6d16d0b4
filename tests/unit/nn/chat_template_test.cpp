#include "firstlight/nn/chat_template.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

ChatMessage user(const std::string& text) {
  return {"user", {PromptPart{PromptPart::Kind::kText, text}}};
}

std::string render(const std::string& source, const ChatOptions& options = {}) {
  const ChatMessage message = user("hello");
  return ChatTemplate::parse(source, "model/chat_template.jinja")
      .render({&message, 1}, true, {{"bos_token", "<s>"}}, options);
}

void expect_fails(const std::string& source, const std::string& part) {
  try {
    render(source);
    ADD_FAILURE() << "rendered " << source.substr(0, 80);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(ChatTemplate, GetsMessagesTokensAndFlags) {
  EXPECT_EQ(render("{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content[0].text }}"
                   "{% endfor %}{% if add_generation_prompt %} >{% endif %}"),
            "<s>[user] hello >");
}

TEST(ChatTemplate, ErrorsNameTheLine) {
  expect_fails("a\nb\n{{ raise_exception('roles must alternate') }}",
               "model/chat_template.jinja:3: chat template: roles must alternate");
  expect_fails("a\n{% include 'x' %}",
               "model/chat_template.jinja:2: chat template: the tag 'include'");
  expect_fails("\n\n{{ messages | nosuch }}", ":3: chat template: the filter 'nosuch'");
  expect_fails("{% for m in messages %}\n{{ m.content.text.more }}{% endfor %}", ":2: ");
}

TEST(ChatTemplate, HostileTemplatesEnd) {
  expect_fails("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
               "too many steps");
  expect_fails(
      "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}"
      "{% set n.x = n.x ~ n.x %}{% endfor %}",
      "too much memory");
  expect_fails("{{ 'a' * 999999999999 }}", "too much memory");
  expect_fails("{{ [1] * 999999999999 }}", "too much memory");
  expect_fails("{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}", "output is too large");
  expect_fails("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested too deeply");
  expect_fails("{{ 9 ** 99 }}", "too large");
  expect_fails("{{ 9223372036854775807 + 1 }}", "too large");
  expect_fails(
      "{% set n = namespace(x=[]) %}{% for i in range(999) %}{% set n.x = [n.x] %}"
      "{% endfor %}{{ n.x }}",
      "nested this deeply");
  expect_fails("{% set n = namespace() %}{% set n.self = n %}{{ n }}", "a namespace");
  expect_fails(
      "{% set n = namespace() %}{% for i in [1] %}{% set n.l = [loop] %}{% for j in n.l %}"
      "{% set n.l = [loop, n.l] %}{% endfor %}{% endfor %}{{ n.l.x.y }}",
      "'list object'");
  expect_fails("{{ " + std::string(100000, '(') + " }}", "nested too deeply");
  expect_fails("{{ " + std::string(100000, '-') + "1 }}", "nested too deeply");
  std::string chain = "{{ messages";
  for (int i = 0; i < 50000; ++i) chain += ".a";
  expect_fails(chain + " }}", "nested too deeply");
  std::string sum = "{{ 1";
  for (int i = 0; i < 50000; ++i) sum += " + 1";
  expect_fails(sum + " }}", "nested too deeply");
  std::string blocks;
  for (int i = 0; i < 50000; ++i) blocks += "{% if 1 %}";
  expect_fails(blocks, "nested too deeply");
  EXPECT_THROW(ChatTemplate::parse(std::string(2 << 20, 'x'), "t"), Error);
}

TEST(ChatTemplate, MacrosThatOutliveTheirScopeAreSafe) {
  EXPECT_EQ(render("{% set n = namespace() %}{% for i in [1, 2] %}{% set y = i * 10 %}"
                   "{% macro m() %}{{ y }}{% endmacro %}{% set n.f = m %}{% endfor %}{{ n.f() }}"),
            "20");
}

TEST(ChatTemplate, TheDateIsTheCallers) {
  ChatOptions options;
  options.date = std::tm{};
  options.date->tm_year = 124;
  options.date->tm_mon = 6;
  options.date->tm_mday = 26;
  EXPECT_EQ(render("{{ strftime_now('%d %b %Y') }}", options), "26 Jul 2024");
}

TEST(ChatTemplate, KnowsWhetherItTakesLists) {
  const auto takes = [](const std::string& source) {
    return ChatTemplate::parse(source, "t").takes_content_list();
  };
  EXPECT_TRUE(
      takes("{% for m in messages %}{% for c in m.content %}{{ c.text }}{% endfor %}"
            "{% endfor %}"));
  EXPECT_FALSE(takes("{% for m in messages %}{{ m.content }}{% endfor %}"));
  EXPECT_FALSE(takes("{% for m in messages %}{{ m.content.strip() }}{% endfor %}"));
  EXPECT_FALSE(takes("{% for m in messages %}{{ m.content | tojson }}{% endfor %}"));
  EXPECT_TRUE(
      takes("{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
            "{{ m.content[0].text }}{% endif %}{% endfor %}"));
}

TEST(ChatTemplate, RefusesWhatCannotBeSaid) {
  const ChatTemplate chat = ChatTemplate::parse("{{ messages[0].content }}", "t");
  EXPECT_THROW(chat.render({}, true, {}), Error);
  const ChatMessage image{"user", {PromptPart{PromptPart::Kind::kImage, "view"}}};
  ChatOptions options;
  options.content_as_list = false;
  try {
    chat.render({&image, 1}, true, {}, options);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
  }
  EXPECT_EQ(chat.render({&image, 1}, true, {}), "[{'type': 'image'}]");
}

}  // namespace
}  // namespace firstlight::nn
