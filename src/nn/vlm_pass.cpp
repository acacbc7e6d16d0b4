#include <algorithm>
#include <cmath>
#include <optional>

#include "firstlight/base/error.h"
#include "firstlight/base/parallel.h"
#include "prompt_pictures.h"
#include "stages.h"
#include "vlm.h"

namespace firstlight::nn {
namespace {

/// Prefixes that are kept: the passes of a task.
constexpr std::size_t kPrefixes = 16;
/// Positions for which a state has room beyond its own prompt: orders of the classes differ by some
/// tokens.
constexpr std::size_t kSpare = 64;

}  // namespace

std::shared_ptr<const Vlm::Prefix> Vlm::prefix_of(const EncodedPrompt& prompt) const {
  // Nothing where the decoder attends to pictures, for what stands before them depends on them too,
  // and without pictures: a state of all positions but the last would take two passes, the second
  // one of a single row, which reads all weights.
  const bool none = model_->decoder().config().cross_attends() || prompt.images.empty();
  const std::size_t length = none ? 0 : prompt.images.front().start;
  const std::vector<std::int32_t> ids(prompt.ids.begin(),
                                      prompt.ids.begin() + static_cast<std::ptrdiff_t>(length));
  const Decoder& decoder = model_->decoder();
  const std::vector<float> frequencies = decoder.frequencies(prompt.length());
  for (auto at = prefixes_.begin(); at != prefixes_.end(); ++at) {
    if ((*at)->ids != ids || (*at)->state.frequencies != frequencies) continue;
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
    decoder.forward(prefix->state, x.data(), length, positions.data(), visible.data(), nullptr,
                    {&last, 1});
  }
  prefixes_.push_front(prefix);
  if (prefixes_.size() > kPrefixes) prefixes_.pop_back();
  return prefix;
}

void Vlm::begin(std::span<Job> jobs, std::span<const std::optional<Error>> errors) const {
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    if (errors[j]) continue;
    Job& job = jobs[j];
    job.first = job.prefix->ids.size();
    const Decoder& decoder = model_->decoder();
    const PromptNeeds needs{*job.prompt, job.keys, decoder.frequencies(job.prompt->length()),
                            decoder.config().cross_attends()};
    job.kept = states_.take(needs, job.first);
    if (job.kept) job.first = common_positions(*job.kept, needs);
  }
  if (!small()) states_.clear();
}

std::size_t Vlm::first_picture(const Job& job) const {
  if (job.kept && job.kept->pictures) return job.keys.size();
  const auto& images = job.prompt->images;
  return static_cast<std::size_t>(
      std::find_if(images.begin(), images.end(),
                   [&](const auto& image) { return image.start >= job.first; }) -
      images.begin());
}

DecoderState& Vlm::state_of(Job& job, std::size_t more) const {
  const Decoder& decoder = model_->decoder();
  const std::size_t positions = job.prompt->ids.size() + more;
  if (job.kept) {
    decoder.shorten(job.kept->state, job.first, positions);
  } else {
    job.kept.emplace();
    job.kept->state = decoder.make_state(positions + kSpare, job.prompt->length());
    decoder.assign(job.kept->state, job.prefix->state, job.first);
  }
  return job.kept->state;
}

void Vlm::keep(Job& job) const {
  job.kept->prompt = job.prompt;
  job.kept->keys = std::move(job.keys);
  job.kept->sums = std::move(job.sums);
  states_.put(*std::move(job.kept), small() ? static_cast<std::size_t>(num_threads()) : 1);
}

const PromptPictures* Vlm::pictures_of(Job& job, std::size_t more) const {
  if (!model_->decoder().config().cross_attends() || job.keys.empty()) return nullptr;
  std::optional<PromptPictures>& pictures = job.kept->pictures;
  if (pictures) {
    pictures->move_to(*model_, job.prompt->ids);
  } else {
    std::vector<const ImageFeatures*> features;
    for (const Features& f : job.images) features.push_back(f.get());
    pictures.emplace(*model_, job.prompt->ids, features);
  }
  pictures->extend(more);
  return &*pictures;
}

std::vector<float> Vlm::rows_of(const Job& job, std::size_t more) const {
  const std::size_t hidden = model_->decoder().hidden();
  const std::span<const std::int32_t> ids = std::span(job.prompt->ids).subspan(job.first);
  std::vector<const ImageFeatures*> features;
  for (std::size_t i = first_picture(job); i < job.images.size(); ++i) {
    features.push_back(job.images[i].get());
  }
  std::vector<float> x((ids.size() + more) * hidden);
  embed_all(*model_, ids, features, x.data());
  return x;
}

void Vlm::sum_features(Job& job) const {
  const std::size_t hidden = model_->decoder().hidden();
  for (std::size_t i = 0; i < job.keys.size(); ++i) {
    if (!job.images[i]) {
      job.sums.push_back(job.kept->sums[i]);
      continue;
    }
    const ImageFeatures& image = *job.images[i];
    FeatureSum& sum = job.sums.emplace_back();
    sum.rows = image.filled > 0 ? image.filled : image.rows.size() / hidden;
    sum.values.assign(hidden, 0.0);
    for (std::size_t r = 0; r < sum.rows; ++r) {
      for (std::size_t c = 0; c < hidden; ++c) {
        sum.values[c] += static_cast<double>(image.rows[r * hidden + c]);
      }
    }
  }
}

