#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/check/saliency.h"
#include "firstlight/image/codec.h"
#include "firstlight/nn/network.h"
#include "firstlight/registry/registry.h"
#include "firstlight/registry/source.h"
#include "firstlight/run/runner.h"
#include "flags.h"
#include "progress.h"

namespace firstlight::app {
namespace {

struct Arguments {
  std::string task;
  std::string data;
  std::string model = "embedded";
  std::string method = "occlusion";
  std::string of;
  std::string output;
  int patch = 32;
  int batch = 32;
  int threads = 0;
  SelectionFlags selection;
};

/// The class that is asked about: the one named, else the sample's truth, else the likeliest.
ClassId class_for(const Arguments& args, const Task& task, const std::optional<std::string>& truth,
                  const Classifier& classifier, const PreparedSample& sample) {
  if (!args.of.empty()) {
    const auto id = task.match(args.of);
    if (!id) throw Error::usage("--of", "the task has no class '" + args.of + "'");
    return *id;
  }
  if (truth) {
    if (const auto id = task.match(*truth)) return *id;
  }
  const auto scores = classifier.classify(std::span(&sample, 1), Pass{});
  if (!scores.front()) throw scores.front().error();
  const auto values = label_log_scores(scores.front().value(), Normalisation::kSum);
  return ClassId{
      static_cast<std::int32_t>(std::max_element(values.begin(), values.end()) - values.begin())};
}

Result<std::vector<SaliencyMap>> grad_cam(const nn::Network& network, const Task& task,
                                          const PreparedSample& sample, ClassId of) {
  const auto& known = network.classes();
  const auto output = std::find(known.begin(), known.end(), task.classes[of.index()].key);
  std::vector<nn::ChargeMap> views;
  for (const auto& view : sample.views) {
    views.push_back(nn::charge_map(view.image, network.input()));
  }
  const auto map = network.class_map(views, static_cast<std::size_t>(output - known.begin()));
  std::vector<SaliencyMap> maps;
  for (const auto& view : sample.views) {
    maps.push_back({view.name, map.height, map.width, {map.values.begin(), map.values.end()}});
  }
  return maps;
}

void draw(const Arguments& args, Context& context) {
  use_threads(args.threads);
  const Task task = load_task(args.task);
  const auto source = select(open_source(args.data), args.selection.selection());
  if (source->size() == 0) throw Error::usage(args.data, "the selection holds no sample");
  const auto classifier = open_classifier(args.model, task);
  std::unique_ptr<const nn::Network> network;
  if (args.method == "grad-cam") network = nn::load_network(model_folder(args.model));
  std::filesystem::create_directories(args.output);
  const std::string table = args.output + "/saliency.csv";
  std::ofstream csv(table);
  csv << "id,class,view,row,column,value\n";
  Progress progress(0, context.quiet);
  ProgressStep step{0, source->size(), 0};
  for (std::size_t i = 0; i < source->size(); ++i) {
    ++step.done;
    const Result<PreparedSample> sample = prepare_sample(*source, task, i);
    if (!sample) {
      ++step.failed;
      std::fprintf(stderr, "firstlight: %s\n", sample.error().what());
      progress.show(step);
      continue;
    }
    const ClassId of = class_for(args, task, source->truth(i), *classifier, sample.value());
    const auto maps = network ? grad_cam(*network, task, sample.value(), of)
                              : occlusion(*classifier, sample.value(), of, args.patch, args.batch);
    if (!maps) {
      ++step.failed;
      std::fprintf(stderr, "firstlight: %s: %s\n", sample.value().id.c_str(), maps.error().what());
      progress.show(step);
      continue;
    }
    for (std::size_t v = 0; v < maps.value().size(); ++v) {
      const SaliencyMap& map = maps.value()[v];
      for (std::size_t p = 0; p < map.values.size(); ++p) {
        if (map.values[p] == 0) continue;
        csv << fmt::format("{},{},{},{},{},{:.6g}\n", text::csv_field(sample.value().id),
                           task.classes[of.index()].key, map.view,
                           p / static_cast<std::size_t>(map.columns),
                           p % static_cast<std::size_t>(map.columns), map.values[p]);
      }
      text::write_file_atomically(fmt::format("{}/{:06}_{}.png", args.output, i, map.view),
                                  encode_png(saliency_picture(sample.value().views[v].image, map)));
    }
    progress.show(step);
  }
  progress.end();
  std::printf("%s\n", table.c_str());
  if (step.failed > 0) context.exit_code = 3;
}

}  // namespace

void add_saliency(CLI::App& app, Context& context) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "saliency", "Show which places of a picture speak for a class, as pictures and a table");
  add_task_and_data(*command, args->task, args->data);
  add_model_flag(*command, args->model);
  command
      ->add_option(
          "--method", args->method,
          "occlusion (any model): how much the log-probability falls when a square is "
          "painted over; grad-cam (cnn:DIR): the last features weighted by their gradients")
      ->check(CLI::IsMember({"occlusion", "grad-cam"}))
      ->capture_default_str();
  command
      ->add_option("--of", args->of,
                   "the class that is asked about; else the sample's truth, else "
                   "the likeliest")
      ->type_name("CLASS");
  command->add_option("--patch", args->patch, "occlusion: side of the squares in pixels")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("--batch", args->batch, "pictures that the model gets at once")
      ->type_name("N")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->add_option("-o,--output", args->output, "folder for NNNNNN_VIEW.png and saliency.csv")
      ->required()
      ->type_name("DIR");
  add_threads_flag(*command, args->threads);
  args->selection.add(*command);
  command->callback([args, &context] { draw(*args, context); });
}

}  // namespace firstlight::app
