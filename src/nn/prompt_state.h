#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prompt_encoder.h"
#include "prompt_pictures.h"

namespace firstlight::nn {

/// The features of a picture, summed over its rows.
struct FeatureSum {
  std::vector<double> values;
  std::size_t rows = 0;
};

/// A prompt that went through the decoder, for prompts that begin alike: other orders of the
/// classes, other answers, the explanation. One thread at a time.
struct PromptState {
  std::shared_ptr<const EncodedPrompt> prompt;
  std::vector<std::string> keys;  ///< of its pictures' pixels, in order
  /// Of the prompt's positions, and perhaps of others behind them.
  DecoderState state;
  std::optional<PromptPictures> pictures;  ///< where the decoder attends to pictures
  std::vector<FeatureSum> sums = {};       ///< of its pictures, in order
};

/// What the keys and values of a prompt's positions depend on.
struct PromptNeeds {
  const EncodedPrompt& prompt;
  const std::vector<std::string>& keys;  ///< of its pictures
  std::vector<float> frequencies;        ///< Decoder::frequencies
  bool attends = false;  ///< the decoder attends to pictures: all of them count for each position
};

/// How many of the first positions have the keys and values that `kept` holds: the same ids,
/// pictures and frequencies, no picture in part, and at least one position is left for a pass of
/// its own.
std::size_t common_positions(const PromptState& kept, const PromptNeeds& needs);

/// The states of the last prompts, taken out for use and put back afterwards.
class PromptStates {
 public:
  /// The one that shares most positions, and more than `least`; nothing otherwise.
  std::optional<PromptState> take(const PromptNeeds& needs, std::size_t least);
  /// Keeps the `most` that were put last.
  void put(PromptState state, std::size_t most);
  void clear() { kept_.clear(); }

 private:
  std::list<PromptState> kept_;  ///< most recent first
};

}  // namespace firstlight::nn
