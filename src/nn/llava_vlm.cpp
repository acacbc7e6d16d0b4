#include "llava_vlm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <new>
#include <optional>

#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "json_reader.h"
#include "stages.h"

namespace firstlight::nn {
namespace {

/// Below this, weights are shared by the caches of all cores and samples are worked on in
/// parallel; above, all threads work on one product at a time and memory holds one sample's rows.
constexpr std::size_t kSmallModel = std::size_t{64} << 20;
/// Features of recent images that are kept, in numbers: 256 MB.
constexpr std::size_t kFeatureNumbers = std::size_t{64} << 20;
/// Prefixes that are kept: the passes of a task.
constexpr std::size_t kPrefixes = 16;

std::string image_key(const Image& image) {
  ContentHash hash;
  const std::array<std::int32_t, 3> shape = {image.width, image.height, image.channels};
  hash.update(shape.data(), sizeof shape);
  hash.update(image.pixels.data(), image.pixels.size());
  return hash.hex();
}

/// End-of-text ids: those of generation_config.json first, as generation in transformers has it,
/// then those of config.json.
std::vector<std::int32_t> read_eos_ids(const std::string& folder, const DecoderConfig& config) {
  std::vector<std::int32_t> ids;
  const std::string path = folder + "/generation_config.json";
  if (std::filesystem::exists(path)) {
    const nlohmann::json object = parse_object(text::read_file(path), path);
    if (const nlohmann::json* value = JsonReader(object, path).find("eos_token_id")) {
      for (const auto& id : value->is_array() ? *value : nlohmann::json::array({*value})) {
        if (!id.is_number_integer()) {
          throw Error::input(path, "'eos_token_id' must be a token id or a list of them");
        }
        ids.push_back(id.get<std::int32_t>());
      }
    }
  }
  ids.insert(ids.end(), config.eos_token_ids.begin(), config.eos_token_ids.end());
  std::vector<std::int32_t> unique;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= config.vocab_size) {
      throw Error::input(folder, "end-of-text id " + std::to_string(id) +
                                     " lies outside the vocabulary of " +
                                     std::to_string(config.vocab_size));
    }
    if (std::find(unique.begin(), unique.end(), id) == unique.end()) unique.push_back(id);
  }
  return unique;
}

/// Runs `body` and turns what it throws into a Result.
template <typename T, typename Body>
Result<T> guarded(Body&& body) {
  try {
    return body();
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return Error::internal("model", "out of memory", "use a smaller batch or model");
  }
}

}  // namespace

LlavaVlm::LlavaVlm(const std::string& folder, const kernels::Kernels& kernels,
                   kernels::Precision precision)
    : folder_(folder),
      model_(folder, kernels, precision),
      processor_(folder, model_.config()),
      eos_ids_(read_eos_ids(folder, model_.config().text)),
      encoder_(processor_, eos_ids_, model_.config().text.max_positions) {
  if (processor_.tokenizer().max_id() >= model_.config().text.vocab_size) {
    throw Error::input(folder + "/tokenizer.json",
                       "has the id " + std::to_string(processor_.tokenizer().max_id()) +
                           ", the model's vocabulary " +
                           std::to_string(model_.config().text.vocab_size) + " entries");
  }
}

bool LlavaVlm::small() const { return model_.weight_bytes() <= kSmallModel; }

Capabilities LlavaVlm::capabilities() const {
  Capabilities c;
  const std::filesystem::path path = std::filesystem::weakly_canonical(folder_);
  c.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  c.type = "llava";
  c.kind = ScoreKind::kExact;
  c.can_generate = true;
  c.context = model_.config().text.max_positions;
  c.max_images = static_cast<int>(c.context / model_.config().image_tokens());
  c.dtype = model_.precision() == kernels::Precision::kBf16 ? "bf16" : "f32";
  c.instruction_set = kernels::to_string(model_.kernels().isa());
  return c;
}

