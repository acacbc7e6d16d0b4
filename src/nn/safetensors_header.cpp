#include "safetensors_header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "firstlight/base/error.h"

namespace firstlight::nn {
namespace {

constexpr std::size_t kMaxDimensions = 16;

/// The events of nlohmann's parser; false stops it, with the cause in `fault`.
class HeaderReader {
 public:
  std::vector<HeaderEntry> entries;
  std::string fault;

  bool null() { return misplaced(); }
  bool boolean(bool) { return misplaced(); }
  bool number_integer(std::int64_t) { return wrong("a negative number"); }
  bool number_float(double, const std::string&) { return misplaced(); }
  bool binary(nlohmann::json::binary_t&) { return misplaced(); }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::kShape) {
      if (entries.back().shape.size() == kMaxDimensions) {
        return wrong("more than " + std::to_string(kMaxDimensions) + " dimensions");
      }
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return wrong("an impossible shape");
      }
      entries.back().shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ == Place::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? entries.back().begin : entries.back().end) = value;
      return true;
    }
    return misplaced();
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) return true;
    if (place_ != Place::kTensor || key_ != "dtype") return misplaced();
    entries.back().dtype = std::move(value);
    return true;
  }

  bool key(std::string& name) {
    if (place_ == Place::kMetadata) return true;
    if (place_ == Place::kTensor) {
      key_ = std::move(name);
      if (key_ != "dtype" && key_ != "shape" && key_ != "data_offsets") {
        return wrong("the unknown key '" + key_ + "'");
      }
      if (!keys_.insert(key_).second) return wrong("'" + key_ + "' twice");
      return true;
    }
    if (!names_.insert(name).second) {
      fault = "tensor '" + name + "' is there twice";
      return false;
    }
    entries.push_back({std::move(name), {}, {}, 0, 0});
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::kStart) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && entries.back().name == "__metadata__") {
      entries.pop_back();
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      keys_.clear();
      place_ = Place::kTensor;
    } else {
      return misplaced();
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::kTensor) {
      if (keys_.size() != 3) return wrong("no dtype, shape or data_offsets");
      place_ = Place::kTop;
    } else {
      place_ = place_ == Place::kMetadata ? Place::kTop : Place::kEnd;
    }
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::kTensor || key_ == "dtype") return misplaced();
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    offsets_ = 0;
    return true;
  }

  bool end_array() {
    if (place_ == Place::kOffsets && offsets_ != 2) return wrong("malformed data_offsets");
    place_ = Place::kTensor;
    return true;
  }

  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) {
    fault = "its header is not valid JSON at byte " + std::to_string(at);
    return false;
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };

  bool wrong(const std::string& what) {
    fault = entries.empty() ? "its header holds " + what
                            : "tensor '" + entries.back().name + "' has " + what;
    return false;
  }
  bool misplaced() {
    if (place_ == Place::kTensor || place_ == Place::kShape || place_ == Place::kOffsets) {
      return wrong("a malformed " + key_);
    }
    fault = "its header is not an object of tensors";
    return false;
  }

  Place place_ = Place::kStart;
  std::string key_;
  std::set<std::string> keys_;   ///< of the current tensor
  std::set<std::string> names_;  ///< of all tensors
  int offsets_ = 0;
};

}  // namespace

std::vector<HeaderEntry> parse_safetensors_header(std::string_view text,
                                                  const std::string& origin) {
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    throw Error::input(origin, reader.fault, "the file is damaged or not a safetensors file");
  }
  return std::move(reader.entries);
}

}  // namespace firstlight::nn
