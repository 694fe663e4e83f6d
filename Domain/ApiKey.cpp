#include "Domain/ApiKey.h"

#include "Domain/Name.h"

#include <algorithm>

namespace volcanion::domain {

std::string_view ToString(KeyEnvironment environment) { return environment == KeyEnvironment::kTest ? "test" : "live"; }

std::optional<KeyEnvironment> ParseKeyEnvironment(std::string_view text) {
  for (const auto environment : {KeyEnvironment::kLive, KeyEnvironment::kTest}) {
    if (text == ToString(environment)) return environment;
  }
  return std::nullopt;
}

std::string_view ToString(KeyState state) {
  switch (state) {
    case KeyState::kActive:
      return "active";
    case KeyState::kExpired:
      return "expired";
    case KeyState::kRevoked:
      return "revoked";
  }
  return "revoked";
}

Result<ApiKey> ApiKey::Create(ApiKeyFields fields) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(fields.name, "/name", kMaxNameBytes)) faults.push_back(*std::move(fault));
  if (fields.expires_at && *fields.expires_at <= fields.created_at) {
    faults.push_back({"/expiresAt", "in_the_past", "must be in the future"});
  }
  if (!faults.empty()) return Error{ErrorKind::kInvalid, "The key cannot be created as described.", std::move(faults)};
  return ApiKey(std::move(fields));
}

KeyState ApiKey::StateAt(Timestamp now) const {
  if (fields_.revoked_at) return KeyState::kRevoked;
  return fields_.expires_at && *fields_.expires_at <= now ? KeyState::kExpired : KeyState::kActive;
}

bool ApiKey::Revoke(Timestamp now) {
  if (fields_.revoked_at) return false;
  fields_.revoked_at = now;
  return true;
}

Result<Done> ApiKey::GiveWay(Timestamp now, std::chrono::seconds overlap) {
  if (overlap < std::chrono::seconds(0) || overlap > kMaxKeyOverlap) {
    return Error{ErrorKind::kInvalid,
                 "The key cannot be rotated as described.",
                 {{"/overlapSeconds", "out_of_range", "must be from 0 to " + std::to_string(kMaxKeyOverlap.count())}}};
  }
  if (const auto state = StateAt(now); state != KeyState::kActive) {
    return Error{ErrorKind::kConflict, "The key is " + std::string(ToString(state)) +
                                           ": nothing can take its place. Issue a new one instead."};
  }
  const Timestamp end = now + overlap;
  fields_.expires_at = fields_.expires_at ? std::min(*fields_.expires_at, end) : end;
  return Done{};
}

}  // namespace volcanion::domain
