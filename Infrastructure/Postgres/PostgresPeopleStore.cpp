#include "Infrastructure/Postgres/PostgresPeopleStore.h"

#include "Application/Commands/ManagementAudit.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <stdexcept>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::AuditEntry;
using application::Invitation;
using application::MemberGuard;
using application::MemberPage;
using application::MemberRow;
using application::OneTimeHolder;
using application::PersonPage;
using application::PersonQuery;
using application::PersonRow;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

domain::Role RoleFromColumn(std::string_view text) {
  const auto role = domain::ParseRole(text);
  if (!role) throw std::runtime_error("role holds no role");
  return *role;
}

domain::Email EmailFromColumn(std::string_view text) {
  auto email = domain::Email::Parse(text);
  if (!email) throw std::runtime_error("email holds no e-mail address");
  return *std::move(email);
}

Error NoSuchPartner() { return {ErrorKind::kNotFound, "There is no such partner."}; }
Error NoSuchMember() { return {ErrorKind::kNotFound, "There is no such member."}; }

}  // namespace

// A person may belong to several partners, and to none: what concerns the person is unbound, what concerns a partner's
// member is bound to that partner.

constexpr std::string_view kInsertPerson = R"(
  INSERT INTO write.users (user_id, email, password_hash, is_platform_admin, is_demo, created_at)
  VALUES (:id::uuid, :email, :password_hash, :is_platform_admin::int::boolean, :is_demo::int::boolean,
          :created_at::timestamptz))";

Result<Done> PostgresPeopleStore::AddPerson(const application::NewPerson& person, const AuditEntry& entry) {
  const auto id = person.id.ToString();
  const int is_platform_admin = person.is_platform_admin ? 1 : 0;
  const int is_demo = person.is_demo ? 1 : 0;
  const auto created_at = domain::FormatRfc3339(person.created_at);
  auto added = pool_.Run({"add person", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertPerson, soci::use(id, "id"), soci::use(person.email.text(), "email"),
        soci::use(person.password_hash, "password_hash"), soci::use(is_platform_admin, "is_platform_admin"),
        soci::use(is_demo, "is_demo"), soci::use(created_at, "created_at");
    AddAuditEntry(session, entry);
    return Done{};
  });
  if (!added && added.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kConflict, "There is a person with this e-mail already."};
  }
  return added;
}

constexpr std::string_view kPeople = R"(
  SELECT user_id::text, email, is_active::int, is_platform_admin::int,
         (extract(epoch FROM created_at) * 1000000)::bigint
    FROM write.users
   WHERE true)";

constexpr std::string_view kPeopleEnd = R"(
   ORDER BY email COLLATE "C"
   LIMIT :limit)";

namespace {

/// The columns of kPeople.
struct PersonColumns {
  explicit PersonColumns(soci::statement& statement) {
    statement.exchange(soci::into(id));
    statement.exchange(soci::into(email));
    statement.exchange(soci::into(is_active));
    statement.exchange(soci::into(is_platform_admin));
    statement.exchange(soci::into(created_at));
  }
  PersonRow Row() const {
    return {IdFromColumn<domain::UserId>(id), email, is_active != 0, is_platform_admin != 0,
            TimestampFromMicros(created_at),  {}};
  }

  std::string id, email;
  int is_active = 0, is_platform_admin = 0;
  long long created_at = 0;
};

}  // namespace

Result<PersonPage> PostgresPeopleStore::ListPeople(const PersonQuery& query) {
  if (query.email && HasNul(*query.email)) return PersonPage{};
  return pool_.Run({"list people", RowScope::Unbound()}, [&](soci::session& session) -> Result<PersonPage> {
    soci::statement statement(session);
    PersonColumns columns(statement);
    Conditions conditions(statement);
    if (query.email) conditions.Add("email = lower(:email)", "email", *query.email);
    if (query.is_active) conditions.Add(*query.is_active ? "is_active" : "NOT is_active");
    if (query.after) conditions.Add("email COLLATE \"C\" > :after", "after", *query.after);
    const int one_more = query.limit + 1;
    statement.exchange(soci::use(one_more, "limit"));
    PersonPage page;
    ForEachRow(statement, std::string(kPeople).append(conditions.sql()).append(kPeopleEnd),
               [&] { page.items.push_back(columns.Row()); });
    page.more = page.items.size() > static_cast<std::size_t>(query.limit);
    if (page.more) page.items.pop_back();
    return page;
  });
}