std::string LlavaVlm::content_hash() const {
  if (!hash_.empty()) return hash_;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string ending = entry.path().extension().string();
    if (entry.is_regular_file() &&
        (ending == ".json" || ending == ".jinja" || ending == ".safetensors")) {
      files.push_back(entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  ContentHash hash;
  hash.update(capabilities().dtype + "\n");
  for (const std::string& file : files) {
    hash.update(file + " " + sha256_hex_of_file(folder_ + "/" + file) + "\n");
  }
  hash_ = hash.hex();
  return hash_;
}

LlavaVlm::Job LlavaVlm::prepare(const RenderedPrompt& prompt,
                                const std::vector<const Image*>& images,
                                const std::vector<std::string>& answers,
                                std::vector<std::string>& keys) const {
  Job job;
  job.prompt = encoder_.encode(prompt, answers);
  if (images.size() != job.prompt->images.size()) {
    throw Error::usage("prompt", "has " + std::to_string(job.prompt->images.size()) +
                                     " image places, " + std::to_string(images.size()) +
                                     " pictures are given");
  }
  for (const Image* image : images) {
    if (image == nullptr || image->channels != 3 || image->width < 1 || image->height < 1) {
      throw Error::input("picture", "has no pixels or not three channels");
    }
    keys.push_back(image_key(*image));
  }
  job.images.resize(images.size());
  return job;
}

void LlavaVlm::load_features(std::span<Job> jobs, std::span<const std::vector<const Image*>> images,
                             const std::vector<std::vector<std::string>>& keys,
                             std::span<std::optional<Error>> errors) const {
  struct Missing {
    const std::string* key;
    const Image* image;
    Features features;
    std::optional<Error> error;
  };
  std::vector<Missing> missing;
  std::unordered_map<std::string, std::size_t> place;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    for (std::size_t i = 0; i < keys[j].size(); ++i) {
      const std::string& key = keys[j][i];
      if (const auto at = features_.find(key); at != features_.end()) {
        feature_order_.splice(feature_order_.begin(), feature_order_, at->second.place);
        jobs[j].images[i] = at->second.features;
      } else if (place.emplace(key, missing.size()).second) {
        missing.push_back({&key, images[j][i], nullptr, {}});
      }
    }
  }
  const auto encode = [&](Missing& m) {
    Result<Features> result = guarded<Features>([&] {
      const PixelValues pixels = processor_.image_processor().process(*m.image);
      return std::make_shared<const std::vector<float>>(
          model_.project(model_.vision_features(pixels)));
    });
    if (result) {
      m.features = std::move(result).value();
    } else {
      m.error = result.error();
    }
  };
  parallel_for(missing.size(), small() ? 1 : missing.size(),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t i = begin; i < end; ++i) encode(missing[i]);
               });
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    for (std::size_t i = 0; i < keys[j].size(); ++i) {
      if (jobs[j].images[i]) continue;
      const Missing& m = missing[place.at(keys[j][i])];
      jobs[j].images[i] = m.features;
      if (m.error) errors[j] = m.error;
    }
  }
  std::size_t kept = 0;
  for (Missing& m : missing) {
    if (!m.features) continue;
    feature_order_.push_front(*m.key);
    features_[*m.key] = {m.features, feature_order_.begin()};
    kept = m.features->size();
  }
  while (kept > 0 && features_.size() * kept > kFeatureNumbers) {
    features_.erase(feature_order_.back());
    feature_order_.pop_back();
  }
}

