#pragma once

#include "Application/Ports/AuditLog.h"
#include "Domain/ApiKey.h"
#include "Domain/Email.h"
#include "Domain/Result.h"
#include "Domain/Role.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// A member as partners see one.
struct MemberRow {
  domain::MembershipId id;
  std::string email;
  domain::Role role = domain::Role::kAnalyst;
  domain::Timestamp invited_at;
  std::optional<domain::Timestamp> accepted_at;  ///< nothing while the invitation is open
};

struct MemberPage {
  std::vector<MemberRow> items;
  bool more = false;
};

struct Invitation {
  domain::MembershipId id;
  domain::PartnerId partner;
  domain::Email email;
  domain::Role role;
  domain::UserId user_if_new;
  domain::SecretHash token;
  domain::Timestamp invited_at;
  domain::Timestamp expires_at;
};

/// Who holds a one-time token that is good now.
struct OneTimeHolder {
  domain::UserId user;
  domain::Email email;
  bool has_password = false;
};

struct NewPerson {
  domain::UserId id;
  domain::Email email;
  std::string password_hash;
  bool is_platform_admin = false;
  bool is_demo = false;
  domain::Timestamp created_at;
};

/// People and what they are members of, in the write store. Each method is one transaction. Thread-safe; blocks.
/// kUnavailable when the store is away.
class PeopleStore {
 public:
  virtual ~PeopleStore() = default;

  /// kConflict when there is somebody with this e-mail.
  virtual domain::Result<domain::Done> AddPerson(const NewPerson& person, const AuditEntry& entry) = 0;
  /// Whether there is such a person. Who is not active can neither log in nor use any token.
  virtual domain::Result<bool> SetActive(const domain::Email& email, bool is_active, domain::Timestamp now,
                                         const AuditEntry& entry) = 0;

  /// Makes the person known where needed. kNotFound without the partner, kConflict when the e-mail is a member's.
  virtual domain::Result<domain::Done> Invite(const Invitation& invitation, const AuditEntry& entry) = 0;
  /// In the order of the addresses, those behind `after`. kNotFound without the partner.
  virtual domain::Result<MemberPage> ListMembers(domain::PartnerId partner, const std::optional<std::string>& after,
                                                 int limit) = 0;
  /// kNotFound without the member. The entry gets the member's address as its target.
  virtual domain::Result<MemberRow> ChangeRole(domain::PartnerId partner, domain::MembershipId member,
                                               domain::Role role, AuditEntry entry) = 0;
  virtual domain::Result<domain::Done> RemoveMember(domain::PartnerId partner, domain::MembershipId member,
                                                    AuditEntry entry) = 0;

  enum class Purpose { kInvitation, kPasswordReset };
  /// Nothing for a token that is not known, was used or has expired.
  virtual domain::Result<std::optional<OneTimeHolder>> FindHolder(Purpose purpose, const domain::SecretHash& token,
                                                                  domain::Timestamp now) = 0;
  /// Makes a token for a new password, and all older ones of this person void. Whether there is such a person.
  virtual domain::Result<bool> StartReset(const domain::Email& email, const domain::SecretHash& token,
                                          domain::Timestamp now, domain::Timestamp expires_at) = 0;
  /// Uses the token up: the member is one from now on, with this password where there was none. Whether the token was
  /// good.
  virtual domain::Result<bool> Accept(const domain::SecretHash& token, const std::optional<std::string>& password_hash,
                                      domain::Timestamp now, const std::string& correlation_id) = 0;
  /// Uses the token up: a new password, and the end of all sessions. Whether the token was good.
  virtual domain::Result<bool> ResetPassword(const domain::SecretHash& token, const std::string& password_hash,
                                             domain::Timestamp now, const std::string& correlation_id) = 0;
};

}  // namespace volcanion::application