constexpr std::string_view kPartsOfPerson = R"(
  SELECT partner.partner_id::text, partner.name, member.role, (member.accepted_at IS NOT NULL)::int
    FROM write.memberships AS member
    JOIN write.partners AS partner USING (partner_id)
   WHERE member.user_id = :person::uuid
   ORDER BY partner.name)";

namespace {

Result<PersonRow> FetchPerson(soci::session& session, const std::string& id, const char* lock) {
  std::optional<PersonRow> row;
  {
    soci::statement statement(session);
    PersonColumns columns(statement);
    statement.exchange(soci::use(id, "id"));
    ForEachRow(statement, std::string(kPeople).append("\n     AND user_id = :id::uuid").append(lock),
               [&] { row = columns.Row(); });
  }
  if (!row) return Error{ErrorKind::kNotFound, "There is no such person."};
  std::string partner, name, role;
  int has_accepted = 0;
  soci::statement statement(session);
  statement.exchange(soci::into(partner));
  statement.exchange(soci::into(name));
  statement.exchange(soci::into(role));
  statement.exchange(soci::into(has_accepted));
  statement.exchange(soci::use(id, "person"));
  ForEachRow(statement, std::string(kPartsOfPerson), [&] {
    row->parts.push_back({IdFromColumn<domain::PartnerId>(partner), name, RoleFromColumn(role), has_accepted != 0});
  });
  return *std::move(row);
}

}  // namespace

Result<PersonRow> PostgresPeopleStore::GetPerson(domain::UserId person) {
  const auto id = person.ToString();
  return pool_.Run({"get person", RowScope::Unbound()},
                   [&](soci::session& session) { return FetchPerson(session, id, ""); });
}

constexpr std::string_view kSetActive = R"(
  UPDATE write.users SET is_active = :is_active::int::boolean WHERE user_id = :person::uuid)";

constexpr std::string_view kEndSessions = R"(
  UPDATE write.sessions SET revoked_at = :now::timestamptz WHERE user_id = :person::uuid AND revoked_at IS NULL)";

Result<PersonRow> PostgresPeopleStore::SetActive(domain::UserId person, bool is_active,
                                                 const std::optional<std::vector<int>>& expected_revisions,
                                                 domain::Timestamp now, const application::Author& author) {
  const int active = is_active ? 1 : 0;
  const auto id = person.ToString();
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"change person", RowScope::Unbound()}, [&](soci::session& session) -> Result<PersonRow> {
    auto row = FetchPerson(session, id, " FOR NO KEY UPDATE");
    if (!row) return row;
    if (auto fits = application::CheckRevision(row->revision(), expected_revisions); !fits) return fits.error();
    if (row->is_active == is_active) return row;
    session.once << kSetActive, soci::use(active, "is_active"), soci::use(id, "person");
    if (!is_active) session.once << kEndSessions, soci::use(now_text, "now"), soci::use(id, "person");
    AddEntriesOfPerson(session, id, author, is_active ? "person.activated" : "person.deactivated", {},
                       {{"isActive", !is_active}}, {{"isActive", is_active}});
    row->is_active = is_active;
    return row;
  });
}

constexpr std::string_view kKnowPerson = R"(
  INSERT INTO write.users (user_id, email, created_at)
  VALUES (:id::uuid, :email, :now::timestamptz)
      ON CONFLICT (email) DO NOTHING)";

constexpr char kBeOwnerAgain[] = "SET LOCAL ROLE NONE";

constexpr std::string_view kPersonWithEmail = R"(
  SELECT user_id::text FROM write.users WHERE email = :email)";

