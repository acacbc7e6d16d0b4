#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firstlight/base/error.h"

namespace firstlight::nn {

enum class Dtype { kF64, kF32, kF16, kBf16, kI64, kI32, kI16, kI8, kU64, kU32, kU16, kU8, kBool };
std::string to_string(Dtype dtype);  ///< as safetensors writes it: "F32", "BF16", ...
std::size_t size_of(Dtype dtype);

/// A tensor in a mapped file, row-major; valid as long as its file. Data need not be aligned.
struct TensorView {
  std::string name;
  std::string file;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;

  std::size_t numel() const { return bytes / size_of(dtype); }
  /// "[2, 3]"
  std::string shape_text() const;
  /// All numbers as f32. Throws Error::input for types other than F64, F32, F16 and BF16.
  std::vector<float> to_f32() const;
};

/// One .safetensors file, mapped read-only. Immutable; safe from any thread. A file that is cut
/// short by somebody else while it is mapped is out of this class's hands.
class SafetensorsFile {
 public:
  /// Maps `path` and checks its header: sizes against the file, every tensor's bytes against its
  /// shape, no gaps and no overlaps. Throws Error::input naming file and tensor.
  static SafetensorsFile open(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::string& path() const;
  /// Names in order.
  const std::map<std::string, TensorView>& tensors() const;
  const TensorView* find(const std::string& name) const;
  /// Throws Error::input.
  const TensorView& at(const std::string& name) const;
  /// Tells the system that the tensor's pages are not needed any more.
  void release(const TensorView& tensor) const;

 private:
  struct Impl;
  explicit SafetensorsFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The weights of a model folder: model.safetensors, or the files that
/// model.safetensors.index.json names.
class Weights {
 public:
  /// Throws Error::input where a file is missing or malformed, or where the index names a tensor
  /// that its file does not hold.
  static Weights open(const std::string& folder);

  const std::string& folder() const { return folder_; }
  std::vector<std::string> files() const;
  const TensorView* find(const std::string& name) const;
  std::vector<std::string> names() const;
  void release(const TensorView& tensor) const;

 private:
  std::string folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::pair<std::size_t, const TensorView*>> tensors_;
};

/// A tensor to be written; `data` is not owned.
struct TensorToWrite {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
};

/// Writes a file that safetensors reads, tensor by tensor, so that it need not fit into memory.
/// Written beside `path` and renamed over it by finish(); without that nothing is left.
class SafetensorsWriter {
 public:
  /// `layout`: names, types and shapes in the order in which they will be written; data is not
  /// looked at. Throws Error::internal where the file cannot be written, Error::usage for a name
  /// that is there twice.
  SafetensorsWriter(const std::string& path, const std::vector<TensorToWrite>& layout,
                    const std::map<std::string, std::string>& metadata = {});
  ~SafetensorsWriter();
  SafetensorsWriter(const SafetensorsWriter&) = delete;
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

  /// The next tensor of the layout.
  void write(const TensorToWrite& tensor);
  /// The next bytes, for tensors that are made piece by piece.
  void write(const void* data, std::size_t bytes);
  /// Returns the bytes of all tensors.
  std::uint64_t finish();

 private:
  Error failure() const;

  std::string path_;
  std::FILE* file_ = nullptr;
  std::uint64_t expected_ = 0;
  std::uint64_t written_ = 0;
};

/// Writes a file that safetensors reads (header padded to 8 bytes, tensors in the given order);
/// `metadata` becomes its "__metadata__". Written beside `path` and renamed over it. Throws
/// Error::internal where it cannot be written, Error::usage for a name that is there twice.
void write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace firstlight::nn
