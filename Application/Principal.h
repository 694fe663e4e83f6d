#pragma once

#include "Domain/Role.h"
#include "Domain/Scope.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// A person's part in a partner.
struct Membership {
  domain::PartnerId partner;
  domain::Role role = domain::Role::kAnalyst;
};

/// What a program may do that works for a partner.
struct ServiceGrant {
  domain::PartnerId partner;
  domain::Scopes scopes;
};

/// Who calls: a person, a program of a partner with its service token, or whoever has an administrator's token.
struct Principal {
  std::string name = {};           ///< for the audit log: "ada@example.com", "ops (va_live_AbCdEf)"
  bool is_platform_admin = false;  ///< looks after all partners
  std::optional<domain::UserId> person = {};
  std::vector<Membership> memberships = {};  ///< of a person; one for each partner at most
  std::optional<ServiceGrant> service = {};  ///< of a program

  /// Whether the partner is one of the caller's own. Not so for a platform admin, who needs none.
  bool BelongsTo(domain::PartnerId partner) const;
  /// A person's role in the partner.
  std::optional<domain::Role> RoleIn(domain::PartnerId partner) const;
};

}  // namespace volcanion::application
