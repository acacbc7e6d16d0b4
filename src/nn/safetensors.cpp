#include "firstlight/nn/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "firstlight/base/error.h"
#include "firstlight/base/text.h"
#include "firstlight/kernels/kernels.h"
#include "json_reader.h"
#include "safetensors_header.h"

namespace firstlight::nn {
namespace {

using nlohmann::json;

struct DtypeName {
  Dtype dtype;
  const char* name;
  std::size_t size;
};
constexpr std::array<DtypeName, 13> kDtypes = {{{Dtype::kF64, "F64", 8},
                                                {Dtype::kF32, "F32", 4},
                                                {Dtype::kF16, "F16", 2},
                                                {Dtype::kBf16, "BF16", 2},
                                                {Dtype::kI64, "I64", 8},
                                                {Dtype::kI32, "I32", 4},
                                                {Dtype::kI16, "I16", 2},
                                                {Dtype::kI8, "I8", 1},
                                                {Dtype::kU64, "U64", 8},
                                                {Dtype::kU32, "U32", 4},
                                                {Dtype::kU16, "U16", 2},
                                                {Dtype::kU8, "U8", 1},
                                                {Dtype::kBool, "BOOL", 1}}};

/// The safetensors library's own limit.
constexpr std::uint64_t kMaxHeader = 100'000'000;

const DtypeName& entry(Dtype dtype) {
  return *std::find_if(kDtypes.begin(), kDtypes.end(),
                       [&](const DtypeName& d) { return d.dtype == dtype; });
}

Error bad(const std::string& path, const std::string& what) {
  return Error::input(path, what, "the file is damaged or not a safetensors file");
}

/// Bytes of a tensor, or -1 where the product does not fit.
std::int64_t byte_count(const std::vector<std::int64_t>& shape, std::size_t size) {
  std::int64_t bytes = static_cast<std::int64_t>(size);
  for (const std::int64_t side : shape) {
    if (side < 0 || __builtin_mul_overflow(bytes, side, &bytes)) return -1;
  }
  return bytes;
}

TensorView view_of(HeaderEntry entry, const std::string& path, const std::byte* data,
                   std::uint64_t data_size) {
  const std::string where = "tensor '" + entry.name + "'";
  const auto known = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const DtypeName& d) { return entry.dtype == d.name; });
  if (known == kDtypes.end()) {
    throw Error::input(path, where + " has the unsupported type '" + entry.dtype + "'");
  }
  if (entry.begin > entry.end || entry.end > data_size) {
    throw bad(path, where + " lies outside the file");
  }
  const std::int64_t bytes = byte_count(entry.shape, known->size);
  if (bytes < 0 || static_cast<std::uint64_t>(bytes) != entry.end - entry.begin) {
    throw bad(path, where + " has a shape that does not match its bytes");
  }
  TensorView view;
  view.name = std::move(entry.name);
  view.file = path;
  view.dtype = known->dtype;
  view.shape = std::move(entry.shape);
  view.data = data + entry.begin;
  view.bytes = entry.end - entry.begin;
  return view;
}

}  // namespace

std::string to_string(Dtype dtype) { return entry(dtype).name; }
std::size_t size_of(Dtype dtype) { return entry(dtype).size; }

std::string TensorView::shape_text() const {
  std::vector<std::string> sides;
  for (const std::int64_t side : shape) sides.push_back(std::to_string(side));
  return "[" + text::join(sides, ", ") + "]";
}

std::vector<float> TensorView::to_f32() const {
  std::vector<float> x(numel());
  switch (dtype) {
    case Dtype::kF64:
      for (std::size_t i = 0; i < x.size(); ++i) {
        double v;
        std::memcpy(&v, data + i * sizeof v, sizeof v);
        x[i] = static_cast<float>(v);
      }
      return x;
    case Dtype::kF32:
    case Dtype::kF16:
    case Dtype::kBf16: {
      const auto source = dtype == Dtype::kF32   ? kernels::Source::kF32
                          : dtype == Dtype::kF16 ? kernels::Source::kF16
                                                 : kernels::Source::kBf16;
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = kernels::read_number(source, data, i);
      return x;
    }
    default:
      throw Error::input(file, "tensor '" + name + "' is " + to_string(dtype) +
                                   ", a floating-point type is needed");
  }
}

