#include "spec.h"

#include <algorithm>
#include <filesystem>

#include "firstlight/base/error.h"
#include "firstlight/base/spec.h"
#include "firstlight/base/text.h"

namespace firstlight::hosted {
namespace {

constexpr const char* kOfficialUrl = "https://api.openai.com/v1";
constexpr const char* kOfficialKey = "OPENAI_API_KEY";
/// A key of OpenAI must not reach a server of another owner by itself.
constexpr const char* kOtherKey = "FIRSTLIGHT_API_KEY";

std::string choice(const Spec& spec, const std::string& key, const std::string& standard,
                   const std::vector<std::string>& known) {
  const std::string value = spec.option(key).value_or(standard);
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    throw Error::usage(spec.text, key + " '" + value + "' does not exist",
                       "known: " + text::join(known, ", "));
  }
  return value;
}

std::int64_t number(const Spec& spec, const std::string& key, std::int64_t standard,
                    std::int64_t low, std::int64_t high) {
  const auto option = spec.option(key);
  if (!option) return standard;
  const auto value = text::parse_int(*option);
  if (!value || *value < low || *value > high) {
    throw Error::usage(spec.text, key + " is not a number from " + std::to_string(low) + " to " +
                                      std::to_string(high));
  }
  return *value;
}

}  // namespace

ScoreKind kind_of(Reading reading) {
  switch (reading) {
    case Reading::kForced:
    case Reading::kGrammar:
      return ScoreKind::kExact;
    case Reading::kTop20:
      return ScoreKind::kTop20;
    case Reading::kSchema:
      return ScoreKind::kSchema;
    case Reading::kText:
      return ScoreKind::kText;
  }
  throw Error::internal("reading", "no such value");
}

ModelSpec parse_model_spec(std::string_view text) {
  // The address is looked at first: messages about the rest may then show the whole spec.
  const std::size_t address_end = std::min(text.find_first_of("#?"), text.size());
  if (text.substr(0, address_end).find('@') != std::string_view::npos &&
      text.substr(0, address_end).find("://") != std::string_view::npos) {
    throw Error::usage("", "the model's address holds a user name or password",
                       "keys come from the environment or a file (--key-file)");
  }
  const Spec spec = parse_spec(text, {"openai"});
  spec.require_known({"read", "image", "quality", "detail", "seed", "max_tokens", "key_env", "ca"});
  ModelSpec out;
  out.text = spec.text;
  if (spec.body.find("://") == std::string::npos) {
    out.official = true;
    out.name = spec.body;
    out.endpoints.push_back(parse_url(kOfficialUrl, spec.text));
  } else {
    const std::size_t hash = spec.body.find('#');
    if (hash == std::string::npos) {
      throw Error::usage(spec.text, "names no model", "write openai:URL#NAME");
    }
    out.name = spec.body.substr(hash + 1);
    for (const std::string& url : text::split(spec.body.substr(0, hash), ',')) {
      out.endpoints.push_back(parse_url(url, spec.text));
    }
  }
  if (out.name.empty()) throw Error::usage(spec.text, "names no model");
  out.read = choice(spec, "read", "auto", {"auto", "exact", "top20", "schema", "text"});
  out.jpeg = choice(spec, "image", "png", {"png", "jpeg"}) == "jpeg";
  out.quality = static_cast<int>(number(spec, "quality", 95, 1, 100));
  if (spec.option("quality") && !out.jpeg) {
    throw Error::usage(spec.text, "quality is for image=jpeg");
  }
  out.detail = choice(spec, "detail", "auto", {"auto", "low", "high"});
  out.seed = number(spec, "seed", 0, 0, INT32_MAX);
  if (spec.option("max_tokens")) {
    out.max_tokens = static_cast<int>(number(spec, "max_tokens", 0, 1, 1'000'000));
  }
  out.key_variable = spec.option("key_env").value_or(out.official ? kOfficialKey : kOtherKey);
  out.ca_file = spec.option("ca").value_or("");
  if (!out.ca_file.empty() && !std::filesystem::is_regular_file(out.ca_file)) {
    throw Error::usage(spec.text, "ca names no file");
  }
  return out;
}

}  // namespace firstlight::hosted
