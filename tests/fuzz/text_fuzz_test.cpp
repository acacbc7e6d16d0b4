// Any bytes are a text to a tokeniser.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "firstlight/base/random.h"
#include "firstlight/nn/tokenizer.h"

namespace firstlight::nn {
namespace {

const std::string kParity = FIRSTLIGHT_TEST_DIR "/parity/";

TEST(TextFuzz, Texts) {
  const Tokenizer llama2 = Tokenizer::from_file(kParity + "tokenizer/llama2.json");
  const Tokenizer llama3 = Tokenizer::from_file(kParity + "tokenizer/llama3.json");
  Random random(20261124);
  for (int i = 0; i < 500; ++i) {
    std::string bytes;
    for (std::size_t k = 0, n = random.below(200); k < n; ++k) {
      bytes += static_cast<char>(random.below(256));
    }
    for (const Tokenizer* tokenizer : {&llama2, &llama3}) {
      const std::vector<std::int32_t> ids = tokenizer->encode(bytes, false);
      for (const std::int32_t id : ids) ASSERT_TRUE(tokenizer->has_id(id));
      // What was decoded is text, and tokenises to itself in the byte-level kind.
      const std::string decoded = tokenizer->decode(ids, false);
      if (tokenizer == &llama3) {
        EXPECT_EQ(llama3.encode(decoded, false), ids);
      }
    }
  }
}

}  // namespace
}  // namespace firstlight::nn