struct SafetensorsFile::Impl {
  std::string path;
  void* map = MAP_FAILED;
  std::size_t size = 0;
  std::map<std::string, TensorView> tensors;

  ~Impl() {
    if (map != MAP_FAILED) munmap(map, size);
  }
};

SafetensorsFile::SafetensorsFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  // A pipe of that name must not block.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw Error::input(path, std::string("cannot be opened: ") + std::strerror(errno));
  struct stat info {};
  const bool readable = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (readable && info.st_size > 0) {
    impl->size = static_cast<std::size_t>(info.st_size);
    impl->map = mmap(nullptr, impl->size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  const int error = errno;
  ::close(fd);
  if (!readable) throw Error::input(path, "is not a regular file");
  if (impl->size < 8) throw bad(path, "is shorter than its header");
  if (impl->map == MAP_FAILED) {
    throw Error::input(path, std::string("cannot be mapped: ") + std::strerror(error));
  }

  const auto* bytes = static_cast<const std::byte*>(impl->map);
  std::uint64_t header_size = 0;
  for (int i = 7; i >= 0; --i) {
    header_size = header_size << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  if (header_size > kMaxHeader || header_size > impl->size - 8) {
    throw bad(path, "its header would be " + std::to_string(header_size) +
                        " bytes long, the file has " + std::to_string(impl->size));
  }
  const auto* text = reinterpret_cast<const char*>(bytes + 8);
  const std::byte* data = bytes + 8 + header_size;
  const std::uint64_t data_size = impl->size - 8 - header_size;
  for (HeaderEntry& entry : parse_safetensors_header({text, header_size}, path)) {
    const std::string name = entry.name;
    impl->tensors.emplace(name, view_of(std::move(entry), path, data, data_size));
  }
  std::vector<const TensorView*> by_place;
  for (const auto& [name, view] : impl->tensors) by_place.push_back(&view);
  std::sort(by_place.begin(), by_place.end(), [](const TensorView* a, const TensorView* b) {
    return a->data != b->data ? a->data < b->data : a->bytes < b->bytes;
  });
  const std::byte* expected = data;
  for (const TensorView* view : by_place) {
    if (view->data != expected) {
      throw bad(path, "tensor '" + view->name + "' overlaps another or leaves a gap");
    }
    expected += view->bytes;
  }
  if (expected != data + data_size) throw bad(path, "bytes follow the last tensor");
  return SafetensorsFile(std::move(impl));
}

const std::string& SafetensorsFile::path() const { return impl_->path; }
const std::map<std::string, TensorView>& SafetensorsFile::tensors() const { return impl_->tensors; }

const TensorView* SafetensorsFile::find(const std::string& name) const {
  const auto at = impl_->tensors.find(name);
  return at == impl_->tensors.end() ? nullptr : &at->second;
}

const TensorView& SafetensorsFile::at(const std::string& name) const {
  if (const TensorView* view = find(name)) return *view;
  throw Error::input(impl_->path, "has no tensor '" + name + "'");
}

void SafetensorsFile::release(const TensorView& tensor) const {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(tensor.data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(tensor.data) + tensor.bytes) / page * page;
  if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Weights Weights::open(const std::string& folder) {
  namespace fs = std::filesystem;
  Weights weights;
  weights.folder_ = folder;
  const std::string single = folder + "/model.safetensors";
  const std::string index = single + ".index.json";
  std::map<std::string, std::string> wanted;  // tensor -> file
  if (fs::exists(single)) {
    weights.files_.push_back(SafetensorsFile::open(single));
  } else if (fs::exists(index)) {
    const json content = parse_object(text::read_file(index), index);
    if (!content.contains("weight_map") || !content["weight_map"].is_object()) {
      throw Error::input(index, "has no object 'weight_map'");
    }
    std::set<std::string> shards;
    for (const auto& [name, file] : content["weight_map"].items()) {
      if (!file.is_string()) throw Error::input(index, "names no file for tensor '" + name + "'");
      const auto shard = file.get<std::string>();
      if (shard.find('/') != std::string::npos || shard == "..") {
        throw Error::input(index, "names the file '" + shard + "' outside its folder");
      }
      wanted[name] = folder + "/" + shard;
      shards.insert(shard);
    }
    for (const std::string& shard : shards) {
      weights.files_.push_back(SafetensorsFile::open(folder + "/" + shard));
    }
  } else {
    throw Error::input(folder, "holds neither model.safetensors nor model.safetensors.index.json");
  }
  for (std::size_t f = 0; f < weights.files_.size(); ++f) {
    for (const auto& [name, view] : weights.files_[f].tensors()) {
      const auto at = wanted.find(name);
      if (!wanted.empty() && (at == wanted.end() || at->second != view.file)) continue;
      weights.tensors_[name] = {f, &view};
    }
  }
  for (const auto& [name, file] : wanted) {
    if (!weights.tensors_.contains(name)) {
      throw Error::input(file, "has no tensor '" + name + "', which " + index + " places there");
    }
  }
  return weights;
}

std::vector<std::string> Weights::files() const {
  std::vector<std::string> paths;
  for (const SafetensorsFile& file : files_) paths.push_back(file.path());
  return paths;
}

const TensorView* Weights::find(const std::string& name) const {
  const auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : at->second.second;
}

std::vector<std::string> Weights::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : tensors_) names.push_back(name);
  return names;
}

void Weights::release(const TensorView& tensor) const {
  files_[tensors_.at(tensor.name).first].release(tensor);
}

SafetensorsWriter::SafetensorsWriter(const std::string& path,
                                     const std::vector<TensorToWrite>& layout,
                                     const std::map<std::string, std::string>& metadata)
    : path_(path) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  for (const TensorToWrite& t : layout) {
    if (header.contains(t.name)) {
      throw Error::usage(path, "tensor '" + t.name + "' is there twice");
    }
    const std::int64_t bytes = byte_count(t.shape, size_of(t.dtype));
    if (bytes < 0) throw Error::usage(path, "tensor '" + t.name + "' has an impossible shape");
    header[t.name] = {{"dtype", to_string(t.dtype)},
                      {"shape", t.shape},
                      {"data_offsets", {expected_, expected_ + static_cast<std::uint64_t>(bytes)}}};
    expected_ += static_cast<std::uint64_t>(bytes);
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  file_ = std::fopen((path_ + ".partial").c_str(), "wb");
  if (file_ == nullptr) throw failure();
  unsigned char size[8];
  for (int i = 0; i < 8; ++i) size[i] = static_cast<unsigned char>(text.size() >> (8 * i));
  if (std::fwrite(size, 1, 8, file_) != 8 ||
      std::fwrite(text.data(), 1, text.size(), file_) != text.size()) {
    const Error error = failure();
    std::fclose(file_);
    std::remove((path_ + ".partial").c_str());
    throw error;
  }
}

SafetensorsWriter::~SafetensorsWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  std::remove((path_ + ".partial").c_str());
}

