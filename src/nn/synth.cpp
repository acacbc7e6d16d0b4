#include "firstlight/nn/synth.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bitsandbytes.h"
#include "firstlight/base/error.h"
#include "firstlight/base/random.h"
#include "firstlight/base/text.h"
#include "synth_shape.h"

namespace firstlight::nn {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Numbers are taken from a pool of normal ones from random places on: drawing each by itself would
/// take longer than writing it.
constexpr std::size_t kPool = std::size_t{1} << 20;
constexpr std::size_t kStretch = 4096;

class Writer {
 public:
  Writer(const std::string& path, const SynthShape& shape, const SynthOptions& options)
      : options_(options), random_(options.seed), file_(path, layout(shape), {{"format", "pt"}}) {
    normal_.resize(kPool);
    for (float& x : normal_) x = static_cast<float>(random_.normal());
    for (const SynthTensor& t : shape.tensors) write(t);
    file_.finish();
  }

 private:
  bool in_four_bits(const SynthTensor& t) const {
    return options_.quant && t.kind == SynthTensor::Kind::kLinear;
  }

  std::vector<TensorToWrite> layout(const SynthShape& shape) const {
    std::vector<TensorToWrite> all;
    for (const SynthTensor& t : shape.tensors) {
      if (!in_four_bits(t)) {
        all.push_back({t.name, Dtype::kBf16, t.shape, nullptr});
        continue;
      }
      const auto parts =
          bitsandbytes_layout(t.name, options_.quant->type, t.shape[0], t.shape[1],
                              options_.quant->block, options_.quant->double_quant, Dtype::kBf16);
      all.insert(all.end(), parts.begin(), parts.end());
    }
    return all;
  }

  void write(const SynthTensor& t) {
    if (in_four_bits(t)) return write_four_bit(t);
    std::size_t left = 1;
    for (const std::int64_t side : t.shape) left *= static_cast<std::size_t>(side);
    const bool norm = t.kind == SynthTensor::Kind::kNorm;
    std::vector<std::uint16_t> numbers(kStretch);
    while (left > 0) {
      const std::size_t count = std::min(left, kStretch);
      const std::size_t from = random_.below(kPool - kStretch);
      for (std::size_t i = 0; i < count; ++i) {
        numbers[i] = kernels::bf16_from_f32((norm ? 1.0f : 0.0f) + t.spread * normal_[from + i]);
      }
      file_.write(numbers.data(), count * sizeof(std::uint16_t));
      left -= count;
    }
  }

  void write_four_bit(const SynthTensor& t) {
    FourBitMatrix m =
        FourBitMatrix::make(options_.quant->type, static_cast<std::size_t>(t.shape[0]),
                            static_cast<std::size_t>(t.shape[1]), options_.quant->block);
    for (std::size_t i = 0; i < m.codes.size(); i += 8) {
      const std::uint64_t bits = random_();
      std::memcpy(m.codes.data() + i, &bits, std::min<std::size_t>(8, m.codes.size() - i));
    }
    // Codes of equal frequency have a deviation of about half the maximum.
    for (float& x : m.absmax) {
      x = t.spread * (2.0f + 0.2f * std::abs(normal_[random_.below(kPool)]));
    }
    NestedAbsmax nested;
    if (options_.quant->double_quant) nested = nest_absmax(m.absmax);
    const BitsandbytesTensors parts(t.name, m, options_.quant->double_quant ? &nested : nullptr,
                                    Dtype::kBf16);
    for (const TensorToWrite& part : parts.tensors) file_.write(part);
  }

  const SynthOptions& options_;
  Random random_;
  SafetensorsWriter file_;
  std::vector<float> normal_;
};

/// A tokeniser of single bytes: the vocabulary is filled up with tokens that no text gives, so that
/// special tokens stand where the published model has them.
ordered_json tokenizer_of(const SynthShape& shape) {
  ordered_json vocab = ordered_json::object();
  // Appended without a search for the key, which would go through all of them.
  auto& entries = vocab.get_ref<ordered_json::object_t&>();
  std::int64_t next = 0;
  const auto append = [&](const std::string& token) { entries.emplace_back(token, next++); };
  int other = 0;  // bytes without a printable form take the characters from 256 on
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
    std::string character;
    text::append_utf8(character, static_cast<char32_t>(printable ? byte : 256 + other++));
    append(character);
  }
  ordered_json added = ordered_json::array();
  for (const auto& [content, id] : shape.special_tokens) {
    while (next < id) append("<unused_" + std::to_string(next) + ">");
    if (next == id) append(content);
    added.push_back({{"id", id},
                     {"content", content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const ordered_json byte_level = {{"type", "ByteLevel"},
                                   {"add_prefix_space", false},
                                   {"trim_offsets", true},
                                   {"use_regex", true}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", byte_level},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", ordered_json::array()}}}};
}

}  // namespace

std::vector<std::string> synth_shapes() {
  return {"llava-v1.6-mistral-7b", "llama-3.2-11b-vision"};
}

void synthesize(const std::string& out, const SynthOptions& options) {
  if (!(options.scale > 0.0) || options.scale > 1.0) {
    throw Error::usage("scale", "must lie in (0, 1]");
  }
  if (fs::exists(out + "/config.json")) {
    throw Error::usage(out, "holds a model already", "name a folder that is new");
  }
  SynthShape shape = options.like == "llava-v1.6-mistral-7b" ? llava_next_shape(options.scale)
                     : options.like == "llama-3.2-11b-vision"
                         ? mllama_shape(options.scale)
                         : throw Error::usage("'" + options.like + "'", "is no known shape",
                                              "known: " + text::join(synth_shapes(), ", "));
  if (options.quant) {
    shape.config["quantization_config"] =
        ordered_json::parse(bitsandbytes_config(*options.quant, Dtype::kBf16));
  }
  fs::create_directories(out);
  const auto save = [&](const char* name, const ordered_json& content) {
    text::write_file_atomically(out + "/" + name, content.dump(2) + "\n");
  };
  save("processor_config.json", shape.processor);
  save("tokenizer.json", tokenizer_of(shape));
  save("tokenizer_config.json", shape.tokenizer_config);
  text::write_file_atomically(out + "/chat_template.jinja", shape.chat_template);
  Writer(out + "/model.safetensors", shape, options);
  save("config.json", shape.config);
}

}  // namespace firstlight::nn
