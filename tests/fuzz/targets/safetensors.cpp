#include "firstlight/nn/safetensors.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace firstlight;
  // In memory, and the same file each time: making one costs more than reading it.
  static const int file = memfd_create("input", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  fuzz::require(file >= 0 && ::ftruncate(file, 0) == 0 &&
                ::pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  return fuzz::refused_or_used([&] {
    const auto opened = nn::SafetensorsFile::open(path);
    std::size_t bytes = 0;
    for (const auto& entry : opened.tensors()) {
      const nn::TensorView& tensor = entry.second;
      bytes += tensor.bytes;
      fuzz::require(tensor.name == entry.first &&
                    tensor.bytes == tensor.numel() * size_of(tensor.dtype));
      fuzz::refused_or_used([&] { fuzz::require(tensor.to_f32().size() == tensor.numel()); });
      opened.release(tensor);
    }
    fuzz::require(bytes <= size);
  });
}