std::shared_ptr<const LlavaVlm::Prefix> LlavaVlm::prefix_of(const EncodedPrompt& prompt) const {
  // At least one position is left for the pass itself, which gives the first distribution.
  const std::size_t length =
      std::min(prompt.images.empty() ? prompt.ids.size() : prompt.images.front().start,
               prompt.ids.size() - 1);
  const std::vector<std::int32_t> ids(prompt.ids.begin(),
                                      prompt.ids.begin() + static_cast<std::ptrdiff_t>(length));
  const Decoder& decoder = model_.decoder();
  const bool stretched =
      decoder.config().rope.stretches(static_cast<std::int64_t>(prompt.length()));
  for (auto at = prefixes_.begin(); at != prefixes_.end(); ++at) {
    if ((*at)->ids != ids || (*at)->state.frequencies.empty() == stretched) continue;
    prefixes_.splice(prefixes_.begin(), prefixes_, at);
    return prefixes_.front();
  }
  auto prefix = std::make_shared<Prefix>();
  prefix->ids = ids;
  prefix->state = decoder.make_state(std::max<std::size_t>(length, 1), prompt.length());
  if (length > 0) {
    std::vector<float> x(length * decoder.hidden());
    std::vector<std::int64_t> positions;
    std::vector<kernels::Visible> visible;
    for (std::size_t i = 0; i < length; ++i) {
      decoder.embed(ids[i], x.data() + i * decoder.hidden());
      positions.push_back(static_cast<std::int64_t>(i));
      visible.push_back(decoder.causal(i));
    }
    const std::size_t last = length - 1;
    decoder.forward(prefix->state, x.data(), length, positions.data(), visible.data(), {&last, 1});
  }
  prefixes_.push_front(prefix);
  if (prefixes_.size() > kPrefixes) prefixes_.pop_back();
  return prefix;
}

std::vector<float> LlavaVlm::rows_of(const Job& job, std::size_t more) const {
  const std::size_t hidden = model_.decoder().hidden();
  const std::size_t first = job.prefix->ids.size();
  const std::vector<std::int32_t> ids(job.prompt->ids.begin() + static_cast<std::ptrdiff_t>(first),
                                      job.prompt->ids.end());
  std::vector<const std::vector<float>*> features;
  for (const Features& f : job.images) features.push_back(f.get());
  std::vector<float> x((ids.size() + more) * hidden);
  embed_all(model_, ids, features, x.data());
  return x;
}

LabelScores LlavaVlm::score_job(const Job& job) const {
  const Decoder& decoder = model_.decoder();
  const std::size_t hidden = decoder.hidden();
  const EncodedPrompt& prompt = *job.prompt;
  const std::size_t length = prompt.ids.size();
  const std::size_t first = job.prefix->ids.size();
  const std::size_t rows = length - first;
  const std::size_t nodes = prompt.tree.nodes.size() - 1;  // the root is the prompt's last row

  // One pass over the prompt's own rows and, behind them, the nodes of the answers' prefix tree:
  // a node sees the prompt and its ancestors.
  std::vector<float> x = rows_of(job, nodes);
  std::vector<std::int64_t> positions;
  std::vector<kernels::Visible> visible;
  std::vector<std::size_t> wanted = {rows - 1};
  for (std::size_t i = first; i < length; ++i) {
    positions.push_back(static_cast<std::int64_t>(i));
    visible.push_back(decoder.causal(i));
  }
  std::vector<std::uint8_t> ancestors(nodes * nodes, 0);
  for (std::size_t k = 0; k < nodes; ++k) {
    const PrefixTree::Node& node = prompt.tree.nodes[k + 1];
    decoder.embed(node.token, x.data() + (rows + k) * hidden);
    const std::size_t position = length + static_cast<std::size_t>(node.depth) - 1;
    positions.push_back(static_cast<std::int64_t>(position));
    const std::size_t begin = decoder.window_begin(position);
    for (int a = static_cast<int>(k) + 1; a > 0; a = prompt.tree.nodes[a].parent) {
      const std::size_t place = length + static_cast<std::size_t>(prompt.tree.nodes[a].depth) - 1;
      if (place >= begin) ancestors[k * nodes + static_cast<std::size_t>(a) - 1] = 1;
    }
    visible.push_back(
        {std::min(begin, length), length, length, nodes, ancestors.data() + k * nodes});
    wanted.push_back(rows + k);
  }
  DecoderState state = decoder.make_state(length + nodes, prompt.length());
  decoder.assign(state, job.prefix->state, first);
  decoder.forward(state, x.data(), rows + nodes, positions.data(), visible.data(), wanted);

  const auto vocabulary = static_cast<std::size_t>(decoder.config().vocab_size);
  decoder.normalise(x.data(), wanted.size(), x.data());
  std::vector<float> logits(wanted.size() * vocabulary);
  decoder.logits(x.data(), wanted.size(), logits.data());
  std::vector<float> totals;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    totals.push_back(model_.kernels().log_sum_exp(logits.data() + i * vocabulary, vocabulary));
  }
  LabelScores scores;
  for (std::size_t a = 0; a < prompt.answers.size(); ++a) {
    AnswerScore answer;
    answer.token_ids = prompt.answers[a].token_ids;
    for (std::size_t i = 0; i < answer.token_ids.size(); ++i) {
      const auto node = static_cast<std::size_t>(prompt.tree.path[a][i]);
      const double logit =
          logits[node * vocabulary + static_cast<std::size_t>(answer.token_ids[i])];
      answer.logprobs.push_back(logit - static_cast<double>(totals[node]));
    }
    if (!std::all_of(answer.logprobs.begin(), answer.logprobs.end(),
                     [](double p) { return std::isfinite(p); })) {
      throw Error::input("model", "gives a probability that is not a number",
                         "its weights are damaged, or overflow in this dtype: try dtype=f32");
    }
    scores.answers.push_back(std::move(answer));
  }
  return scores;
}

