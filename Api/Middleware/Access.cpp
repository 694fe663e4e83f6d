#include "Api/Middleware/Access.h"

#include <string_view>

namespace volcanion::api {
namespace {

std::string_view WordsOf(Access::Caller caller) {
  switch (caller) {
    case Access::Caller::kAnyone:
      return "anyone";
    case Access::Caller::kSender:
      return "a system with its API key";
    case Access::Caller::kToken:
      return "everyone with a token, whatever its scopes";
    case Access::Caller::kPrincipal:
      return "everyone with a token";
    case Access::Caller::kMember:
      return "member";
    case Access::Caller::kPartnerAdmin:
      return "partner admin";
    case Access::Caller::kPlatformAdmin:
      return "platform admin";
  }
  return "";
}

std::string_view WordsOf(Access::Owner owner) {
  switch (owner) {
    case Access::Owner::kNone:
      return "";
    case Access::Owner::kPartner:
      return " of the partner";
    case Access::Owner::kSystem:
      return " of the system's partner";
    case Access::Owner::kEvent:
      return " of the event's partner";
  }
  return "";
}

bool Has(const application::ServiceGrant& grant, const Access& access) {
  return access.scope && grant.scopes.Allow(*access.scope);
}

}  // namespace

std::string ToString(const Access& access) {
  std::string words(WordsOf(access.caller));
  if (access.caller != Access::Caller::kPlatformAdmin) words += WordsOf(access.owner);
  if (access.scope) words.append(", or a service token with ").append(domain::ToString(*access.scope));
  return words;
}

Standing StandingOf(const application::Principal& principal, const Access& access,
                    std::optional<domain::PartnerId> owner) {
  const auto enough = [](bool is_enough) { return is_enough ? Standing::kAllowed : Standing::kNotEnough; };
  if (principal.is_platform_admin) return Standing::kAllowed;
  if (access.owner != Access::Owner::kNone && !(owner && principal.BelongsTo(*owner))) return Standing::kStranger;
  switch (access.caller) {
    case Access::Caller::kAnyone:
    case Access::Caller::kToken:
      return Standing::kAllowed;
    case Access::Caller::kPrincipal:
      return enough(!principal.service || Has(*principal.service, access));
    case Access::Caller::kMember:
      return enough(!principal.service || Has(*principal.service, access));
    case Access::Caller::kPartnerAdmin:
      if (principal.service) return enough(Has(*principal.service, access));
      return enough(owner && principal.RoleIn(*owner) == domain::Role::kAdmin);
    case Access::Caller::kSender:
    case Access::Caller::kPlatformAdmin:
      break;
  }
  return Standing::kNotEnough;
}

}  // namespace volcanion::api
