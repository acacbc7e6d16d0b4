#include <algorithm>
#include <cmath>
#include <optional>

#include "firstlight/base/error.h"
#include "prompt_pictures.h"
#include "stages.h"
#include "vlm.h"

namespace firstlight::nn {
namespace {

/// Prefixes that are kept: the passes of a task.
constexpr std::size_t kPrefixes = 16;

}  // namespace

std::shared_ptr<const Vlm::Prefix> Vlm::prefix_of(const EncodedPrompt& prompt) const {
  // At least one position is left for the pass itself, which gives the first distribution. Where
  // the decoder attends to pictures, what stands before them depends on them too.
  const bool apart = model_->decoder().config().cross_attends() && !prompt.images.empty();
  const std::size_t before =
      prompt.images.empty() ? prompt.ids.size() : prompt.images.front().start;
  const std::size_t length = apart ? 0 : std::min(before, prompt.ids.size() - 1);
  const std::vector<std::int32_t> ids(prompt.ids.begin(),
                                      prompt.ids.begin() + static_cast<std::ptrdiff_t>(length));
  const Decoder& decoder = model_->decoder();
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
    decoder.forward(prefix->state, x.data(), length, positions.data(), visible.data(), nullptr,
                    {&last, 1});
  }
  prefixes_.push_front(prefix);
  if (prefixes_.size() > kPrefixes) prefixes_.pop_back();
  return prefix;
}

std::optional<PromptPictures> Vlm::pictures_of(const Job& job, std::size_t more) const {
  if (!model_->decoder().config().cross_attends() || job.images.empty()) return std::nullopt;
  std::vector<const ImageFeatures*> features;
  for (const Features& f : job.images) features.push_back(f.get());
  std::optional<PromptPictures> pictures(std::in_place, *model_, job.prompt->ids, features);
  pictures->extend(more);
  return pictures;
}

std::vector<float> Vlm::rows_of(const Job& job, std::size_t more) const {
  const std::size_t hidden = model_->decoder().hidden();
  const std::size_t first = job.prefix->ids.size();
  const std::span<const std::int32_t> ids = std::span(job.prompt->ids).subspan(first);
  std::vector<const ImageFeatures*> features;
  for (const Features& f : job.images) features.push_back(f.get());
  std::vector<float> x((ids.size() + more) * hidden);
  embed_all(*model_, ids, features, x.data());
  return x;
}

LabelScores Vlm::score_job(const Job& job) const {
  const Decoder& decoder = model_->decoder();
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
  const std::optional<PromptPictures> pictures = pictures_of(job, nodes);
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

Generated Vlm::generate_job(const Job& job, int max_tokens, int top) const {
  const Decoder& decoder = model_->decoder();
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
  const std::optional<PromptPictures> pictures = pictures_of(job, room);
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
