#include "Infrastructure/Postgres/PostgresStructureStore.h"

#include "Infrastructure/Postgres/PostgresAuditLog.h"
#include "Infrastructure/Postgres/SociConditions.h"
#include "Infrastructure/Postgres/SociRows.h"

#include <soci/soci.h>

#include <stdexcept>

namespace volcanion::infrastructure {
namespace {

using application::StructureBaseline;
using application::StructurePage;
using application::StructureQuery;
using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::EventStructure;
using domain::Result;
using domain::StructureHead;
using domain::StructureIdentity;
using domain::StructureState;

/// In the order of uuids before every one that we make.
constexpr std::string_view kNoSystem = "00000000-0000-0000-0000-000000000000";

/// The columns of StructureHead, fetched in the order of the members below.
constexpr std::string_view kHeadColumns = R"(
         structure_id::text, partner_id::text, partner_system_id::text, event_name, version, revision, state,
         (extract(epoch FROM created_at) * 1000000)::bigint, (extract(epoch FROM activated_at) * 1000000)::bigint,
         (extract(epoch FROM retired_at) * 1000000)::bigint)";

class HeadColumns {
 public:
  explicit HeadColumns(soci::statement& statement) {
    statement.exchange(soci::into(id_));
    statement.exchange(soci::into(partner_));
    statement.exchange(soci::into(system_.value, system_.indicator));
    statement.exchange(soci::into(event_name_));
    statement.exchange(soci::into(version_));
    statement.exchange(soci::into(revision_));
    statement.exchange(soci::into(state_));
    statement.exchange(soci::into(created_at_));
    statement.exchange(soci::into(activated_at_.value, activated_at_.indicator));
    statement.exchange(soci::into(retired_at_.value, retired_at_.indicator));
  }
  HeadColumns(const HeadColumns&) = delete;
  HeadColumns& operator=(const HeadColumns&) = delete;

  /// The row that was fetched last.
  StructureHead Head() const {
    StructureHead head{IdFromColumn<domain::StructureId>(id_),
                       {IdFromColumn<domain::PartnerId>(partner_), event_name_}};
    if (system_.has_value()) head.identity.system = IdFromColumn<domain::PartnerSystemId>(system_.value);
    const auto state = domain::ParseStructureState(state_);
    if (!state) throw std::runtime_error("a state column holds no state");
    head.version = version_;
    head.revision = revision_;
    head.state = *state;
    head.created_at = TimestampFromMicros(created_at_);
    if (activated_at_.has_value()) head.activated_at = TimestampFromMicros(activated_at_.value);
    if (retired_at_.has_value()) head.retired_at = TimestampFromMicros(retired_at_.value);
    return head;
  }

 private:
  std::string id_, partner_, event_name_, state_;
  Nullable<std::string> system_;
  int version_ = 0, revision_ = 0;
  long long created_at_ = 0;
  Nullable<long long> activated_at_, retired_at_;
};

Nullable<std::string> SystemText(const StructureIdentity& identity) {
  if (!identity.system) return {};
  return {identity.system->ToString(), soci::i_ok};
}

Nullable<std::string> TimeText(const std::optional<domain::Timestamp>& time) {
  if (!time) return {};
  return {domain::FormatRfc3339(*time), soci::i_ok};
}

// The system that an identity names must be one of the partner.
constexpr std::string_view kPartner = R"(
  SELECT compatibility,
         (:system::uuid IS NULL OR EXISTS (SELECT FROM write.partner_systems
                                            WHERE partner_id = :partner::uuid AND partner_system_id = :system::uuid))::int
    FROM write.partners
   WHERE partner_id = :partner::uuid)";

// NO KEY: rows that refer to the partner can be added meanwhile.
constexpr std::string_view kLock = " FOR NO KEY UPDATE";

/// What the owner of a structure demands; kNotFound when there is no such partner, or no such system of it.
Result<domain::Compatibility> FetchDemand(soci::session& session, const StructureIdentity& identity, bool lock) {
  const auto partner = identity.partner.ToString();
  auto system = SystemText(identity);
  std::string compatibility;
  int has_system = 0;
  session.once << std::string(kPartner).append(lock ? kLock : ""), soci::use(system.value, system.indicator, "system"),
      soci::use(partner, "partner"), soci::into(compatibility), soci::into(has_system);
  if (!session.got_data()) return Error{ErrorKind::kNotFound, "There is no such partner."};
  if (has_system == 0) return Error{ErrorKind::kNotFound, "The partner has no such system."};
  const auto parsed = domain::ParseCompatibility(compatibility);
  if (!parsed) throw std::runtime_error("the column compatibility holds none");
  return *parsed;
}

constexpr std::string_view kOfIdentity = R"(
    FROM write.event_structures
   WHERE partner_id = :partner::uuid AND event_name = :event_name
     AND partner_system_id IS NOT DISTINCT FROM :system::uuid)";