Error SafetensorsWriter::failure() const {
  return Error::internal(path_, std::string("cannot be written: ") + std::strerror(errno));
}

void SafetensorsWriter::write(const TensorToWrite& tensor) {
  write(tensor.data, static_cast<std::size_t>(byte_count(tensor.shape, size_of(tensor.dtype))));
}

void SafetensorsWriter::write(const void* data, std::size_t bytes) {
  written_ += bytes;
  if (written_ > expected_) throw Error::internal(path_, "more is written than its header says");
  if (std::fwrite(data, 1, bytes, file_) != bytes) throw failure();
}

std::uint64_t SafetensorsWriter::finish() {
  if (written_ != expected_) throw Error::internal(path_, "less is written than its header says");
  bool ok = std::fflush(file_) == 0;
  ok = fsync(fileno(file_)) == 0 && ok;
  ok = std::fclose(file_) == 0 && ok;
  file_ = nullptr;
  if (!ok || std::rename((path_ + ".partial").c_str(), path_.c_str()) != 0) {
    const Error error = failure();
    std::remove((path_ + ".partial").c_str());
    throw error;
  }
  return expected_;
}

void write_safetensors(const std::string& path, const std::vector<TensorToWrite>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter writer(path, tensors, metadata);
  for (const TensorToWrite& t : tensors) writer.write(t);
  writer.finish();
}

}  // namespace firstlight::nn
