#include "Infrastructure/Postgres/PostgresManagementStore.h"

#include "Domain/Timestamp.h"
#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/PostgresRenames.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::AuditEntry;
using application::PartnerPage;
using application::PartnerQuery;
using application::SystemPage;
using application::SystemQuery;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

/// Says in the words of one table what the database has refused.
template <typename T>
Result<T> Explained(Result<T> result, ErrorKind kind, std::string_view message) {
  if (!result && result.error().kind == kind) return Error{kind, std::string(message)};
  return result;
}

/// What a name that is taken is answered with.
template <typename T>
Result<T> ExplainedName(Result<T> result, std::string_view message) {
  if (!result && result.error().kind == ErrorKind::kConflict) {
    return Error{ErrorKind::kConflict, std::string(message), {{"/name", "name_taken", "is taken; choose another one"}}};
  }
  return result;
}

/// Has it decided what becomes of a locked row, and writes that down with its audit entry.
template <typename T, typename Update>
Result<T> Decided(soci::session& session, Result<T> found, const application::ManagementStore::Decide<T>& decide,
                  Update update) {
  if (!found) return found;
  const auto before = *found;
  auto entry = decide(*found);
  if (!entry) return std::move(entry).error();
  if (HasNul(found->name())) return HasNulByte("/name");
  if (*entry) {
    update(session, before, *found);
    AddAuditEntry(session, **entry);
  }
  return found;
}

}  // namespace

constexpr std::string_view kTakenPartner = "There is a partner with this name already.";
constexpr std::string_view kTakenSystem = "The partner has a system with this name already.";

constexpr std::string_view kInsertPartner = R"(
  INSERT INTO write.partners (partner_id, name, compatibility, created_at)
  VALUES (:id::uuid, :name, :compatibility, :created_at::timestamptz))";

Result<Done> PostgresManagementStore::AddPartner(const domain::Partner& partner, const AuditEntry& audit) {
  if (HasNul(partner.name())) return HasNulByte("/name");
  const auto id = partner.id().ToString();
  const std::string compatibility(domain::ToString(partner.compatibility()));
  const auto created_at = domain::FormatRfc3339(partner.created_at());
  auto added = pool_.Run({"add partner", RowScope::Of(partner.id())}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertPartner, soci::use(id, "id"), soci::use(partner.name(), "name"),
        soci::use(compatibility, "compatibility"), soci::use(created_at, "created_at");
    AddAuditEntry(session, audit);
    return Done{};
  });
  return ExplainedName(std::move(added), kTakenPartner);
}

constexpr std::string_view kInsertSystem = R"(
  INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, rate_limit_events_per_second,
                                     rate_limit_burst, created_at)
  VALUES (:id::uuid, :partner::uuid, :name, :invalid_events, nullif(:events_per_second::integer, 0),
          nullif(:burst::integer, 0), :created_at::timestamptz))";

Result<Done> PostgresManagementStore::AddSystem(const domain::PartnerSystem& system, const AuditEntry& audit) {
  if (HasNul(system.name())) return HasNulByte("/name");
  const auto id = system.id().ToString();
  const auto partner = system.partner().ToString();
  const std::string invalid_events(domain::ToString(system.invalid_events()));
  const auto created_at = domain::FormatRfc3339(system.created_at());
  const auto limit = system.rate_limit().value_or(domain::RateLimit{});  // zeros for none
  auto added =
      pool_.Run({"add partner system", RowScope::Of(system.partner())}, [&](soci::session& session) -> Result<Done> {
        session.once << kInsertSystem, soci::use(id, "id"), soci::use(partner, "partner"),
            soci::use(system.name(), "name"), soci::use(invalid_events, "invalid_events"),
            soci::use(limit.events_per_second, "events_per_second"), soci::use(limit.burst, "burst"),
            soci::use(created_at, "created_at");
        AddAuditEntry(session, audit);
        return Done{};
      });
  added = Explained(std::move(added), ErrorKind::kNotFound, "There is no such partner.");
  return ExplainedName(std::move(added), kTakenSystem);
}

// NO KEY: rows that refer to it can be added meanwhile.
constexpr std::string_view kLock = " FOR NO KEY UPDATE";
// Not even those: see PostgresRenames.h.
constexpr std::string_view kLockForNames = " FOR UPDATE";

constexpr std::string_view kSelectPartners = R"(
  SELECT partner_id::text, name, (extract(epoch FROM created_at) * 1000000)::bigint, compatibility, is_active::int,
         revision
    FROM write.partners
   WHERE true)";