/// The highest version of the structure that meets a condition.
template <typename Bind>
std::optional<EventStructure> FetchOne(soci::session& session, const StructureIdentity& identity, Bind add_condition) {
  if (HasNul(identity.event_name)) return std::nullopt;
  const auto partner = identity.partner.ToString();
  auto system = SystemText(identity);
  std::string schema;
  soci::statement statement(session);
  HeadColumns columns(statement);
  statement.exchange(soci::into(schema));
  statement.exchange(soci::use(partner, "partner"));
  statement.exchange(soci::use(identity.event_name, "event_name"));
  statement.exchange(soci::use(system.value, system.indicator, "system"));
  Conditions conditions(statement);
  add_condition(conditions);
  std::string sql = "SELECT ";
  sql.append(kHeadColumns).append(", schema::text").append(kOfIdentity).append(conditions.sql());
  sql.append("\n   ORDER BY version DESC LIMIT 1");
  std::optional<EventStructure> found;
  ForEachRow(statement, sql, [&] { found = EventStructure::Restore(columns.Head(), std::move(schema)); });
  return found;
}

std::optional<EventStructure> FetchVersion(soci::session& session, const StructureIdentity& identity, int version) {
  return FetchOne(session, identity, [&](Conditions& conditions) {
    conditions.Add("version = :version::integer", "version", std::to_string(version));
  });
}

std::optional<EventStructure> FetchNewest(soci::session& session, const StructureIdentity& identity,
                                          StructureState state) {
  return FetchOne(session, identity, [&](Conditions& conditions) {
    conditions.Add("state = :state", "state", std::string(domain::ToString(state)));
  });
}

/// See StructureVersions::Predecessor() and Successor().
std::optional<EventStructure> FetchPredecessor(soci::session& session, const StructureIdentity& identity) {
  if (auto active = FetchNewest(session, identity, StructureState::kActive)) return active;
  auto retired = FetchOne(session, identity, [](Conditions& conditions) {
    conditions.Add("state = 'retired' AND activated_at IS NOT NULL");
  });
  if (retired || !identity.system) return retired;
  return FetchNewest(session, {identity.partner, identity.event_name, std::nullopt}, StructureState::kActive);
}

std::optional<EventStructure> FetchSuccessor(soci::session& session, const StructureIdentity& identity, int retired) {
  auto older = FetchOne(session, identity, [&](Conditions& conditions) {
    conditions.Add("state = 'active'");
    conditions.Add("version < :retired::integer", "retired", std::to_string(retired));
  });
  if (older || !identity.system) return older;
  return FetchNewest(session, {identity.partner, identity.event_name, std::nullopt}, StructureState::kActive);
}

constexpr std::string_view kInsert = R"(
  INSERT INTO write.event_structures (structure_id, partner_id, event_name, partner_system_id, version, revision, schema,
                                      state, created_at, activated_at)
  SELECT :id::uuid, :partner::uuid, :event_name, :system::uuid, coalesce(max(version), 0) + 1, :revision, :schema::json,
         :state, :created_at::timestamptz, :activated_at::timestamptz
    FROM write.event_structures
   WHERE partner_id = :partner::uuid AND event_name = :event_name
     AND partner_system_id IS NOT DISTINCT FROM :system::uuid
  RETURNING version)";

constexpr std::string_view kUpdate = R"(
  UPDATE write.event_structures
     SET revision = :revision, schema = :schema::json, state = :state, activated_at = :activated_at::timestamptz,
         retired_at = :retired_at::timestamptz
   WHERE structure_id = :id::uuid AND partner_id = :partner::uuid)";

class LockedVersions final : public application::StructureVersions {
 public:
  LockedVersions(soci::session& session, const StructureIdentity& identity, domain::Compatibility compatibility)
      : session_(session), identity_(identity), compatibility_(compatibility) {}

  domain::Compatibility compatibility() const override { return compatibility_; }
  std::optional<EventStructure> Find(int version) override { return FetchVersion(session_, identity_, version); }
  std::optional<EventStructure> Newest(StructureState state) override {
    return FetchNewest(session_, identity_, state);
  }

  std::optional<EventStructure> Predecessor() override { return FetchPredecessor(session_, identity_); }
  std::optional<EventStructure> Successor(int retired) override { return FetchSuccessor(session_, identity_, retired); }

  EventStructure Add(const EventStructure& structure) override {
    auto head = structure.head();
    const auto id = head.id.ToString();
    const auto partner = identity_.partner.ToString();
    auto system = SystemText(identity_);
    const std::string state(domain::ToString(head.state));
    const auto created_at = domain::FormatRfc3339(head.created_at);
    auto activated_at = TimeText(head.activated_at);
    session_.once << kInsert, soci::use(id, "id"), soci::use(partner, "partner"),
        soci::use(identity_.event_name, "event_name"), soci::use(system.value, system.indicator, "system"),
        soci::use(head.revision, "revision"), soci::use(structure.schema(), "schema"), soci::use(state, "state"),
        soci::use(created_at, "created_at"), soci::use(activated_at.value, activated_at.indicator, "activated_at"),
        soci::into(head.version);
    return EventStructure::Restore(std::move(head), structure.schema());
  }