constexpr std::string_view kInsertMembership = R"(
  INSERT INTO write.memberships (membership_id, partner_id, user_id, role, invited_at)
  VALUES (:id::uuid, :partner::uuid, :user::uuid, :role, :now::timestamptz))";

constexpr std::string_view kInsertInvitation = R"(
  INSERT INTO write.one_time_tokens (token_hash, user_id, membership_id, expires_at)
  SELECT decode(:hash, 'hex'), user_id, membership_id, :expires_at::timestamptz
    FROM write.memberships
   WHERE membership_id = :id::uuid)";

Result<Done> PostgresPeopleStore::Invite(const Invitation& invitation, const AuditEntry& entry) {
  const auto id = invitation.id.ToString();
  const auto partner = invitation.partner.ToString();
  auto user = invitation.user_if_new.ToString();
  const auto& email = invitation.email.text();
  const std::string role(domain::ToString(invitation.role));
  const auto hash = HexOf(invitation.token);
  const auto now = domain::FormatRfc3339(invitation.invited_at);
  const auto expires_at = domain::FormatRfc3339(invitation.expires_at);
  // The person may be known already, to other partners alone: found unbound. The link is the person's, too.
  auto invited = pool_.Run({"invite member", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kKnowPerson, soci::use(user, "id"), soci::use(email, "email"), soci::use(now, "now");
    session.once << kPersonWithEmail, soci::into(user), soci::use(email, "email");
    session.once << RowScope::Of(invitation.partner).statement();
    session.once << kInsertMembership, soci::use(id, "id"), soci::use(partner, "partner"), soci::use(user, "user"),
        soci::use(role, "role"), soci::use(now, "now");
    AddAuditEntry(session, entry);
    session.once << kBeOwnerAgain;
    session.once << kInsertInvitation, soci::use(hash, "hash"), soci::use(expires_at, "expires_at"),
        soci::use(id, "id");
    return Done{};
  });
  if (invited) return invited;
  if (invited.error().kind == ErrorKind::kNotFound) return NoSuchPartner();
  if (invited.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kConflict, "The partner has a member with this e-mail already."};
  }
  return invited;
}

constexpr std::string_view kPartnerIsThere = R"(
  SELECT 1 FROM write.partners WHERE partner_id = :partner::uuid)";

constexpr std::string_view kMembers = R"(
  SELECT member.membership_id::text, person.email, member.role,
         (extract(epoch FROM member.invited_at) * 1000000)::bigint,
         (extract(epoch FROM member.accepted_at) * 1000000)::bigint
    FROM write.memberships AS member
    JOIN write.users AS person USING (user_id)
   WHERE member.partner_id = :partner::uuid)";

constexpr std::string_view kMembersEnd = R"(
   ORDER BY person.email COLLATE "C"
   LIMIT :limit)";

namespace {

/// The columns of kMembers.
struct MemberColumns {
  explicit MemberColumns(soci::statement& statement) {
    statement.exchange(soci::into(id));
    statement.exchange(soci::into(email));
    statement.exchange(soci::into(role));
    statement.exchange(soci::into(invited_at));
    statement.exchange(soci::into(accepted_at.value, accepted_at.indicator));
  }
  MemberRow Row() const {
    MemberRow row{IdFromColumn<domain::MembershipId>(id), email, RoleFromColumn(role), TimestampFromMicros(invited_at),
                  std::nullopt};
    if (accepted_at.has_value()) row.accepted_at = TimestampFromMicros(accepted_at.value);
    return row;
  }

