#include "firstlight/run/runner.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <span>

#include "firstlight/base/error.h"
#include "firstlight/base/hash.h"
#include "firstlight/base/paths.h"
#include "firstlight/base/text.h"
#include "firstlight/image/codec.h"
#include "firstlight/image/resize.h"
#include "firstlight/run/prediction.h"
#include "hashes.h"
#include "loader.h"
#include "scoring.h"
#include "truth.h"

namespace firstlight {
namespace {

using Clock = std::chrono::steady_clock;
using run_detail::LoadedSample;
using run_detail::score_samples;

constexpr double kCommitSeconds = 1.0;
constexpr int kPreviewQuality = 85;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer;
}

std::vector<Preview> make_previews(const PreparedSample& sample) {
  std::vector<Preview> previews;
  for (const PreparedSample::View& view : sample.views) {
    const int side = std::max(view.image.width, view.image.height);
    const auto scaled = [&](int length) { return std::max(1, length * kPreviewSide / side); };
    previews.push_back(
        {view.name,
         encode_jpeg(side > kPreviewSide ? resize(view.image, scaled(view.image.width),
                                                  scaled(view.image.height), ResizeFilter::kArea)
                                         : view.image,
                     kPreviewQuality)});
  }
  return previews;
}

/// For what the pictures of a sample compete (see PreviewChoice).
std::vector<PreviewChoice> preview_choices(const SampleRecord& record, const Task& task,
                                           const Interpretation& interpretation) {
  const Prediction prediction = predict(record, interpretation);
  const ClassId group = record.truth_class.value_or(prediction.label);
  const std::string& key = task.classes[group.index()].key;
  // 53 bits of the hash are exact in a double.
  std::vector<PreviewChoice> choices = {
      {"typical", key, static_cast<double>(stable_hash64(record.id) >> 11)}};
  if (!record.truth_class) {
    choices.push_back({"notable", key, prediction.confidence()});
  } else if (prediction.label != *record.truth_class) {
    choices.push_back({"notable", key, -prediction.confidence()});
  }
  return choices;
}

/// Whether a pass asks what main asks, of the picture as it is or turned.
bool asks_as_main(const Pass& pass) {
  return pass.kind == Pass::Kind::kMain || pass.kind == Pass::Kind::kOrientation;
}

/// Scores the good samples of a batch. Passes that share a picture follow each other sample by
/// sample, for the model keeps what they share. A batch that is called off keeps the samples before
/// the first one that was not asked about.
void score_batch(std::vector<LoadedSample>& batch, const Classifier& classifier, const Task& task,
                 const RunOptions& options) {
  const auto start = Clock::now();
  std::vector<std::size_t> good;
  std::vector<SampleRecord*> records;
  std::vector<PreparedSample> prepared;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].record.ok) continue;
    good.push_back(i);
    records.push_back(&batch[i].record);
    prepared.push_back(std::move(batch[i].prepared));
  }
  const bool once = std::all_of(options.passes.begin(), options.passes.end(), asks_as_main) &&
                    options.free_text == 0 && !options.reasons;
  const auto at_once = static_cast<std::size_t>(classifier.capabilities().preferred_batch);
  const std::size_t step = once ? good.size() : std::max<std::size_t>(1, at_once);
  for (std::size_t first = 0; first < good.size(); first += step) {
    const std::size_t n = std::min(step, good.size() - first);
    const std::size_t count =
        score_samples(std::span(prepared).subspan(first, n), std::span(records).subspan(first, n),
                      classifier, task, options);
    if (count == n) continue;
    batch.resize(good[first + count]);
    good.resize(first + count);
    prepared.resize(first + count);
  }
  const double share = good.empty() ? 0.0 : since(start) / static_cast<double>(good.size());
  for (std::size_t k = 0; k < good.size(); ++k) {
    batch[good[k]].prepared = std::move(prepared[k]);
    batch[good[k]].record.seconds += share;
  }
}

/// What the store holds must be the beginning of what the source offers.
void check_continuation(const SampleSource& source, const RunStore& store) {
  if (store.size() > source.size()) {
    throw Error::conflict(
        store.folder(), fmt::format("holds {} samples, the data {}", store.size(), source.size()));
  }
  if (store.size() == 0) return;
  const auto last = store.at(store.size() - 1);
  if (last && last->id != source.id(last->position)) {
    throw Error::conflict(store.folder(),
                          fmt::format("sample {} is '{}' in the run and '{}' in the data",
                                      last->position, last->id, source.id(last->position)));
  }
}

/// Accumulates over the parts of a run that was interrupted.
void add_number(RunStore& store, const std::string& key, double more) {
  const double before = text::parse_double(store.value(key).value_or("0")).value_or(0.0);
  store.set_value(key, fmt::format("{}", before + more));
}

void write_facts(RunStore& store, double seconds) {
  add_number(store, "wall_seconds", seconds);
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const double peak = static_cast<double>(usage.ru_maxrss) * 1024.0;
  const double before =
      text::parse_double(store.value("peak_memory_bytes").value_or("0")).value_or(0.0);
  store.set_value("peak_memory_bytes", fmt::format("{:.0f}", std::max(peak, before)));
  store.set_value("finished", now_utc());
}

}  // namespace

std::string run_detail::pixels_sha256(const RunStore& store) {
  ContentHash hash;
  store.for_each([&](const SampleRecord& record) {
    hash.update(fmt::format("{:016x}\n", record.pixels_hash));
  });
  return hash.hex();
}

