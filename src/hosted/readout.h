#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange.h"
#include "firstlight/base/class_id.h"
#include "firstlight/hosted/prices.h"

namespace firstlight::hosted {

struct Alternative {
  std::string text;
  double logprob = 0.0;
  std::optional<std::int32_t> id =
      std::nullopt;  ///< where the server gives it, as llama-server does
};

/// A generated token with the likeliest tokens in its place.
struct Position {
  Alternative chosen;
  std::vector<Alternative> top;
};

/// What one answer says of the labels.
struct Readout {
  std::vector<double> logprobs;  ///< by ClassId
  double outside = 0.0;          ///< probability of everything that begins like no label
};

/// Label probabilities from the likeliest tokens at each place of a generated answer. The answer is
/// followed as long as it may still become more than one label; a token at which one label alone
/// is left gives that label its probability (times that of the path to it), whether or not it is
/// the generated one. Tokens that lead to no label, and those off the path that lead to several,
/// count as outside. A label in no list gets the largest probability that it can have had there:
/// the list's last, or what the list leaves over, whichever is smaller.
/// White space before a label does not count; upper and lower case do only where two labels differ
/// in nothing else.
Readout read_positions(const std::vector<Position>& positions,
                       const std::vector<std::string>& labels);

/// The label in {"label": "..."}, letter by letter.
std::optional<ClassId> match_json(std::string_view answer, const std::vector<std::string>& labels);

/// A list of bytes as a text; nullopt where it is none.
std::optional<std::string> bytes_of(const Json& list);
/// A text in an object; empty where there is none.
std::string text_at(const Json& object, const char* key);
/// What an answer says that it used; zeros where it says nothing.
Usage usage_of(const Json& answer);
/// `choices[0].message.content` of an answer; empty where there is none.
std::string content_of(const Json& answer);
/// `choices[0].logprobs.content`, at most 256 positions; empty where there is none.
std::vector<Position> positions_of(const Json& answer);

}  // namespace firstlight::hosted
