#include "spec.h"

#include <gtest/gtest.h>

#include "firstlight/base/error.h"
#include "one_line.h"

namespace firstlight::hosted {
namespace {

std::string error_of(const std::string& spec) {
  try {
    parse_model_spec(spec);
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

TEST(ModelSpec, TheShortFormIsOpenAi) {
  const ModelSpec spec = parse_model_spec("openai:gpt-4o?detail=low&image=jpeg&quality=80&seed=7");
  EXPECT_TRUE(spec.official);
  EXPECT_EQ(spec.name, "gpt-4o");
  EXPECT_EQ(spec.endpoints.at(0).text(), "https://api.openai.com/v1");
  EXPECT_EQ(spec.detail, "low");
  EXPECT_TRUE(spec.jpeg);
  EXPECT_EQ(spec.quality, 80);
  EXPECT_EQ(spec.seed, 7);
  EXPECT_EQ(spec.key_variable, "OPENAI_API_KEY");
}

TEST(ModelSpec, AnAddressAndAPool) {
  const ModelSpec spec = parse_model_spec(
      "openai:http://LOCALHOST:8000/v1/,https://[::1]/v1#meta-llama/Llama-3.2:11b?read=top20");
  EXPECT_FALSE(spec.official);
  EXPECT_EQ(spec.name, "meta-llama/Llama-3.2:11b");
  ASSERT_EQ(spec.endpoints.size(), 2u);
  EXPECT_EQ(spec.endpoints[0].text(), "http://localhost:8000/v1");
  EXPECT_TRUE(spec.endpoints[0].is_loopback());
  EXPECT_EQ(spec.endpoints[1].text(), "https://[::1]/v1");
  EXPECT_EQ(spec.endpoints[1].port, 443);
  // OpenAI's key is not for others.
  EXPECT_EQ(spec.key_variable, "FIRSTLIGHT_API_KEY");
}

TEST(ModelSpec, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(error_of("openai:gpt-4o?detial=low").find("did you mean 'detail'"), std::string::npos);
  for (const char* bad :
       {"openai:", "openai:http://h/v1", "openai:http://h/v1#", "openai:ftp://h/v1#m",
        "openai:http:///v1#m", "openai:http://h:99999/v1#m", "openai:http://h:x/v1#m",
        "openai:http://h%0d%0aX:1/v1#m", "openai:gpt-4o?read=best", "openai:gpt-4o?quality=90",
        "openai:gpt-4o?image=gif", "openai:gpt-4o?seed=-1", "openai:gpt-4o?ca=/no/such/file"}) {
    EXPECT_FALSE(error_of(bad).empty()) << bad;
  }
}

TEST(ModelSpec, APasswordInTheAddressIsRefusedAndNotRepeated) {
  for (const char* spec : {"openai:http://me:hunter2@host/v1#m", "openai:http://hunter2@host/v1#m",
                           "openai:http://a/v1,http://me:hunter2@host/v1#m?read=nothing"}) {
    const std::string message = error_of(spec);
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST(Url, OnlyTheSameOriginIsTheSame) {
  const Url url = parse_url("https://host/v1", "test");
  EXPECT_TRUE(url.same_origin(parse_url("https://HOST:443/other", "test")));
  EXPECT_FALSE(url.same_origin(parse_url("http://host/v1", "test")));
  EXPECT_FALSE(url.same_origin(parse_url("https://host:8443/v1", "test")));
  EXPECT_FALSE(url.same_origin(parse_url("https://host.evil/v1", "test")));
  EXPECT_FALSE(parse_url("http://127.evil.org/", "test").is_loopback());
}

TEST(OneLine, NothingOfAServerReachesATerminalRaw) {
  EXPECT_EQ(one_line("a\x1b[31mb\nc", 100), "a\xEF\xBF\xBD[31mb c");
  EXPECT_EQ(one_line("x\xE2\x80\xAEy", 100), "x\xEF\xBF\xBDy");
  EXPECT_EQ(one_line("\xC2\x9B"
                     "31m",
                     100),
            "\xEF\xBF\xBD"
            "31m");
  EXPECT_EQ(one_line("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\xC3\xA9...");
}

}  // namespace
}  // namespace firstlight::hosted