std::vector<Result<LabelScores>> LlavaVlm::score(std::span<const ScoreRequest> requests) const {
  const std::size_t n = requests.size();
  std::vector<Job> jobs(n);
  std::vector<std::optional<Error>> errors(n);
  std::vector<std::vector<const Image*>> images(n);
  std::vector<std::vector<std::string>> keys(n);
  for (std::size_t i = 0; i < n; ++i) {
    const ScoreRequest& request = requests[i];
    Result<Job> job = guarded<Job>([&] {
      if (request.answers.empty()) throw Error::usage("answers", "there are none to score");
      Job prepared = prepare(request.prompt, request.images, request.answers, keys[i]);
      prepared.prefix = prefix_of(*prepared.prompt);
      return prepared;
    });
    if (job) {
      jobs[i] = std::move(job).value();
      images[i] = request.images;
    } else {
      errors[i] = job.error();
      keys[i].clear();
    }
  }
  load_features(jobs, images, keys, errors);

  std::vector<std::optional<LabelScores>> scores(n);
  parallel_for(n, small() ? 1 : n, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (errors[i]) continue;
      Result<LabelScores> result = guarded<LabelScores>([&] { return score_job(jobs[i]); });
      if (result) {
        scores[i] = std::move(result).value();
      } else {
        errors[i] = result.error();
      }
    }
  });
  std::vector<Result<LabelScores>> results;
  for (std::size_t i = 0; i < n; ++i) {
    if (errors[i]) {
      results.emplace_back(*errors[i]);
    } else {
      results.emplace_back(std::move(*scores[i]));
    }
  }
  return results;
}

Result<Generated> LlavaVlm::generate(const GenerateRequest& request) const {
  std::vector<std::vector<std::string>> keys(1);
  std::vector<Job> jobs(1);
  std::vector<std::optional<Error>> errors(1);
  const std::vector<std::vector<const Image*>> images = {request.images};
  return guarded<Generated>([&] {
    jobs[0] = prepare(request.prompt, request.images, {}, keys[0]);
    jobs[0].prefix = prefix_of(*jobs[0].prompt);
    load_features(jobs, images, keys, errors);
    if (errors[0]) throw *errors[0];
    return generate_job(jobs[0], request.max_tokens, request.top_logprobs);
  });
}

std::string LlavaVlm::token_text(std::span<const std::int32_t> before, std::int32_t token) const {
  const Tokenizer& tokenizer = processor_.tokenizer();
  std::vector<std::int32_t> ids(before.begin(), before.end());
  const std::string start = tokenizer.decode(ids, false);
  ids.push_back(token);
  const std::string whole = tokenizer.decode(ids, false);
  // A token that completes a character changes what stood before it.
  if (whole.compare(0, start.size(), start) != 0) return tokenizer.decode({&token, 1}, false);
  return whole.substr(start.size());
}

