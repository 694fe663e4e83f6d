#include "Application/Queries/PageCursor.h"

#include "Application/Base64.h"
#include "Application/Utf8.h"

namespace volcanion::application {
namespace {

constexpr int kMaxLimit = 1'000;

void PutInteger(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 255));
}

/// Nothing when there are fewer bytes than that.
std::optional<std::uint64_t> TakeInteger(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, size)) value = value << 8 | static_cast<unsigned char>(c);
  bytes.remove_prefix(size);
  return value;
}

}  // namespace

std::string WritePageCursor(const Fingerprint& question, const std::vector<std::string>& place) {
  std::string bytes;
  PutInteger(bytes, question.value(), 8);
  for (const auto& part : place) {
    PutInteger(bytes, part.size(), 2);
    bytes += part;
  }
  return EncodeBase64Url(bytes);
}

std::optional<std::vector<std::string>> ReadPageCursor(const Fingerprint& question, std::string_view cursor,
                                                       std::size_t parts) {
  const auto decoded = DecodeBase64(cursor);
  if (!decoded) return std::nullopt;
  std::string_view rest(*decoded);
  if (TakeInteger(rest, 8) != question.value()) return std::nullopt;
  std::vector<std::string> place;
  while (!rest.empty()) {
    const auto size = TakeInteger(rest, 2);
    if (!size || *size > rest.size()) return std::nullopt;
    place.emplace_back(rest.substr(0, *size));
    rest.remove_prefix(*size);
    if (!IsUtf8(place.back()) || place.back().find('\0') != std::string::npos) return std::nullopt;
  }
  if (place.size() != parts) return std::nullopt;
  return place;
}

std::optional<domain::Error> CheckPage(int limit) {
  if (limit >= 1 && limit <= kMaxLimit) return std::nullopt;
  return domain::Error{domain::ErrorKind::kInvalid,
                       "The question breaks a rule.",
                       {{"/limit", "out_of_range", "must be from 1 to " + std::to_string(kMaxLimit)}}};
}

domain::Error InvalidCursor() {
  return {domain::ErrorKind::kInvalid,
          "The question breaks a rule.",
          {{"/cursor", "invalid_cursor",
            "must be the nextCursor of the same question; leave it out to begin with the first page"}}};
}

}  // namespace volcanion::application