  std::string id, email, role;
  long long invited_at = 0;
  Nullable<long long> accepted_at;
};

MemberPage FetchMembers(soci::session& session, const std::string& partner, const std::optional<std::string>& after,
                        int limit) {
  soci::statement statement(session);
  MemberColumns columns(statement);
  statement.exchange(soci::use(partner, "partner"));
  Conditions conditions(statement);
  if (after) conditions.Add("person.email COLLATE \"C\" > :after", "after", *after);
  const int one_more = limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  MemberPage page;
  ForEachRow(statement, std::string(kMembers).append(conditions.sql()).append(kMembersEnd),
             [&] { page.items.push_back(columns.Row()); });
  page.more = page.items.size() > static_cast<std::size_t>(limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

Result<MemberPage> PostgresPeopleStore::ListMembers(domain::PartnerId partner, const std::optional<std::string>& after,
                                                    int limit) {
  const auto id = partner.ToString();
  return pool_.Run({"list members", RowScope::Of(partner)}, [&](soci::session& session) -> Result<MemberPage> {
    int exists = 0;
    session.once << kPartnerIsThere, soci::use(id, "partner"), soci::into(exists);
    if (!session.got_data()) return NoSuchPartner();
    return FetchMembers(session, id, after, limit);
  });
}

constexpr std::string_view kSetRole = R"(
  UPDATE write.memberships SET role = :role
   WHERE partner_id = :partner::uuid AND membership_id = :id::uuid AND role <> :role)";

constexpr std::string_view kOneMember = "\n     AND member.membership_id = :id::uuid";

// Changes of one partner's members wait for each other here: of two last admins who remove each other, one stays.
constexpr std::string_view kLockPartner = R"(
  SELECT 1 FROM write.partners WHERE partner_id = :partner::uuid FOR NO KEY UPDATE)";

constexpr std::string_view kHasOtherAdmin = R"(
  SELECT count(*)::int
    FROM write.memberships
   WHERE partner_id = :partner::uuid AND membership_id <> :id::uuid AND role = 'admin' AND accepted_at IS NOT NULL)";

namespace {

Result<MemberRow> FetchMember(soci::session& session, const std::string& partner, const std::string& id) {
  soci::statement statement(session);
  MemberColumns columns(statement);
  statement.exchange(soci::use(partner, "partner"));
  statement.exchange(soci::use(id, "id"));
  std::optional<MemberRow> row;
  ForEachRow(statement, std::string(kMembers).append(kOneMember), [&] { row = columns.Row(); });
  if (!row) return NoSuchMember();
  return *std::move(row);
}

/// As it is while nobody else changes it. `role`: what becomes of the member; nothing: removed.
Result<MemberRow> LockMember(soci::session& session, const std::string& partner, const std::string& id,
                             const MemberGuard& guard, std::optional<domain::Role> role) {
  session.once << kLockPartner, soci::use(partner, "partner");
  auto row = FetchMember(session, partner, id);
  if (!row) return row;
  if (guard.spares_admins && row->role == domain::Role::kAdmin) {
    return Error{ErrorKind::kForbidden, "Who is an admin is for people to say, not for programs."};
  }
  if (auto fits = application::CheckRevision(row->revision(), guard.expected_revisions); !fits) return fits.error();
  const bool is_admin = row->role == domain::Role::kAdmin && row->accepted_at;
  if (!guard.keeps_an_admin || !is_admin || role == domain::Role::kAdmin) return row;
  int others = 0;
  session.once << kHasOtherAdmin, soci::use(partner, "partner"), soci::use(id, "id"), soci::into(others);
  if (others > 0) return row;
  return Error{ErrorKind::kConflict,
               "This is the partner's last admin. Make somebody else an admin first, or ask a platform admin."};
}

}  // namespace

Result<MemberRow> PostgresPeopleStore::GetMember(domain::PartnerId partner, domain::MembershipId member) {
  const auto partner_text = partner.ToString();
  const auto id = member.ToString();
  return pool_.Run({"get member", RowScope::Of(partner)},
                   [&](soci::session& session) { return FetchMember(session, partner_text, id); });
}

