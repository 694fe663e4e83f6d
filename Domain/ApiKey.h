#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::domain {

/// SHA-256 of a secret with enough entropy of its own: all that is stored of it.
struct SecretHash {
  std::array<std::uint8_t, 32> bytes{};
  /// Takes the same time wherever they differ.
  bool operator==(const SecretHash& other) const {
    unsigned difference = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) difference |= bytes[i] ^ other.bytes[i];
    return difference == 0;
  }
};

/// What a key is for; written into it, so that people and scanners see it. Both kinds send alike.
enum class KeyEnvironment { kLive, kTest };

std::string_view ToString(KeyEnvironment environment);  ///< "live", "test"
std::optional<KeyEnvironment> ParseKeyEnvironment(std::string_view text);

enum class KeyState { kActive, kExpired, kRevoked };

std::string_view ToString(KeyState state);  ///< "active", "expired", "revoked"

/// The longest time for which a key stays good beside the one that takes its place.
inline constexpr std::chrono::seconds kMaxKeyOverlap = std::chrono::days(30);

struct ApiKeyFields {
  ApiKeyId id;
  PartnerSystemId system;
  std::string name;
  std::string prefix;
  SecretHash hash;
  Timestamp created_at = {};
  std::optional<Timestamp> expires_at = {};
  KeyEnvironment environment = KeyEnvironment::kLive;
  std::optional<Timestamp> revoked_at = {};
};

/// A secret with which a partner system sends events. The secret itself is shown once and never kept.
class ApiKey {
 public:
  /// kInvalid when the name breaks Domain/Name.h or the expiry is not after the creation.
  static Result<ApiKey> Create(ApiKeyFields fields);
  /// As it was stored.
  static ApiKey Restore(ApiKeyFields fields) { return ApiKey(std::move(fields)); }

  ApiKeyId id() const { return fields_.id; }
  PartnerSystemId system() const { return fields_.system; }
  const std::string& name() const { return fields_.name; }
  /// The first characters of the secret, by which people recognize it.
  const std::string& prefix() const { return fields_.prefix; }
  const SecretHash& hash() const { return fields_.hash; }
  Timestamp created_at() const { return fields_.created_at; }
  std::optional<Timestamp> expires_at() const { return fields_.expires_at; }
  KeyEnvironment environment() const { return fields_.environment; }
  std::optional<Timestamp> revoked_at() const { return fields_.revoked_at; }
  KeyState StateAt(Timestamp now) const;

  /// From `now` on it is refused. False when it was revoked already: the time of that stays.
  bool Revoke(Timestamp now);
  /// Makes room for another: it expires `overlap` from now, or when it would have. kConflict when it is not active any
  /// more, kInvalid for an overlap below zero or above kMaxKeyOverlap.
  Result<Done> GiveWay(Timestamp now, std::chrono::seconds overlap);

 private:
  explicit ApiKey(ApiKeyFields fields) : fields_(std::move(fields)) {}

  ApiKeyFields fields_;
};

}  // namespace volcanion::domain

template <>
struct std::hash<volcanion::domain::SecretHash> {
  std::size_t operator()(const volcanion::domain::SecretHash& secret) const noexcept {
    std::size_t head = 0;
    std::memcpy(&head, secret.bytes.data(), sizeof head);
    return head;
  }
};
