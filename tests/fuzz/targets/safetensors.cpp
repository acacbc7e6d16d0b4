#include "firstlight/nn/safetensors.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  const int file = memfd_create("input", MFD_CLOEXEC);
  fuzz::require(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
  fuzz::refused_or_used([&] {
    const auto opened = nn::SafetensorsFile::open("/proc/self/fd/" + std::to_string(file));
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : opened.tensors()) {
      bytes += tensor.bytes;
      fuzz::require(tensor.name == name && tensor.bytes == tensor.numel() * size_of(tensor.dtype));
      fuzz::refused_or_used([&] { fuzz::require(tensor.to_f32().size() == tensor.numel()); });
      opened.release(tensor);
    }
    fuzz::require(bytes <= size);
  });
  ::close(file);
  return 0;
}
