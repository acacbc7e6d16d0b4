#include "vlm.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>

#include "firstlight/base/hash.h"
#include "firstlight/base/parallel.h"
#include "firstlight/base/text.h"
#include "folder_hash.h"
#include "json_reader.h"

namespace firstlight::nn {
namespace {

/// Below this, weights are shared by the caches of all cores and samples are worked on in
/// parallel; above, all threads work on one product at a time and memory holds one sample's rows.
constexpr std::size_t kSmallModel = std::size_t{64} << 20;
/// Features of recent images that are kept for further passes: of so many images (a few batches),
/// and in numbers (256 MB), so that memory does not grow with the data.
constexpr std::size_t kFeatureImages = 256;
constexpr std::size_t kFeatureNumbers = std::size_t{64} << 20;

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
    ids = JsonReader(object, path).token_ids("eos_token_id").value_or(ids);
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

Vlm::Vlm(std::unique_ptr<const VlmModel> model, const VlmOptions& options)
    : model_(std::move(model)),
      options_(options),
      eos_ids_(read_eos_ids(model_->folder(), model_->decoder().config())),
      encoder_(model_->processor(), eos_ids_, model_->decoder().config().max_positions) {}

bool Vlm::small() const { return model_->weight_bytes() <= kSmallModel; }

Capabilities Vlm::capabilities() const {
  Capabilities c;
  c.name = name_of_folder(model_->folder());
  c.type = read_model_type(model_->folder());
  c.kind = ScoreKind::kExact;
  c.can_generate = true;
  c.context = model_->decoder().config().max_positions;
  c.max_images = static_cast<int>(static_cast<std::size_t>(c.context) / model_->positions(1, 1));
  c.image_side = model_->image_side();
  c.dtype = model_->dtype();
  // A small model takes a sample a thread; the passes of so many samples share what they can.
  c.preferred_batch = small() ? num_threads() : 1;
  c.instruction_set = kernels::to_string(model_->kernels().isa());
  return c;
}

std::string Vlm::content_hash() const {
  if (!hash_.empty()) return hash_;
  std::string settings = capabilities().dtype + "\n";
  settings += model_->precision() == kernels::Precision::kBf16 ? "bf16\n" : "f32\n";
  if (options_.quant) {
    settings += "blocks of " + std::to_string(options_.quant->block) +
                (options_.quant->double_quant ? ", twice\n" : "\n");
  }
  if (options_.tiles) settings += "tiles " + std::to_string(*options_.tiles) + "\n";
  hash_ = hash_of_folder(model_->folder(), settings);
  return hash_;
}

Vlm::Job Vlm::prepare(const RenderedPrompt& prompt, const std::vector<const Image*>& images,
                      const std::vector<std::string>& answers) const {
  Job job;
  job.prompt = encode(prompt, images, answers);
  for (const Image* image : images) job.keys.push_back(image_key(*image));
  job.images.resize(images.size());
  job.prefix = prefix_of(*job.prompt);
  return job;
}

std::shared_ptr<const EncodedPrompt> Vlm::begun(const GenerateRequest& request) const {
  EncodedPrompt prompt = *encode(request.prompt, request.images, {request.start});
  const std::vector<std::int32_t>& start = prompt.answers.front().token_ids;
  const auto is_end = [&](std::int32_t id) {
    return std::find(eos_ids_.begin(), eos_ids_.end(), id) != eos_ids_.end();
  };
  prompt.ids.insert(prompt.ids.end(), start.begin(),
                    std::find_if(start.begin(), start.end(), is_end));
  prompt.answers.clear();
  prompt.tree = {};
  return std::make_shared<const EncodedPrompt>(std::move(prompt));
}

std::shared_ptr<const EncodedPrompt> Vlm::encode(const RenderedPrompt& prompt,
                                                 const std::vector<const Image*>& images,
                                                 const std::vector<std::string>& answers) const {
  std::vector<std::size_t> positions;
  for (const Image* image : images) {
    if (image == nullptr || image->channels != 3 || image->width < 1 || image->height < 1) {
      throw Error::input("picture", "has no pixels or not three channels");
    }
    positions.push_back(model_->positions(image->width, image->height));
  }
  return encoder_.encode(prompt, answers, positions);
}

void Vlm::load_features(std::span<Job> jobs, std::span<const std::vector<const Image*>> images,
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
    if (errors[j]) continue;
    for (std::size_t i = first_picture(jobs[j]); i < jobs[j].keys.size(); ++i) {
      const std::string& key = jobs[j].keys[i];
      if (const auto at = features_.find(key); at != features_.end()) {
        feature_order_.splice(feature_order_.begin(), feature_order_, at->second.place);
        jobs[j].images[i] = at->second.features;
      } else if (place.emplace(key, missing.size()).second) {
        missing.push_back({&key, images[j][i], nullptr, {}});
      }
    }
  }
  const auto encode = [&](Missing& m) {
    Result<Features> result = guarded<Features>(
        [&] { return std::make_shared<const ImageFeatures>(model_->features(*m.image)); });
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
    if (errors[j]) continue;
    for (std::size_t i = first_picture(jobs[j]); i < jobs[j].keys.size(); ++i) {
      if (jobs[j].images[i]) continue;
      const Missing& m = missing[place.at(jobs[j].keys[i])];
      jobs[j].images[i] = m.features;
      if (m.error) errors[j] = m.error;
    }
    if (!errors[j]) sum_features(jobs[j]);
  }
  for (Missing& m : missing) {
    if (!m.features) continue;
    feature_order_.push_front(*m.key);
    features_[*m.key] = {m.features, feature_order_.begin()};
    feature_numbers_ += m.features->rows.size();
  }
  while ((feature_numbers_ > kFeatureNumbers || features_.size() > kFeatureImages) &&
         !feature_order_.empty()) {
    const auto oldest = features_.find(feature_order_.back());
    feature_numbers_ -= oldest->second.features->rows.size();
    features_.erase(oldest);
    feature_order_.pop_back();
  }
}

std::vector<Result<LabelScores>> Vlm::score(std::span<const ScoreRequest> requests) const {
  const std::size_t n = requests.size();
  std::vector<Job> jobs(n);
  std::vector<std::optional<Error>> errors(n);
  std::vector<std::vector<const Image*>> images(n);
  for (std::size_t i = 0; i < n; ++i) {
    const ScoreRequest& request = requests[i];
    Result<Job> job = guarded<Job>([&] {
      if (request.answers.empty()) throw Error::usage("answers", "there are none to score");
      Job prepared = prepare(request.prompt, request.images, request.answers);
      prepared.examples = request.examples;
      return prepared;
    });
    if (job) {
      jobs[i] = std::move(job).value();
      images[i] = request.images;
    } else {
      errors[i] = job.error();
    }
  }
  // Large models take one sample after the other, so that memory holds the features of one.
  std::vector<std::optional<LabelScores>> scores(n);
  const std::size_t step = small() ? n : 1;
  for (std::size_t first = 0; first < n; first += step) {
    const std::span<Job> now = std::span(jobs).subspan(first, step);
    const std::span<std::optional<Error>> failed = std::span(errors).subspan(first, step);
    begin(now, failed);
    load_features(now, std::span(images).subspan(first, step), failed);
    parallel_for(step, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = first + begin; i < first + end; ++i) {
        if (errors[i]) continue;
        Result<LabelScores> result = guarded<LabelScores>([&] { return score_job(jobs[i]); });
        if (result) {
          scores[i] = std::move(result).value();
        } else {
          errors[i] = result.error();
        }
      }
    });
    for (std::size_t i = 0; i < step; ++i) {
      if (!failed[i]) keep(now[i]);
      now[i] = Job{};
    }
  }
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

