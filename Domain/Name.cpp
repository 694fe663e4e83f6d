#include "Domain/Name.h"

#include <algorithm>

namespace volcanion::domain {
namespace {

std::optional<Fault> CheckLength(std::string_view text, std::string_view pointer, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::nullopt;
  return Fault{std::string(pointer), "too_long",
               "must be at most " + std::to_string(max_bytes) + " bytes; has " + std::to_string(text.size())};
}

}  // namespace

std::optional<Fault> CheckName(std::string_view text, std::string_view pointer, std::size_t max_bytes) {
  if (text.empty()) return Fault{std::string(pointer), "empty", "must not be empty"};
  if (auto fault = CheckLength(text, pointer, max_bytes)) return fault;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return Fault{std::string(pointer), "control_character", "must not contain control characters"};
  }
  return std::nullopt;
}

std::optional<Fault> CheckForeignId(std::string_view text, std::string_view pointer, std::size_t max_bytes) {
  if (auto fault = CheckLength(text, pointer, max_bytes)) return fault;
  if (text.find('\0') != std::string_view::npos) {
    return Fault{std::string(pointer), "control_character", "must not contain U+0000"};
  }
  return std::nullopt;
}

}  // namespace volcanion::domain
