#pragma once

#include "Application/Principal.h"
#include "Domain/Scope.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>

namespace volcanion::api {

/// Who may call a route, as it is declared where the route is added.
struct Access {
  enum class Caller {
    kAnyone,         ///< also without a key or token
    kSender,         ///< a system, with its API key
    kToken,          ///< everyone with a token, whatever it is good for
    kPrincipal,      ///< everyone with a token; a service token needs the scope
    kMember,         ///< of the partner: analysts and admins
    kPartnerAdmin,   ///< of the partner
    kPlatformAdmin,  ///< who may call whatever a principal may, too
  };
  /// Whose the things of a route are: how the partner is found from the first parameter of its path.
  enum class Owner { kNone, kPartner, kSystem, kEvent };

  Caller caller = Caller::kPlatformAdmin;
  Owner owner = Owner::kNone;
  /// What a service token must be good for; without one, no service token will do.
  std::optional<domain::Scope> scope = {};

  static Access Anyone() { return {Caller::kAnyone}; }
  static Access Sender() { return {Caller::kSender}; }
  static Access Token() { return {Caller::kToken}; }
  static Access Principal(std::optional<domain::Scope> scope = {}) { return {Caller::kPrincipal, Owner::kNone, scope}; }
  static Access Member(Owner owner, std::optional<domain::Scope> scope = {}) { return {Caller::kMember, owner, scope}; }
  static Access PartnerAdmin(Owner owner, std::optional<domain::Scope> scope = {}) {
    return {Caller::kPartnerAdmin, owner, scope};
  }
  static Access PlatformAdmin(Owner owner = Owner::kNone) { return {Caller::kPlatformAdmin, owner}; }
};

/// For the matrix of routes, and for who is refused: "partner admin of the system's partner, or a service token with
/// systems:write".
std::string ToString(const Access& access);

/// What a principal is to a route.
enum class Standing {
  kAllowed,
  kNotEnough,  ///< known, but not allowed
  kStranger,   ///< what the path names is not the caller's own, if it is there at all
};

/// `owner` is whose the thing in the path is; nothing when there is no such thing, or the route has no owner.
Standing StandingOf(const application::Principal& principal, const Access& access,
                    std::optional<domain::PartnerId> owner);

}  // namespace volcanion::api
