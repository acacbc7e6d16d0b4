#include "firstlight/train/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "firstlight/base/error.h"

namespace firstlight::train {
namespace {

// Protocol-buffer wire format: a key is (field << 3 | type), type 0 varint, 1 fixed64, 2 bytes,
// 5 fixed32.
void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

template <typename T>
void put_fixed(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_bytes(std::string& out, int field, const std::string& bytes) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out.append(bytes);
}

std::string event_at(double wall_time, std::int64_t step) {
  std::string event;
  put_varint(event, 1 << 3 | 1);
  put_fixed(event, wall_time);
  put_varint(event, 2 << 3 | 0);
  put_varint(event, static_cast<std::uint64_t>(step));
  return event;
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint32_t masked_crc(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82f63b78U : 0);
      entries[i] = value;
    }
    return entries;
  }();
  std::uint32_t crc = ~0U;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 255];
  return ~crc;
}

TensorBoard::TensorBoard(const std::string& folder) {
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  const double now = wall_time();
  path_ = folder + "/events.out.tfevents." + std::to_string(static_cast<std::int64_t>(now)) +
          ".firstlight." + std::to_string(::getpid());
  out_.open(path_, std::ios::binary | std::ios::app);
  if (!out_) throw Error::internal(path_, "the event file cannot be written");
  std::string event;
  put_varint(event, 1 << 3 | 1);
  put_fixed(event, now);
  put_bytes(event, 3, "brain.Event:2");
  record(event);
}

void TensorBoard::scalar(const std::string& tag, std::int64_t step, double value) {
  std::string entry;
  put_bytes(entry, 1, tag);
  put_varint(entry, 2 << 3 | 5);
  put_fixed(entry, static_cast<float>(value));
  std::string summary;
  put_bytes(summary, 1, entry);
  std::string event = event_at(wall_time(), step);
  put_bytes(event, 5, summary);
  record(event);
}

void TensorBoard::record(const std::string& event) {
  std::string frame;
  put_fixed(frame, static_cast<std::uint64_t>(event.size()));
  put_fixed(frame, masked_crc(frame));
  frame.append(event);
  put_fixed(frame, masked_crc(event));
  out_.write(frame.data(), static_cast<std::streamsize>(frame.size()));
  out_.flush();
  if (!out_) throw Error::internal(path_, "the event file cannot be written");
}

}  // namespace firstlight::train
