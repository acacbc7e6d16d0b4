#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "firstlight/hosted/options.h"
#include "firstlight/model/classifier.h"
#include "firstlight/model/model.h"

namespace firstlight::hosted {

/// Opens `openai:NAME` (api.openai.com) or `openai:URL[,URL...]#NAME` (any server with the same
/// protocol; several are a pool), with these options after `?`:
///   read=auto|exact|top20|schema|text   how answers are read; auto asks the server what it offers
///   image=png|jpeg, quality=1..100      how pictures are sent (png; 95)
///   detail=auto|low|high                OpenAI's level of detail (auto)
///   seed=N                              sent with every request (0)
///   max_tokens=N                        room for an answer (else what the labels need)
///   key_env=NAME                        the environment variable that holds the key
///   ca=FILE                             certificates to trust in place of the system's
/// Every score is a conversation with the server: at most `options.concurrency` at once.
///
/// The model's thread contract is that of VisionLanguageModel. An endless failure to reach the
/// server, and a refused key, throw from `score`; a refused sample is its own result. Throws
/// Error::usage for a malformed spec, a key file that others may read, a model that the server does
/// not have, and Error::input where no server answers.
std::shared_ptr<const VisionLanguageModel> open_model(std::string_view spec,
                                                      const Options& options);

/// Whether a spec is of this kind.
bool is_hosted(std::string_view spec);

/// What a run would cost, found without asking the server.
struct Estimate {
  std::string request;  ///< one request as JSON, pictures elided
  std::uint64_t requests = 0;
  std::int64_t prompt_tokens = 0;  ///< of all requests; a rough count
  std::int64_t completion_tokens = 0;
  std::optional<double> cost_usd;  ///< where the table has the model's price
  std::string price_source;        ///< what the price is from, with its date
  double seconds = 0.0;            ///< at an assumed time for an answer, and the limits given
};
inline constexpr double kAssumedAnswerSeconds = 2.0;
/// `described` is the first sample's prompt from a model that was opened with `offline`; the others
/// are taken to be like it.
Estimate estimate(std::string_view spec, const Options& options, const PromptDescription& described,
                  std::uint64_t samples, std::size_t passes);

}  // namespace firstlight::hosted