Result<MemberRow> PostgresPeopleStore::ChangeRole(domain::PartnerId partner, domain::MembershipId member,
                                                  domain::Role role, const MemberGuard& guard, AuditEntry entry) {
  const auto partner_text = partner.ToString();
  const auto id = member.ToString();
  const std::string role_text(domain::ToString(role));
  return pool_.Run({"change member", RowScope::Of(partner)}, [&](soci::session& session) -> Result<MemberRow> {
    auto row = LockMember(session, partner_text, id, guard, role);
    if (!row || row->role == role) return row;
    session.once << kSetRole, soci::use(role_text, "role"), soci::use(partner_text, "partner"), soci::use(id, "id");
    entry.target = row->email;
    entry.target_id = member.value;
    entry.before = {{"role", std::string(domain::ToString(row->role))}};
    entry.after = {{"role", role_text}};
    AddAuditEntry(session, entry);
    row->role = role;
    return row;
  });
}

constexpr std::string_view kDeleteMember = R"(
  DELETE FROM write.memberships WHERE partner_id = :partner::uuid AND membership_id = :id::uuid)";

Result<Done> PostgresPeopleStore::RemoveMember(domain::PartnerId partner, domain::MembershipId member,
                                               const MemberGuard& guard, AuditEntry entry) {
  const auto partner_text = partner.ToString();
  const auto id = member.ToString();
  return pool_.Run({"remove member", RowScope::Of(partner)}, [&](soci::session& session) -> Result<Done> {
    const auto row = LockMember(session, partner_text, id, guard, std::nullopt);
    if (!row) return row.error();
    session.once << kDeleteMember, soci::use(partner_text, "partner"), soci::use(id, "id");
    entry.target = row->email;
    entry.target_id = member.value;
    entry.before = application::FieldsOf(*row);
    AddAuditEntry(session, entry);
    return Done{};
  });
}

constexpr std::string_view kHolder = R"(
  SELECT person.user_id::text, person.email, (person.password_hash IS NOT NULL)::int
    FROM write.one_time_tokens AS token
    JOIN write.users AS person USING (user_id)
   WHERE token.token_hash = decode(:hash, 'hex') AND token.used_at IS NULL AND token.expires_at > :now::timestamptz
     AND (token.membership_id IS NOT NULL) = :is_invitation::int::boolean AND person.is_active)";

Result<std::optional<OneTimeHolder>> PostgresPeopleStore::FindHolder(Purpose purpose, const domain::SecretHash& token,
                                                                     domain::Timestamp now) {
  using Found = std::optional<OneTimeHolder>;
  const auto hash = HexOf(token);
  const auto now_text = domain::FormatRfc3339(now);
  const int is_invitation = purpose == Purpose::kInvitation ? 1 : 0;
  return pool_.Run({"find holder of a link", RowScope::Unbound()}, [&](soci::session& session) -> Result<Found> {
    std::string id, email;
    int has_password = 0;
    session.once << kHolder, soci::use(hash, "hash"), soci::use(now_text, "now"),
        soci::use(is_invitation, "is_invitation"), soci::into(id), soci::into(email), soci::into(has_password);
    if (!session.got_data()) return Found();
    return Found({IdFromColumn<domain::UserId>(id), EmailFromColumn(email), has_password != 0});
  });
}

constexpr std::string_view kVoidResets = R"(
  UPDATE write.one_time_tokens SET used_at = :now::timestamptz
   WHERE used_at IS NULL AND membership_id IS NULL
     AND user_id = (SELECT user_id FROM write.users WHERE email = :email))";

constexpr std::string_view kInsertReset = R"(
  INSERT INTO write.one_time_tokens (token_hash, user_id, expires_at)
  SELECT decode(:hash, 'hex'), user_id, :expires_at::timestamptz
    FROM write.users
   WHERE email = :email AND is_active AND password_hash IS NOT NULL
  RETURNING user_id::text)";

Result<bool> PostgresPeopleStore::StartReset(const domain::Email& email, const domain::SecretHash& token,
                                             domain::Timestamp now, domain::Timestamp expires_at) {
  const auto hash = HexOf(token);
  const auto now_text = domain::FormatRfc3339(now);
  const auto expiry = domain::FormatRfc3339(expires_at);
  return pool_.Run({"start password reset", RowScope::Unbound()}, [&](soci::session& session) -> Result<bool> {
    session.once << kVoidResets, soci::use(now_text, "now"), soci::use(email.text(), "email");
    std::string person;
    session.once << kInsertReset, soci::use(hash, "hash"), soci::use(expiry, "expires_at"),
        soci::use(email.text(), "email"), soci::into(person);
    return session.got_data();
  });
}