std::vector<Generated::Token> LlavaVlm::likeliest(std::span<const float> logits, double total,
                                                  int count,
                                                  std::span<const std::int32_t> before) const {
  std::vector<std::int32_t> order;
  for (std::int32_t id = 0; id < static_cast<std::int32_t>(logits.size()); ++id) {
    if (processor_.tokenizer().has_id(id)) order.push_back(id);
  }
  const auto kept = std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
  std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
                    });
  std::vector<Generated::Token> tokens;
  for (auto id = order.begin(); id != order.begin() + kept; ++id) {
    tokens.push_back({*id, token_text(before, *id), static_cast<double>(logits[*id]) - total});
  }
  return tokens;
}

Generated LlavaVlm::generate_job(const Job& job, int max_tokens, int top) const {
  const Decoder& decoder = model_.decoder();
  const std::size_t length = job.prompt->ids.size();
  const std::size_t first = job.prefix->ids.size();
  const std::size_t room =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(max_tokens, 0)),
                            static_cast<std::size_t>(decoder.config().max_positions) - length);
  DecoderState state = decoder.make_state(length + room, job.prompt->length());
  decoder.assign(state, job.prefix->state, first);
  std::vector<float> x = rows_of(job, 0);
  std::vector<std::int64_t> positions;
  std::vector<kernels::Visible> visible;
  for (std::size_t i = first; i < length; ++i) {
    positions.push_back(static_cast<std::int64_t>(i));
    visible.push_back(decoder.causal(i));
  }
  const auto vocabulary = static_cast<std::size_t>(decoder.config().vocab_size);
  std::vector<float> logits(vocabulary);
  Generated out;
  for (std::size_t step = 0; step < room; ++step) {
    const std::size_t last = positions.size() - 1;
    decoder.forward(state, x.data(), positions.size(), positions.data(), visible.data(),
                    {&last, 1});
    decoder.normalise(x.data(), 1, x.data());
    decoder.logits(x.data(), 1, logits.data());
    const auto best = std::max_element(logits.begin(), logits.end());
    const auto token = static_cast<std::int32_t>(best - logits.begin());
    const double total = model_.kernels().log_sum_exp(logits.data(), vocabulary);
    if (top > 0) {
      out.top.push_back(likeliest(logits, total, top, out.token_ids));
      out.token_texts.push_back(token_text(out.token_ids, token));
    }
    out.token_ids.push_back(token);
    out.logprobs.push_back(static_cast<double>(*best) - total);
    out.ended = std::find(eos_ids_.begin(), eos_ids_.end(), token) != eos_ids_.end();
    if (out.ended) break;
    decoder.embed(token, x.data());
    positions = {static_cast<std::int64_t>(length + step)};
    visible = {decoder.causal(length + step)};
  }
  out.text = processor_.tokenizer().decode(out.token_ids, true);
  return out;
}

PromptDescription LlavaVlm::describe(const ScoreRequest& request) const {
  const std::shared_ptr<const EncodedPrompt> prompt =
      encoder_.encode(request.prompt, request.answers);
  PromptDescription description{prompt->text, prompt->ids, prompt->images, prompt->answers};
  for (PromptDescription::Answer& answer : description.answers) {
    const std::span<const std::int32_t> ids = answer.token_ids;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      answer.token_texts.push_back(token_text(ids.first(i), ids[i]));
    }
  }
  return description;
}

std::shared_ptr<const VisionLanguageModel> load_llava(const std::string& folder,
                                                      const LlavaOptions& options) {
  const kernels::Kernels& kernels = kernels::Kernels::active();
  const kernels::Precision precision = options.precision.value_or(
      kernels.fast_bf16() ? kernels::Precision::kBf16 : kernels::Precision::kF32);
  return std::make_shared<const LlavaVlm>(folder, kernels, precision);
}

}  // namespace firstlight::nn
