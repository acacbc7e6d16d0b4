#include "prompt_state.h"

#include <gtest/gtest.h>

namespace firstlight::nn {
namespace {

/// 9 is the place of a picture: two pictures of two and three positions.
std::shared_ptr<const EncodedPrompt> two_pictures() {
  EncodedPrompt prompt;
  prompt.ids = {1, 9, 9, 9, 9, 9, 2, 3, 4};
  prompt.images = {{"a", 1, 2}, {"b", 3, 3}};
  return std::make_shared<const EncodedPrompt>(prompt);
}

PromptState state_of(std::shared_ptr<const EncodedPrompt> prompt, std::vector<std::string> keys) {
  PromptState state;
  state.prompt = std::move(prompt);
  state.keys = std::move(keys);
  return state;
}

std::size_t shared(const PromptState& kept, const EncodedPrompt& next,
                   const std::vector<std::string>& keys, const std::vector<float>& frequencies = {},
                   bool attends = false) {
  return common_positions(kept, {next, keys, frequencies, attends});
}

TEST(PromptState, SharesIdsAndPictures) {
  const PromptState kept = state_of(two_pictures(), {"A", "B"});
  EncodedPrompt next = *kept.prompt;
  EXPECT_EQ(shared(kept, next, {"A", "B"}), 8u);  // one is left for the pass
  EXPECT_EQ(shared(kept, next, {"A", "C"}), 3u);
  EXPECT_EQ(shared(kept, next, {"C", "B"}), 1u);
  EXPECT_EQ(shared(kept, next, {"A", "B"}, {0.5f}), 0u);
  next.ids[7] = 5;
  EXPECT_EQ(shared(kept, next, {"A", "B"}), 7u);
  next.ids[0] = 5;
  EXPECT_EQ(shared(kept, next, {"A", "B"}), 0u);
}

TEST(PromptState, SharesNoPictureInPart) {
  const PromptState kept = state_of(two_pictures(), {"A", "B"});
  EncodedPrompt next = *kept.prompt;
  next.ids.resize(6);  // the last position, which is left for the pass, is of a picture
  EXPECT_EQ(shared(kept, next, {"A", "B"}), 3u);
  next = *kept.prompt;
  next.images = {{"a", 1, 3}, {"b", 4, 2}};  // the same ids
  EXPECT_EQ(shared(kept, next, {"A", "B"}), 1u);
}

TEST(PromptState, OfADecoderThatAttendsToPicturesNeedsAllOfThem) {
  EncodedPrompt prompt;
  prompt.ids = {1, 2, 9, 3, 4};
  prompt.images = {{"a", 2, 1}};
  const PromptState kept = state_of(std::make_shared<const EncodedPrompt>(prompt), {"A"});
  EXPECT_EQ(shared(kept, prompt, {"A"}, {}, true), 4u);
  EXPECT_EQ(shared(kept, prompt, {"B"}, {}, true), 0u);
  EXPECT_EQ(shared(kept, prompt, {"B"}, {}, false), 2u);
  EncodedPrompt bare;
  bare.ids = {1, 2, 3};
  EXPECT_EQ(shared(kept, bare, {}, {}, true), 0u);
}

TEST(PromptStates, GiveTheLongestAndForgetTheOldest) {
  EncodedPrompt prompt;
  prompt.ids = {1, 2, 3, 4};
  const std::vector<std::string> keys;
  const PromptNeeds needs{prompt, keys, {}, false};
  PromptStates states;
  for (const std::vector<std::int32_t>& ids :
       {std::vector<std::int32_t>{1, 2, 3, 4}, {1, 2, 3, 7}, {1, 2, 8, 8}, {1, 5, 5, 5}}) {
    EncodedPrompt other;
    other.ids = ids;
    states.put(state_of(std::make_shared<const EncodedPrompt>(other), {}), 3);
  }
  EXPECT_FALSE(states.take(needs, 3));
  EXPECT_EQ(states.take(needs, 1)->prompt->ids[3], 7);
  EXPECT_EQ(states.take(needs, 1)->prompt->ids[3], 8);
  EXPECT_FALSE(states.take(needs, 1));
  EXPECT_TRUE(states.take(needs, 0));
  EXPECT_FALSE(states.take(needs, 0));
}

}  // namespace
}  // namespace firstlight::nn