RunConfig make_run_config(const Task& task, const Classifier& classifier,
                          const std::string& model_spec, const std::string& data_spec,
                          const SourceSurvey& survey, const RunOptions& options) {
  const auto has = [&](Pass::Kind kind) {
    return std::any_of(options.passes.begin(), options.passes.end(),
                       [&](const Pass& pass) { return pass.kind == kind; });
  };
  if (options.normalisation == Normalisation::kPmi && !has(Pass::Kind::kBlank) &&
      !has(Pass::Kind::kNoDescriptions)) {
    throw Error::usage("--normalisation pmi", "needs a prior pass", "add --passes main,blank");
  }
  const Capabilities model = classifier.capabilities();
  if (!model.reads_prompt &&
      !std::all_of(options.passes.begin(), options.passes.end(), asks_as_main)) {
    throw Error::usage("--passes",
                       model.name + " has no prompt: only main and orientations tell something",
                       "leave --passes and --orders out");
  }
  std::vector<std::string> passes;
  for (const Pass& pass : options.passes) passes.push_back(pass.name());
  RunConfig config;
  config.settings = {{"program.version", version()},
                     {"task.name", task.name},
                     {"task.version", task.version},
                     {"task.sha256", sha256_hex(task.yaml)},
                     {"model.spec", model_spec},
                     {"model.name", model.name},
                     {"model.type", model.type},
                     {"model.dtype", model.dtype},
                     {"model.device", model.device},
                     {"model.kind", to_string(model.kind)},
                     {"model.sha256", classifier.content_hash()},
                     {"data.spec", data_spec},
                     {"data.samples", std::to_string(survey.samples)},
                     {"data.ids_sha256", survey.ids_sha256},
                     {"pixels.settings_sha256", pixel_settings_hash(task)},
                     {"passes", text::join(passes, ",")},
                     {"normalisation", to_string(options.normalisation)}};
  if (!options.ignore_truth.empty()) {
    config.settings["ignore_truth"] = text::join(options.ignore_truth, ",");
  }
  if (options.free_text > 0) config.settings["free_text"] = std::to_string(options.free_text);
  if (options.domain) {
    std::vector<std::string> names;
    for (const Domain& domain : options.domain->domains) names.push_back(domain.name);
    config.settings["domain.names"] = text::join(names, ",");
    config.settings["domain.false_alarms"] = fmt::format("{:g}", options.domain->false_alarms);
    if (!options.domain->unknown_classes.empty()) {
      config.settings["domain.unknown_classes"] = text::join(options.domain->unknown_classes, ", ");
    }
  }
  if (options.reasons) config.settings["reasons"] = options.reasons->setting();
  config.machine = describe_machine();
  config.machine["instruction_set"] = model.instruction_set;
  return config;
}

std::string default_run_folder(const std::string& parent, const RunConfig& config) {
  RunConfig settings;
  settings.settings = config.settings;
  return fmt::format("{}/{}-{}", parent, config.settings.at("task.name"),
                     sha256_hex(settings.to_json()).substr(0, 8));
}

RunSummary run_classifier(const SampleSource& source, const Classifier& classifier, RunStore& store,
                          const RunOptions& options) {
  const auto start = Clock::now();
  check_continuation(source, store);
  const Task& task = store.task();
  const Interpretation interpretation{options.normalisation, true};
  const auto stopped = [&] { return options.stop != nullptr && options.stop->load(); };
  const auto batch_size = static_cast<std::size_t>(std::max(options.batch, 1));

  bool called_off = false;  // inside a batch, of which later samples may have been scored
  const auto tell_committed = [&] {
    if (options.committed && !called_off) options.committed();
  };

  RunSummary summary;
  summary.before = store.size();
  if (!store.value("started")) store.set_value("started", now_utc());
  {
    const int loaders = std::max(options.loaders, 1);
    run_detail::Loader loader(source, task, store.size(), loaders,
                              2 * batch_size + static_cast<std::size_t>(loaders));
    // The first batch is committed at once, so that a reader sees that the run has begun.
    std::optional<Clock::time_point> committed;
    while (store.size() < source.size() && !stopped() && !called_off) {
      std::vector<LoadedSample> batch = loader.next(batch_size);
      const std::size_t asked = batch.size();
      score_batch(batch, classifier, task, options);
      called_off = batch.size() < asked;
      for (LoadedSample& sample : batch) {
        sample.record.truth_class =
            run_detail::truth_class(task, sample.record.truth, options.ignore_truth);
        if (sample.record.ok) {
          store.append(sample.record, preview_choices(sample.record, task, interpretation),
                       [&] { return make_previews(sample.prepared); });
        } else {
          store.append(sample.record);
        }
        if (options.progress) options.progress({store.size(), source.size(), store.failed()});
      }
      if (!committed || since(*committed) >= kCommitSeconds) {
        store.commit();
        tell_committed();
        committed = Clock::now();
      }
    }
  }
  summary.written = store.size() - summary.before;
  summary.failed = store.failed();
  summary.interrupted = store.size() < source.size();
  summary.seconds = since(start);
  if (summary.written > 0 || !store.value("finished")) write_facts(store, summary.seconds);
  if (!summary.interrupted && !store.value("pixels_sha256")) {
    store.set_value("pixels_sha256", run_detail::pixels_sha256(store));
  }
  store.finish();
  tell_committed();
  return summary;
}

}  // namespace firstlight
