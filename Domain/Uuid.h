#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::domain {

/// 128 bits, as in RFC 9562.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// The canonical form with four hyphens, upper or lower case; nothing for anything else.
  static std::optional<Uuid> Parse(std::string_view text);
  /// Lower-case canonical form, 36 characters.
  std::string ToString() const;
  /// Milliseconds since 1970 that a version 7 UUID carries; nothing for the other versions.
  std::optional<std::int64_t> UnixMillis() const;

  auto operator<=>(const Uuid&) const = default;
};

/// An id of one kind of thing, so that a partner's id cannot be passed where a system's is meant.
template <typename Kind>
struct Id {
  Uuid value;

  static std::optional<Id> Parse(std::string_view text) {
    const auto parsed = Uuid::Parse(text);
    return parsed ? std::optional<Id>(Id{*parsed}) : std::nullopt;
  }
  std::string ToString() const { return value.ToString(); }

  auto operator<=>(const Id&) const = default;
};

using PartnerId = Id<struct PartnerKind>;
using PartnerSystemId = Id<struct PartnerSystemKind>;
using ApiKeyId = Id<struct ApiKeyKind>;
using StructureId = Id<struct StructureKind>;
using TrackingEventId = Id<struct TrackingEventKind>;
using UserId = Id<struct UserKind>;
using ServiceTokenId = Id<struct ServiceTokenKind>;

}  // namespace volcanion::domain

template <>
struct std::hash<volcanion::domain::Uuid> {
  std::size_t operator()(const volcanion::domain::Uuid& id) const noexcept {
    // The last eight bytes of our ids are random, those of foreign ones are at least spread.
    std::size_t tail = 0;
    std::memcpy(&tail, id.bytes.data() + 8, sizeof tail);
    return tail;
  }
};

template <typename Kind>
struct std::hash<volcanion::domain::Id<Kind>> {
  std::size_t operator()(const volcanion::domain::Id<Kind>& id) const noexcept {
    return std::hash<volcanion::domain::Uuid>()(id.value);
  }
};