// Two that use the same link at the same time wait for each other here, and the second finds it used.
constexpr std::string_view kUseInvitation = R"(
  UPDATE write.one_time_tokens SET used_at = :now::timestamptz
   WHERE token_hash = decode(:hash, 'hex') AND used_at IS NULL AND expires_at > :now::timestamptz
     AND membership_id IS NOT NULL
  RETURNING user_id::text, membership_id::text)";

constexpr std::string_view kAcceptMembership = R"(
  UPDATE write.memberships SET accepted_at = :now::timestamptz
   WHERE membership_id = :id::uuid
  RETURNING partner_id::text, role)";

constexpr std::string_view kFirstPassword = R"(
  UPDATE write.users SET password_hash = :password_hash WHERE user_id = :person::uuid AND password_hash IS NULL)";

constexpr std::string_view kEmailOf = R"(
  SELECT email FROM write.users WHERE user_id = :person::uuid)";

Result<bool> PostgresPeopleStore::Accept(const domain::SecretHash& token,
                                         const std::optional<std::string>& password_hash, domain::Timestamp now,
                                         const application::Author& author) {
  const auto hash = HexOf(token);
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"accept invitation", RowScope::Unbound()}, [&](soci::session& session) -> Result<bool> {
    std::string person, membership, partner, role;
    session.once << kUseInvitation, soci::use(now_text, "now"), soci::use(hash, "hash"), soci::into(person),
        soci::into(membership);
    if (!session.got_data()) return false;
    session.once << kAcceptMembership, soci::use(now_text, "now"), soci::use(membership, "id"), soci::into(partner),
        soci::into(role);
    if (password_hash) {
      session.once << kFirstPassword, soci::use(*password_hash, "password_hash"), soci::use(person, "person");
    }
    AuditEntry entry{IdFromColumn<domain::PartnerId>(partner), author, "member.joined", "", {{"role", role}}};
    entry.target_id = IdFromColumn<domain::MembershipId>(membership).value;
    entry.before = {{"state", std::string("invited")}};
    entry.after = {{"state", std::string("active")}};
    session.once << kEmailOf, soci::use(person, "person"), soci::into(entry.target);
    entry.author.actor = entry.target;
    AddAuditEntry(session, entry);
    return true;
  });
}

constexpr std::string_view kUseReset = R"(
  UPDATE write.one_time_tokens SET used_at = :now::timestamptz
   WHERE token_hash = decode(:hash, 'hex') AND used_at IS NULL AND expires_at > :now::timestamptz
     AND membership_id IS NULL
  RETURNING user_id::text)";

constexpr std::string_view kNewPassword = R"(
  UPDATE write.users SET password_hash = :password_hash WHERE user_id = :person::uuid)";

Result<bool> PostgresPeopleStore::ResetPassword(const domain::SecretHash& token, const std::string& password_hash,
                                                domain::Timestamp now, const application::Author& author) {
  const auto hash = HexOf(token);
  const auto now_text = domain::FormatRfc3339(now);
  return pool_.Run({"reset password", RowScope::Unbound()}, [&](soci::session& session) -> Result<bool> {
    std::string person;
    session.once << kUseReset, soci::use(now_text, "now"), soci::use(hash, "hash"), soci::into(person);
    if (!session.got_data()) return false;
    session.once << kNewPassword, soci::use(password_hash, "password_hash"), soci::use(person, "person");
    session.once << kEndSessions, soci::use(now_text, "now"), soci::use(person, "person");
    AddEntriesOfPerson(session, person, author, "person.password_reset");
    return true;
  });
}

}  // namespace volcanion::infrastructure
