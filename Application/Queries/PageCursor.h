#pragma once

#include "Domain/Result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv/), of what a question asks for. It keeps honest clients
/// from mixing questions up; what a cursor may show is decided by who asks, not by the cursor.
class Fingerprint {
 public:
  void Add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash_ = (hash_ ^ bytes.size()) * 1099511628211u;
  }
  template <typename T, typename Write>
  void AddOptional(const std::optional<T>& value, Write write) {
    Add(value ? "+" : "-");
    if (value) Add(write(*value));
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
};

/// The text that stands for "behind this row of this question": base64url, opaque to clients. `place` is the row's key:
/// texts of up to 65,535 bytes.
std::string WritePageCursor(const Fingerprint& question, const std::vector<std::string>& place);

/// The row's key, in UTF-8 without U+0000; nothing when the text is no cursor with so many parts, or one of another
/// question.
std::optional<std::vector<std::string>> ReadPageCursor(const Fingerprint& question, std::string_view cursor,
                                                       std::size_t parts);

/// The same for rows whose key is an id.
template <typename Id>
std::optional<Id> ReadIdCursor(const Fingerprint& question, std::string_view cursor) {
  const auto place = ReadPageCursor(question, cursor, 1);
  return place ? Id::Parse(place->front()) : std::nullopt;
}

/// kInvalid when a page's limit is not from 1 to 1,000.
std::optional<domain::Error> CheckPage(int limit);
/// What to say of a cursor that cannot be read.
domain::Error InvalidCursor();

}  // namespace volcanion::application