Result<Generated> Vlm::generate(const GenerateRequest& request) const {
  std::vector<Job> jobs(1);
  std::vector<std::optional<Error>> errors(1);
  const std::vector<std::vector<const Image*>> images = {request.images};
  return guarded<Generated>([&] {
    if (!request.start.empty() && !request.answers.empty()) {
      throw Error::internal("generate", "an answer to begin with and answers to choose from");
    }
    jobs[0] = prepare(request.prompt, request.images, request.answers);
    if (!request.start.empty()) jobs[0].prompt = begun(request);
    begin(jobs, errors);
    load_features(jobs, images, errors);
    if (errors[0]) throw *errors[0];
    if (request.answers.empty()) {
      Generated written = generate_job(jobs[0], request.max_tokens, request.top_logprobs);
      keep(jobs[0]);
      return written;
    }
    const LabelScores scores = score_job(jobs[0]);
    keep(jobs[0]);
    const AnswerScore& chosen = scores.answers[constrained_choice(scores, request.beams).index()];
    Generated written;
    written.text = model_->processor().tokenizer().decode(chosen.token_ids, true);
    written.token_ids = chosen.token_ids;
    written.logprobs = chosen.logprobs;
    written.ended = true;
    return written;
  });
}

PromptDescription Vlm::describe(const ScoreRequest& request) const {
  const std::shared_ptr<const EncodedPrompt> prompt =
      encode(request.prompt, request.images, request.answers);
  PromptDescription description{prompt->text, prompt->ids, prompt->images, prompt->answers};
  for (PromptDescription::Answer& answer : description.answers) {
    const std::span<const std::int32_t> ids = answer.token_ids;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      answer.token_texts.push_back(token_text(ids.first(i), ids[i]));
    }
  }
  return description;
}

std::shared_ptr<const VisionLanguageModel> load_vlm(const std::string& folder,
                                                    const VlmOptions& options) {
  return std::make_shared<const Vlm>(open_vlm_model(folder, kernels::Kernels::active(), options),
                                     options);
}

}  // namespace firstlight::nn
