#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

namespace volcanion::domain {

/// SHA-256 of a secret with enough entropy of its own: all that is stored of it.
struct SecretHash {
  std::array<std::uint8_t, 32> bytes{};
  bool operator==(const SecretHash&) const = default;
};

/// A secret with which a partner system sends events. The secret itself is shown once and never kept.
class ApiKey {
 public:
  /// kInvalid when the name breaks Domain/Name.h or the expiry is not after the creation.
  static Result<ApiKey> Create(ApiKeyId id, PartnerSystemId system, std::string name, std::string prefix,
                               SecretHash hash, Timestamp created_at, std::optional<Timestamp> expires_at);

  ApiKeyId id() const { return id_; }
  PartnerSystemId system() const { return system_; }
  const std::string& name() const { return name_; }
  /// The first characters of the secret, by which people recognize it.
  const std::string& prefix() const { return prefix_; }
  const SecretHash& hash() const { return hash_; }
  Timestamp created_at() const { return created_at_; }
  std::optional<Timestamp> expires_at() const { return expires_at_; }

 private:
  ApiKey(ApiKeyId id, PartnerSystemId system, std::string name, std::string prefix, SecretHash hash,
         Timestamp created_at, std::optional<Timestamp> expires_at)
      : id_(id),
        system_(system),
        name_(std::move(name)),
        prefix_(std::move(prefix)),
        hash_(hash),
        created_at_(created_at),
        expires_at_(expires_at) {}

  ApiKeyId id_;
  PartnerSystemId system_;
  std::string name_;
  std::string prefix_;
  SecretHash hash_;
  Timestamp created_at_;
  std::optional<Timestamp> expires_at_;
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