namespace {

class PartnerColumns {
 public:
  explicit PartnerColumns(soci::statement& statement) {
    statement.exchange(soci::into(id_));
    statement.exchange(soci::into(name_));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(compatibility_));
    statement.exchange(soci::into(is_active_));
    statement.exchange(soci::into(revision_));
  }
  PartnerColumns(const PartnerColumns&) = delete;
  PartnerColumns& operator=(const PartnerColumns&) = delete;

  /// The row that was fetched last.
  domain::Partner Partner() const {
    return domain::Partner::Restore({IdFromColumn<domain::PartnerId>(id_), name_, TimestampFromMicros(created_at_),
                                     ValueOfColumn(domain::ParseCompatibility(compatibility_)), is_active_ != 0,
                                     revision_});
  }

 private:
  std::string id_, name_, compatibility_;
  long long created_at_ = 0;
  int is_active_ = 0, revision_ = 0;
};

Result<domain::Partner> FetchPartner(soci::session& session, domain::PartnerId id, std::string_view lock) {
  soci::statement statement(session);
  PartnerColumns columns(statement);
  Conditions conditions(statement);
  conditions.Add("partner_id = :id::uuid", "id", id.ToString());
  std::optional<domain::Partner> found;
  ForEachRow(statement, std::string(kSelectPartners).append(conditions.sql()).append(lock),
             [&] { found = columns.Partner(); });
  if (found) return *std::move(found);
  return Error{ErrorKind::kNotFound, "There is no such partner."};
}

/// Cuts the row off that tells whether there are more.
template <typename Page>
Page CutTo(int limit, Page page) {
  page.more = page.items.size() > static_cast<std::size_t>(limit);
  if (page.more) page.items.pop_back();
  return page;
}

void AddFilters(Conditions& conditions, const std::optional<std::string>& name, std::optional<bool> is_active) {
  if (name) conditions.Add("name = :name", "name", *name);
  if (is_active) conditions.Add(*is_active ? "is_active" : "NOT is_active");
}

}  // namespace

Result<domain::Partner> PostgresManagementStore::GetPartner(domain::PartnerId id) {
  return pool_.Run({"get partner", RowScope::Of(id)},
                   [&](soci::session& session) { return FetchPartner(session, id, ""); });
}

Result<PartnerPage> PostgresManagementStore::ListPartners(const PartnerQuery& query) {
  if (query.name && HasNul(*query.name)) return PartnerPage{};
  const auto rows = query.among ? RowScope::OfAny(*query.among) : RowScope::OfPartnerList();
  return pool_.Run({"list partners", rows}, [&](soci::session& session) -> Result<PartnerPage> {
    soci::statement statement(session);
    PartnerColumns columns(statement);
    Conditions conditions(statement);
    if (query.among) conditions.Add("partner_id = ANY (:among::uuid[])", "among", ArrayText(*query.among));
    AddFilters(conditions, query.name, query.is_active);
    if (query.after) conditions.Add("partner_id > :after::uuid", "after", query.after->ToString());
    const int one_more = query.limit + 1;
    statement.exchange(soci::use(one_more, "limit"));
    PartnerPage page;
    ForEachRow(statement,
               std::string(kSelectPartners).append(conditions.sql()).append(" ORDER BY partner_id LIMIT :limit"),
               [&] { page.items.push_back(columns.Partner()); });
    return CutTo(query.limit, std::move(page));
  });
}

constexpr std::string_view kUpdatePartner = R"(
  UPDATE write.partners
     SET name = :name, compatibility = :compatibility, is_active = :is_active::int::boolean, revision = :revision
   WHERE partner_id = :id::uuid)";

Result<domain::Partner> PostgresManagementStore::ChangePartner(domain::PartnerId id,
                                                               const Decide<domain::Partner>& decide) {
  const auto update = [&](soci::session& session, const domain::Partner& before, const domain::Partner& partner) {
    const auto id_text = id.ToString();
    const std::string compatibility(domain::ToString(partner.compatibility()));
    const int is_active = partner.is_active(), revision = partner.revision();
    session.once << kUpdatePartner, soci::use(partner.name(), "name"), soci::use(compatibility, "compatibility"),
        soci::use(is_active, "is_active"), soci::use(revision, "revision"), soci::use(id_text, "id");
    if (partner.name() != before.name()) QueueNamesOf(session, id);
  };
  auto changed = pool_.Run({"change partner", RowScope::Of(id)}, [&](soci::session& session) {
    return Decided(session, FetchPartner(session, id, kLockForNames), decide, update);
  });
  return ExplainedName(std::move(changed), kTakenPartner);
}

constexpr std::string_view kSelectSystems = R"(
  SELECT partner_system_id::text, partner_id::text, name, invalid_events, coalesce(rate_limit_events_per_second, 0),
         coalesce(rate_limit_burst, 0), (extract(epoch FROM created_at) * 1000000)::bigint, is_active::int, revision
    FROM write.partner_systems
   WHERE true)";

