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

  /// Another number when anything that can change about a member is another.
  int revision() const { return (role == domain::Role::kAdmin ? 2 : 0) + (accepted_at ? 1 : 0); }
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

/// What has to be so for a member to be changed.
struct MemberGuard {
  std::optional<std::vector<int>> expected_revisions = {};  ///< kChangedMeanwhile when it is in none of these
  bool keeps_an_admin = true;                               ///< kConflict when the partner would have no admin any more
  bool spares_admins = false;                               ///< kForbidden when the member is an admin
};

/// A person as platform admins see one.
struct PersonRow {
  struct Part {
    domain::PartnerId partner;
    std::string partner_name;
    domain::Role role = domain::Role::kAnalyst;
    bool has_accepted = false;
  };

  domain::UserId id;
  std::string email;
  bool is_active = true;
  bool is_platform_admin = false;
  domain::Timestamp created_at;
  std::vector<Part> parts;  ///< by the names of the partners

  int revision() const { return (is_active ? 2 : 0) + (is_platform_admin ? 1 : 0); }
};

struct PersonQuery {
  std::optional<std::string> email = {};  ///< of this one
  std::optional<bool> is_active = {};
  int limit = 100;
  std::optional<std::string> after = {};  ///< the e-mail of the last one of the page before
};

struct PersonPage {
  std::vector<PersonRow> items;
  bool more = false;
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
  /// In the order of the addresses.
  virtual domain::Result<PersonPage> ListPeople(const PersonQuery& query) = 0;
  /// kNotFound without the person.
  virtual domain::Result<PersonRow> GetPerson(domain::UserId person) = 0;
  /// Who is not active can neither log in nor use any token. kNotFound without the person, kChangedMeanwhile when
  /// `expected_revisions` are others. Partners of the person find it in their audit logs.
  virtual domain::Result<PersonRow> SetActive(domain::UserId person, bool is_active,
                                              const std::optional<std::vector<int>>& expected_revisions,
                                              domain::Timestamp now, const Author& author) = 0;

  /// Makes the person known where needed. kNotFound without the partner, kConflict when the e-mail is a member's.
  virtual domain::Result<domain::Done> Invite(const Invitation& invitation, const AuditEntry& entry) = 0;
  /// In the order of the addresses, those behind `after`. kNotFound without the partner.
  virtual domain::Result<MemberPage> ListMembers(domain::PartnerId partner, const std::optional<std::string>& after,
                                                 int limit) = 0;
  /// kNotFound without the member.
  virtual domain::Result<MemberRow> GetMember(domain::PartnerId partner, domain::MembershipId member) = 0;
  /// kNotFound without the member. The entry gets the member's address as its target.
  virtual domain::Result<MemberRow> ChangeRole(domain::PartnerId partner, domain::MembershipId member,
                                               domain::Role role, const MemberGuard& guard, AuditEntry entry) = 0;
  virtual domain::Result<domain::Done> RemoveMember(domain::PartnerId partner, domain::MembershipId member,
                                                    const MemberGuard& guard, AuditEntry entry) = 0;

  // The actor of an author below is the person, whoever that turns out to be.
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
                                      domain::Timestamp now, const Author& author) = 0;
  /// Uses the token up: a new password, and the end of all sessions. Whether the token was good.
  virtual domain::Result<bool> ResetPassword(const domain::SecretHash& token, const std::string& password_hash,
                                             domain::Timestamp now, const Author& author) = 0;
};

}  // namespace volcanion::application
