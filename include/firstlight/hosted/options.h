#pragma once

#include <memory>
#include <string>

#include "firstlight/hosted/session.h"

namespace firstlight::hosted {

/// How a server is asked; none of it changes a number. What does stands in the model's spec.
struct Options {
  int concurrency = 4;              ///< requests on their way at once, >= 1
  int attempts = 8;                 ///< tries of one request, >= 1
  double timeout_seconds = 120.0;   ///< for one answer
  double first_wait_seconds = 0.5;  ///< before the second try; doubles from try to try, with jitter
  double requests_per_minute = 0.0;  ///< of one endpoint; 0: what the server announces, if anything
  double tokens_per_minute = 0.0;    ///< the same for tokens
  std::string key_file;              ///< empty: the environment (docs/hosted-models.md)
  std::string price_file;            ///< empty: prices.yaml of the models' folder
  /// Asks nothing while opening: for prompts and estimates.
  bool offline = false;
  /// Never null while a model is used.
  std::shared_ptr<Session> session = std::make_shared<Session>();
};

}  // namespace firstlight::hosted