  void Update(const EventStructure& structure) override {
    const auto& head = structure.head();
    const auto id = head.id.ToString(), partner = identity_.partner.ToString();
    const std::string state(domain::ToString(head.state));
    auto activated_at = TimeText(head.activated_at);
    auto retired_at = TimeText(head.retired_at);
    session_.once << kUpdate, soci::use(head.revision, "revision"), soci::use(structure.schema(), "schema"),
        soci::use(state, "state"), soci::use(activated_at.value, activated_at.indicator, "activated_at"),
        soci::use(retired_at.value, retired_at.indicator, "retired_at"), soci::use(id, "id"),
        soci::use(partner, "partner");
  }

  void Note(const application::AuditEntry& entry) override { AddAuditEntry(session_, entry); }

 private:
  soci::session& session_;
  const StructureIdentity& identity_;
  const domain::Compatibility compatibility_;
};

StructurePage FetchPage(soci::session& session, const StructureQuery& query) {
  soci::statement statement(session);
  HeadColumns columns(statement);
  const auto partner = query.partner.ToString();
  statement.exchange(soci::use(partner, "partner"));
  Conditions conditions(statement);
  if (query.system) {
    conditions.Add("partner_system_id = :system::uuid", "system", query.system->ToString());
  }
  if (query.event_name) conditions.Add("event_name = :event_name", "event_name", *query.event_name);
  if (query.state) conditions.Add("state = :state", "state", std::string(domain::ToString(*query.state)));
  const std::string order =
      "event_name, coalesce(partner_system_id, '" + std::string(kNoSystem) + "'), (-version)";  // as in the index
  if (const auto& after = query.after) {
    conditions.Add("(" + order + ") > (:after_name, :after_system::uuid, -(:after_version::integer))");
    conditions.Bind("after_name", after->event_name);
    conditions.Bind("after_system", after->system ? after->system->ToString() : std::string(kNoSystem));
    conditions.Bind("after_version", std::to_string(after->version));
  }
  const int one_more = query.limit + 1;
  statement.exchange(soci::use(one_more, "limit"));
  std::string sql = "SELECT ";
  sql.append(kHeadColumns).append("\n    FROM write.event_structures\n   WHERE partner_id = :partner::uuid");
  sql.append(conditions.sql()).append("\n   ORDER BY " + order + "\n   LIMIT :limit");
  StructurePage page;
  ForEachRow(statement, sql, [&] { page.items.push_back(columns.Head()); });
  page.more = page.items.size() > static_cast<std::size_t>(query.limit);
  if (page.more) page.items.pop_back();
  return page;
}

}  // namespace

Result<Done> PostgresStructureStore::Change(const StructureIdentity& identity, const Work& work) {
  return pool_.Run({"change event structure", RowScope::Of(identity.partner)},
                   [&](soci::session& session) -> Result<Done> {
                     const auto compatibility = FetchDemand(session, identity, true);
                     if (!compatibility) return compatibility.error();
                     LockedVersions versions(session, identity, *compatibility);
                     return work(versions);
                   });
}

Result<EventStructure> PostgresStructureStore::Get(const StructureIdentity& identity, int version) {
  return pool_.Run({"get event structure", RowScope::Of(identity.partner)},
                   [&](soci::session& session) -> Result<EventStructure> {
                     if (auto found = FetchVersion(session, identity, version)) return *std::move(found);
                     return Error{ErrorKind::kNotFound, "There is no such version of this structure."};
                   });
}

Result<StructureBaseline> PostgresStructureStore::Baseline(const StructureIdentity& identity) {
  return pool_.Run({.name = "get structure baseline", .rows = RowScope::Of(identity.partner), .snapshot = true},
                   [&](soci::session& session) -> Result<StructureBaseline> {
                     const auto compatibility = FetchDemand(session, identity, false);
                     if (!compatibility) return compatibility.error();
                     return StructureBaseline{*compatibility, FetchPredecessor(session, identity)};
                   });
}

Result<StructurePage> PostgresStructureStore::List(const StructureQuery& query) {
  return pool_.Run({.name = "list event structures", .rows = RowScope::Of(query.partner), .snapshot = true},
                   [&](soci::session& session) -> Result<StructurePage> {
                     const auto demand = FetchDemand(session, {query.partner, {}, query.system}, false);
                     if (!demand) return demand.error();
                     if (query.event_name && HasNul(*query.event_name)) return StructurePage{};
                     return FetchPage(session, query);
                   });
}

}  // namespace volcanion::infrastructure
