// Calls a target with its seeds, and with a bounded number of damaged ones by a fixed random
// sequence:
//
//   fuzz_NAME ROUNDS SEED-FILE...
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>

#include "fuzz/mutate.h"
#include "fuzz/targets/target.h"

int main(int argc, char** argv) {
  using namespace firstlight;
  if (argc < 3) {
    std::cerr << "usage: " << argv[0] << " ROUNDS SEED-FILE...\n";
    return 2;
  }
#ifndef __SANITIZE_ADDRESS__
  // Small inputs must not ask for much memory. (The sanitiser's own tables are larger than this.)
  const rlimit limit{std::size_t{2} << 30, std::size_t{2} << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
  std::vector<std::string> seeds;
  for (int i = 2; i < argc; ++i) seeds.push_back(text::read_file(argv[i]));
  const auto call = [](const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  };
  for (const std::string& seed : seeds) call(seed);
  Random random(20261126);
  for (int i = 0; i < std::atoi(argv[1]); ++i) call(fuzz::mutate(seeds, random));
  return 0;
}