namespace {

class SystemColumns {
 public:
  explicit SystemColumns(soci::statement& statement) {
    statement.exchange(soci::into(id_));
    statement.exchange(soci::into(partner_));
    statement.exchange(soci::into(name_));
    statement.exchange(soci::into(invalid_events_));
    statement.exchange(soci::into(limit_.events_per_second));
    statement.exchange(soci::into(limit_.burst));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(is_active_));
    statement.exchange(soci::into(revision_));
  }
  SystemColumns(const SystemColumns&) = delete;
  SystemColumns& operator=(const SystemColumns&) = delete;

  /// The row that was fetched last.
  domain::PartnerSystem System() const {
    return domain::PartnerSystem::Restore({IdFromColumn<domain::PartnerSystemId>(id_),
                                           IdFromColumn<domain::PartnerId>(partner_), name_,
                                           ValueOfColumn(domain::ParseInvalidEventPolicy(invalid_events_)),
                                           limit_.burst > 0 ? std::optional(limit_) : std::nullopt,
                                           TimestampFromMicros(created_at_), is_active_ != 0, revision_});
  }

 private:
  std::string id_, partner_, name_, invalid_events_;
  domain::RateLimit limit_;
  long long created_at_ = 0;
  int is_active_ = 0, revision_ = 0;
};

Result<domain::PartnerSystem> FetchSystem(soci::session& session, domain::PartnerId partner, domain::PartnerSystemId id,
                                          std::string_view lock) {
  soci::statement statement(session);
  SystemColumns columns(statement);
  Conditions conditions(statement);
  conditions.Add("partner_system_id = :id::uuid", "id", id.ToString());
  conditions.Add("partner_id = :partner::uuid", "partner", partner.ToString());
  std::optional<domain::PartnerSystem> found;
  ForEachRow(statement, std::string(kSelectSystems).append(conditions.sql()).append(lock),
             [&] { found = columns.System(); });
  if (found) return *std::move(found);
  return Error{ErrorKind::kNotFound, "There is no such partner system."};
}

}  // namespace

Result<domain::PartnerSystem> PostgresManagementStore::GetSystem(domain::PartnerId partner,
                                                                 domain::PartnerSystemId id) {
  return pool_.Run({"get partner system", RowScope::Of(partner)},
                   [&](soci::session& session) { return FetchSystem(session, partner, id, ""); });
}

Result<SystemPage> PostgresManagementStore::ListSystems(const SystemQuery& query) {
  return pool_.Run(
      {.name = "list partner systems", .rows = RowScope::Of(query.partner), .snapshot = true},
      [&](soci::session& session) -> Result<SystemPage> {
        if (const auto partner = FetchPartner(session, query.partner, ""); !partner) return partner.error();
        if (query.name && HasNul(*query.name)) return SystemPage{};
        soci::statement statement(session);
        SystemColumns columns(statement);
        Conditions conditions(statement);
        conditions.Add("partner_id = :partner::uuid", "partner", query.partner.ToString());
        AddFilters(conditions, query.name, query.is_active);
        if (query.after) {
          conditions.Add("partner_system_id > :after::uuid", "after", query.after->ToString());
        }
        const int one_more = query.limit + 1;
        statement.exchange(soci::use(one_more, "limit"));
        SystemPage page;
        ForEachRow(
            statement,
            std::string(kSelectSystems).append(conditions.sql()).append(" ORDER BY partner_system_id LIMIT :limit"),
            [&] { page.items.push_back(columns.System()); });
        return CutTo(query.limit, std::move(page));
      });
}

constexpr std::string_view kUpdateSystem = R"(
  UPDATE write.partner_systems
     SET name = :name, invalid_events = :invalid_events,
         rate_limit_events_per_second = nullif(:events_per_second::integer, 0),
         rate_limit_burst = nullif(:burst::integer, 0), is_active = :is_active::int::boolean, revision = :revision
   WHERE partner_system_id = :id::uuid AND partner_id = :partner::uuid)";