std::vector<float> Vlm::mean_features(const Job& job) const {
  std::vector<float> mean;
  std::size_t rows = 0;
  for (std::size_t i = job.examples; i < job.sums.size(); ++i) rows += job.sums[i].rows;
  if (rows == 0) return mean;
  for (std::size_t c = 0; c < model_->decoder().hidden(); ++c) {
    double sum = 0;
    for (std::size_t i = job.examples; i < job.sums.size(); ++i) sum += job.sums[i].values[c];
    mean.push_back(static_cast<float>(sum / static_cast<double>(rows)));
  }
  return mean;
}

LabelScores Vlm::score_job(Job& job) const {
  const Decoder& decoder = model_->decoder();
  const std::size_t hidden = decoder.hidden();
  const EncodedPrompt& prompt = *job.prompt;
  const std::size_t length = prompt.ids.size();
  const std::size_t first = job.first;
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
  DecoderState& state = state_of(job, nodes);
  const PromptPictures* pictures = pictures_of(job, nodes);
  const CrossInput cross = pictures ? pictures->input(first) : CrossInput{};
  decoder.forward(state, x.data(), rows + nodes, positions.data(), visible.data(),
                  pictures ? &cross : nullptr, wanted);

  const auto vocabulary = static_cast<std::size_t>(decoder.config().vocab_size);
  decoder.normalise(x.data(), wanted.size(), x.data());
  std::vector<float> logits(wanted.size() * vocabulary);
  decoder.logits(x.data(), wanted.size(), logits.data());
  std::vector<float> totals;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    totals.push_back(model_->kernels().log_sum_exp(logits.data() + i * vocabulary, vocabulary));
  }
  LabelScores scores;
  scores.features = mean_features(job);
  for (std::size_t a = 0; a < prompt.answers.size(); ++a) {
    AnswerScore answer;
    answer.token_ids = prompt.answers[a].token_ids;
    for (std::size_t i = 0; i < answer.token_ids.size(); ++i) {
      const auto node = static_cast<std::size_t>(prompt.tree.path[a][i]);
      if (static_cast<std::size_t>(answer.token_ids[i]) >= vocabulary) {
        throw Error::input("answer", "holds the token " + std::to_string(answer.token_ids[i]) +
                                         ", which the model cannot write");
      }
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

std::string Vlm::token_text(std::span<const std::int32_t> before, std::int32_t token) const {
  const Tokenizer& tokenizer = model_->processor().tokenizer();
  std::vector<std::int32_t> ids(before.begin(), before.end());
  const std::string start = tokenizer.decode(ids, false);
  ids.push_back(token);
  const std::string whole = tokenizer.decode(ids, false);
  // A token that completes a character changes what stood before it.
  if (whole.compare(0, start.size(), start) != 0) return tokenizer.decode({&token, 1}, false);
  return whole.substr(start.size());
}

std::vector<Generated::Token> Vlm::likeliest(std::span<const float> logits, double total, int count,
                                             std::span<const std::int32_t> before) const {
  std::vector<std::int32_t> order;
  for (std::int32_t id = 0; id < static_cast<std::int32_t>(logits.size()); ++id) {
    if (model_->processor().tokenizer().has_id(id)) order.push_back(id);
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

Generated Vlm::generate_job(Job& job, int max_tokens, int top) const {
  const Decoder& decoder = model_->decoder();
  const std::size_t length = job.prompt->ids.size();
  const std::size_t room =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(max_tokens, 0)),
                            static_cast<std::size_t>(decoder.config().max_positions) - length);
  std::vector<float> x = rows_of(job, 0);
  DecoderState& state = state_of(job, room);
  std::vector<std::int64_t> positions;
  std::vector<kernels::Visible> visible;
  for (std::size_t i = job.first; i < length; ++i) {
    positions.push_back(static_cast<std::int64_t>(i));
    visible.push_back(decoder.causal(i));
  }
  const PromptPictures* pictures = pictures_of(job, room);
  const auto vocabulary = static_cast<std::size_t>(decoder.config().vocab_size);
  std::vector<float> logits(vocabulary);
  Generated out;
  for (std::size_t step = 0; step < room; ++step) {
    const std::size_t last = positions.size() - 1;
    const CrossInput cross =
        pictures ? pictures->input(static_cast<std::size_t>(positions[0])) : CrossInput{};
    decoder.forward(state, x.data(), positions.size(), positions.data(), visible.data(),
                    pictures ? &cross : nullptr, {&last, 1});
    decoder.normalise(x.data(), 1, x.data());
    decoder.logits(x.data(), 1, logits.data());
    const auto best = std::max_element(logits.begin(), logits.end());
    const auto token = static_cast<std::int32_t>(best - logits.begin());
    const double total = model_->kernels().log_sum_exp(logits.data(), vocabulary);
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
  out.text = model_->processor().tokenizer().decode(out.token_ids, true);
  return out;
}

}  // namespace firstlight::nn
