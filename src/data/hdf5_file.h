#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "firstlight/base/metadata.h"

namespace firstlight {

/// What the reader needs to know of a dataset.
struct Hdf5Dataset {
  enum class Kind { kUint8, kInteger, kFloat, kText, kBool, kOther };
  std::string name;  ///< path from the root, without the leading slash
  Kind kind = Kind::kOther;
  std::vector<std::uint64_t> shape;
  std::uint64_t element_bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< in the file, after compression
};

/// An HDF5 file open for reading, the only user of the HDF5 library. Every call holds one lock of
/// the process, since the library is not safe from several threads; its error stack is silenced
/// while a call lasts and the innermost cause goes into the Error. Only datasets inside the file
/// are seen: soft and external links, external raw files and virtual datasets, by which a file
/// could name others, are not followed.
class Hdf5File {
 public:
  /// Throws Error::input.
  explicit Hdf5File(const std::string& path);
  ~Hdf5File();
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  const std::string& path() const;
  /// In natural order of their names.
  const std::vector<Hdf5Dataset>& datasets() const;

  /// Element `index` of the first axis of a dataset that datasets() lists, converted by the
  /// library. Throws Error::input.
  std::vector<std::uint8_t> read_bytes(const Hdf5Dataset& dataset, std::uint64_t index) const;
  std::vector<float> read_floats(const Hdf5Dataset& dataset, std::uint64_t index) const;
  /// A whole list (shape (N) or (N, 1)) of integers, numbers, booleans or texts.
  std::vector<MetadataValue> read_list(const Hdf5Dataset& dataset) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstlight
