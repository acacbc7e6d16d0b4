#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace firstlight::train {

/// Appends scalars to a TensorBoard event file (TFRecord framing around Event messages of
/// tensorflow/core/util/event.proto). Every record is flushed: a killed run loses nothing.
class TensorBoard {
 public:
  /// Creates a new event file in `folder` (created where absent); runs that resume add a file, and
  /// TensorBoard joins them. Throws Error::internal.
  explicit TensorBoard(const std::string& folder);

  void scalar(const std::string& tag, std::int64_t step, double value);

 private:
  void record(const std::string& event);

  std::string path_;
  std::ofstream out_;
};

/// CRC-32C (Castagnoli, RFC 3720), as TFRecord uses it.
std::uint32_t crc32c(const std::string& bytes);

}  // namespace firstlight::train
