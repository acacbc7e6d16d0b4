#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "firstlight/base/error.h"
#include "firstlight/base/secret.h"
#include "firstlight/hosted/hosted.h"
#include "firstlight/registry/registry.h"
#include "firstlight/serve/server.h"
#include "flags.h"
#include "interrupt.h"

namespace firstlight::app {
namespace {

struct Arguments {
  bool openai = false;
  std::string model = "embedded";
  std::string token_file;
  int threads = 0;
  int max_request_mib = 32;
  double max_megapixels = 16.0;
  serve::ServerOptions options;
};

void serve_model(const Arguments& args, Context& context) {
  if (!args.openai) {
    throw Error::usage("serve", "names no protocol", "add --openai");
  }
  if (hosted::is_hosted(args.model)) {
    throw Error::usage(args.model, "is on a server already");
  }
  use_threads(args.threads);
  serve::ServerOptions options = args.options;
  options.token = load_secret(args.token_file, "--token-file", "FIRSTLIGHT_SERVE_TOKEN");
  options.max_request_bytes = static_cast<std::size_t>(args.max_request_mib) << 20;
  options.pixels.max_pixels = static_cast<std::int64_t>(args.max_megapixels * 1e6);
  const std::atomic<bool>& stop = stop_on_interrupt();
  const auto model = open_vlm(args.model);
  serve::Server server(model, options);
  const bool v6 = options.host.find(':') != std::string::npos;
  std::printf("http://%s%s%s:%d/v1 %s\n", v6 ? "[" : "", options.host.c_str(), v6 ? "]" : "",
              server.port(), model->capabilities().name.c_str());
  std::fflush(stdout);
  server.run(stop);
  context.exit_code = 0;
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("serve", "Offer a model to other programs over HTTP until interrupted");
  command->add_flag("--openai", args->openai,
                    "the protocol of OpenAI's chat completions, with pictures and "
                    "log-probabilities");
  add_model_flag(*command, args->model);
  command->add_option("--host", args->options.host, "address to listen on")
      ->type_name("HOST")
      ->capture_default_str();
  command->add_option("--port", args->options.port, "port to listen on; 0 for any that is free")
      ->type_name("N")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command
      ->add_option("--token-file", args->token_file,
                   "file with the token that clients must send as their key, which only you may "
                   "read; else FIRSTLIGHT_SERVE_TOKEN; without one, this machine only")
      ->type_name("FILE");
  add_threads_flag(*command, args->threads);
  command->add_option("--max-request", args->max_request_mib, "largest request in MiB")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--max-megapixels", args->max_megapixels, "largest picture in megapixels")
      ->type_name("N")
      ->check(CLI::Range(0.001, 100.0))
      ->capture_default_str();
  command->add_option("--max-tokens", args->options.max_tokens, "longest answer in tokens")
      ->type_name("N")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command
      ->add_option("--requests-per-minute", args->options.requests_per_minute,
                   "limit for each address; 0 for none")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  command->footer(
      "Prints the address and the model's name when it is ready. The official\n"
      "OpenAI clients work with it: give them the address as base URL.");
  command->callback([args, &context] { serve_model(*args, context); });
}

}  // namespace firstlight::app