Result<domain::PartnerSystem> PostgresManagementStore::ChangeSystem(domain::PartnerId partner,
                                                                    domain::PartnerSystemId id,
                                                                    const Decide<domain::PartnerSystem>& decide) {
  const auto update = [&](soci::session& session, const domain::PartnerSystem& before,
                          const domain::PartnerSystem& system) {
    const auto id_text = id.ToString(), partner_text = partner.ToString();
    const std::string invalid_events(domain::ToString(system.invalid_events()));
    const auto limit = system.rate_limit().value_or(domain::RateLimit{});  // zeros for none
    const int is_active = system.is_active(), revision = system.revision();
    session.once << kUpdateSystem, soci::use(system.name(), "name"), soci::use(invalid_events, "invalid_events"),
        soci::use(limit.events_per_second, "events_per_second"), soci::use(limit.burst, "burst"),
        soci::use(is_active, "is_active"), soci::use(revision, "revision"), soci::use(id_text, "id"),
        soci::use(partner_text, "partner");
    if (system.name() != before.name()) QueueNamesOf(session, id);
  };
  const Transaction transaction{"change partner system", RowScope::Of(partner)};
  auto changed = pool_.Run(transaction, [&](soci::session& session) -> Result<domain::PartnerSystem> {
    // The partner first, as who renames that has it: a system never moves to another.
    if (const auto owner = FetchPartner(session, partner, kLockForNames); !owner) {
      return Error{ErrorKind::kNotFound, "There is no such partner system."};
    }
    return Decided(session, FetchSystem(session, partner, id, kLock), decide, update);
  });
  return ExplainedName(std::move(changed), kTakenSystem);
}

constexpr std::string_view kInsertAdminToken = R"(
  INSERT INTO write.admin_tokens (token_hash, name, prefix)
  VALUES (decode(:hash, 'hex'), :name, :prefix))";

Result<Done> PostgresManagementStore::AddAdminToken(std::string_view name, std::string_view prefix,
                                                    const domain::SecretHash& hash, const AuditEntry& audit) {
  if (HasNul(name)) return HasNulByte("/name");
  if (HasNul(prefix)) return HasNulByte("/prefix");
  const auto hash_text = HexOf(hash);
  const std::string name_text(name);
  const std::string prefix_text(prefix);
  return pool_.Run({"add admin token", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    session.once << kInsertAdminToken, soci::use(hash_text, "hash"), soci::use(name_text, "name"),
        soci::use(prefix_text, "prefix");
    AddAuditEntry(session, audit);
    return Done{};
  });
}

// Administrators' tokens are no partner's: what concerns them is unbound, and asked for by platform admins alone.
constexpr std::string_view kAdminTokens = R"(
  SELECT id::text, name, prefix, (extract(epoch FROM created_at) * 1000000)::bigint
    FROM (SELECT encode(substring(token_hash, 1, 16), 'hex')::uuid AS id, name, prefix, created_at
            FROM write.admin_tokens
           WHERE revoked_at IS NULL) AS token
   WHERE true)";

constexpr std::string_view kAdminTokensEnd = R"(
   ORDER BY id
   LIMIT :limit)";

Result<application::AdminTokenPage> PostgresManagementStore::ListAdminTokens(
    std::optional<application::AdminTokenId> after, int limit) {
  using application::AdminTokenPage;
  return pool_.Run({"list admin tokens", RowScope::Unbound()}, [&](soci::session& session) -> Result<AdminTokenPage> {
    application::AdminTokenRow row;
    std::string id;
    long long created_at = 0;
    soci::statement statement(session);
    statement.exchange(soci::into(id));
    statement.exchange(soci::into(row.name));
    statement.exchange(soci::into(row.prefix));
    statement.exchange(soci::into(created_at));
    Conditions conditions(statement);
    if (after) conditions.Add("id > :after::uuid", "after", after->ToString());
    const int one_more = limit + 1;
    statement.exchange(soci::use(one_more, "limit"));
    AdminTokenPage page;
    ForEachRow(statement, std::string(kAdminTokens).append(conditions.sql()).append(kAdminTokensEnd), [&] {
      row.id = IdFromColumn<application::AdminTokenId>(id);
      row.created_at = TimestampFromMicros(created_at);
      page.items.push_back(row);
    });
    return CutTo(limit, std::move(page));
  });
}

constexpr std::string_view kRevokeAdminToken = R"(
  UPDATE write.admin_tokens SET revoked_at = now()
   WHERE encode(substring(token_hash, 1, 16), 'hex')::uuid = :id::uuid AND revoked_at IS NULL
  RETURNING name, prefix)";

Result<Done> PostgresManagementStore::RevokeAdminToken(application::AdminTokenId token, AuditEntry audit) {
  const auto id = token.ToString();
  return pool_.Run({"revoke admin token", RowScope::Unbound()}, [&](soci::session& session) -> Result<Done> {
    std::string name, prefix;
    session.once << kRevokeAdminToken, soci::use(id, "id"), soci::into(name), soci::into(prefix);
    if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such token."};
    audit.target = name + " (" + prefix + ")";
    AddAuditEntry(session, audit);
    return Done{};
  });
}

}  // namespace volcanion::infrastructure
