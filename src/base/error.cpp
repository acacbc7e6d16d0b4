#include "firstlight/base/error.h"

#include "firstlight/base/text.h"

namespace firstlight {
namespace {

std::string one_line(std::string_view where, std::string_view what, std::string_view advice) {
  std::string message;
  if (!where.empty()) message.append(where).append(": ");
  message.append(what);
  if (!advice.empty()) message.append("; ").append(advice);
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return message;
}

}  // namespace

Error Error::usage(std::string_view where, std::string_view what, std::string_view advice) {
  return Error(ErrorKind::kUsage, one_line(where, what, advice));
}

Error Error::unknown_key(std::string_view where, std::string_view key,
                         const std::vector<std::string>& known) {
  std::string what = "unknown key '" + std::string(key) + "'";
  std::string advice;
  if (auto nearest = text::nearest(key, known)) {
    advice = "did you mean '" + *nearest + "'?";
  } else {
    advice = "known keys: " + text::join(known, ", ");
  }
  return usage(where, what, advice);
}

Error Error::input(std::string_view where, std::string_view what, std::string_view advice) {
  return Error(ErrorKind::kInput, one_line(where, what, advice));
}

Error Error::conflict(std::string_view where, std::string_view what, std::string_view advice) {
  return Error(ErrorKind::kConflict, one_line(where, what, advice));
}

Error Error::stopped(std::string_view where, std::string_view what) {
  return Error(ErrorKind::kStopped, one_line(where, what, {}));
}

Error Error::internal(std::string_view where, std::string_view what, std::string_view advice) {
  return Error(ErrorKind::kInternal, one_line(where, what, advice));
}

}  // namespace firstlight
