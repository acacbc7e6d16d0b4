#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exchange.h"
#include "firstlight/model/model.h"
#include "forced.h"

namespace firstlight::hosted {

/// How a server can be held to the labels.
enum class Constraint {
  kNone,
  kJsonSchema,         ///< response_format of the OpenAI interface
  kStructuredOutputs,  ///< structured_outputs.choice of vLLM
  kGuidedChoice,       ///< guided_choice of older vLLM
  kGrammar,            ///< a GBNF grammar of llama-server
};

/// What of a request the spec decides.
struct RequestSettings {
  std::string model;
  bool jpeg = false;
  int quality = 95;
  std::string detail = "auto";
  std::int64_t seed = 0;
  bool completion_limit_name = false;  ///< `max_completion_tokens`, as OpenAI has it by now
  bool special_tokens = false;         ///< vLLM's `add_special_tokens`, see lacks_first_token
  std::optional<int> max_tokens;       ///< of every answer; else as many as the labels need
};

/// A picture as text: a data URL, or what stands for it where a request is shown.
using PictureText = std::function<std::string(const Image&)>;
std::string data_url(const Image& image, const RequestSettings& settings);
std::string elided_url(const Image& image, const RequestSettings& settings);

/// The conversation up to the answer. `instruction` follows the user's text where it is not empty.
/// Throws Error::usage for a literal chat form, which no chat server takes.
Json messages_of(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
                 const std::string& instruction, const RequestSettings& settings,
                 const PictureText& picture);

/// "Answer with one of these and nothing else: ..."
std::string instruction_for(const std::vector<std::string>& labels);

/// Temperature 0, one answer of at most `max_tokens`, or of what the settings say.
Json base_request(Json messages, const RequestSettings& settings, int max_tokens);
/// Asks for the twenty likeliest tokens of each place.
void ask_for_logprobs(Json& request);
/// Holds the answer to `labels`; not for kNone.
void constrain(Json& request, Constraint constraint, const std::vector<std::string>& labels);
/// Forces one label of llama-server's model, token by token, and asks for their log-probabilities.
void force_tokens(Json& request, const LabelTokens& tokens);

/// The field that a refused request should go without, or have by its newer name: `temperature` and
/// `seed`, which reasoning models do not take, and `max_tokens` where the server asks for
/// `max_completion_tokens`. Empty where the refusal is about something else.
std::string field_to_leave_out(const Outcome& refusal);
/// A request without such fields.
std::string without_fields(const std::string& body, const std::set<std::string>& fields);

/// Tokens that are enough for every label, whatever the tokeniser: one a byte, and the end.
int enough_tokens(const std::vector<std::string>& labels);

/// A rough number of prompt tokens: a quarter of the text's bytes, and for a picture what OpenAI
/// documents for gpt-4o (85 at low detail, else 85 and 170 for each tile of 512 pixels).
double guess_tokens(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
                    const std::string& detail);

}  // namespace firstlight::hosted
