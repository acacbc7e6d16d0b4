#include "firstlight/base/metadata.h"

#include <array>
#include <charconv>
#include <type_traits>

namespace firstlight {

std::string to_text(const MetadataValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else {
          std::array<char, 32> digits{};
          const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
          return std::string(digits.data(), end);
        }
      },
      value);
}

}  // namespace firstlight
