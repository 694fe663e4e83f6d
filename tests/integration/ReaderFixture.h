#pragma once

#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/PostgresEventReader.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::test {

inline domain::Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

inline std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? "''" : std::string(1, c));
  return quoted + "'";
}
inline std::string QuotedOrNull(const std::optional<std::string>& text) { return text ? Quoted(*text) : "NULL"; }

/// A read store with three months of partitions, its reader, and a builder that sets only what a case is about.
struct ReaderFixture {
  TestStores stores;
  RecordedLog log;
  infrastructure::SociPool pool{
      {infrastructure::CompleteConnectionString(stores.read_dsn()).value(), 4, std::chrono::seconds(30)}, log};
  infrastructure::PostgresEventReader reader{pool};
  infrastructure::SodiumSecrets secrets;
  domain::PartnerId partner{secrets.NewId(At("2026-01-01T00:00:00Z"))};
  domain::PartnerSystemId system{secrets.NewId(At("2026-01-01T00:00:00Z"))};

  ReaderFixture() {
    Sql(stores.read_dsn(), R"(
      CREATE TABLE read.events_2026_10 PARTITION OF read.tracking_events_read_model
        FOR VALUES FROM ('2026-10-01Z') TO ('2026-11-01Z');
      CREATE TABLE read.events_2026_11 PARTITION OF read.tracking_events_read_model
        FOR VALUES FROM ('2026-11-01Z') TO ('2026-12-01Z');
      CREATE TABLE read.events_2026_12 PARTITION OF read.tracking_events_read_model
        FOR VALUES FROM ('2026-12-01Z') TO ('2027-01-01Z'))");
  }

  /// Received at, and by default reported for, `time`.
  application::EventRow Event(domain::Timestamp time) {
    application::EventRow row;
    row.tracking_event_id = {secrets.NewId(time)};
    row.partner_id = partner;
    row.partner_name = "Acme";
    row.partner_system_id = system;
    row.partner_system_name = "website";
    row.event_id = row.tracking_event_id.ToString();
    row.event_name = "purchase";
    row.event_timestamp = time;
    row.validation_errors = "[]";
    row.properties = "{}";
    row.correlation_id = "c-1";
    row.created_at = time;
    row.position = 1;
    return row;
  }

  application::EventRow Stored(const application::EventRow& row) {
    const std::vector<std::string> values = {Quoted(row.tracking_event_id.ToString()),
                                             Quoted(row.partner_id.ToString()),
                                             Quoted(row.partner_name),
                                             Quoted(row.partner_system_id.ToString()),
                                             Quoted(row.partner_system_name),
                                             Quoted(row.event_id),
                                             Quoted(row.event_name),
                                             Quoted(domain::FormatRfc3339(row.event_timestamp)),
                                             QuotedOrNull(row.user_id),
                                             QuotedOrNull(row.anonymous_id),
                                             row.is_valid ? "true" : "false",
                                             row.schema_version ? std::to_string(*row.schema_version) : "NULL",
                                             row.validation_errors == "[]" ? "NULL" : Quoted(row.validation_errors),
                                             Quoted(row.properties),
                                             std::to_string(row.properties.size()),
                                             Quoted(row.correlation_id),
                                             Quoted(domain::FormatRfc3339(row.created_at)),
                                             std::to_string(row.position),
                                             row.is_unjudged ? "true" : "false"};
    std::string list;
    for (const auto& value : values) list.append(list.empty() ? "" : ", ").append(value);
    Sql(stores.read_dsn(), R"(
      INSERT INTO read.tracking_events_read_model (
        tracking_event_id, partner_id, partner_name, partner_system_id, partner_system_name, event_id, event_name,
        event_timestamp, user_id, anonymous_id, is_valid, schema_version, validation_errors, properties,
        properties_bytes, correlation_id, created_at, batch_id, is_unjudged) VALUES ()" +
                               list + ")");
    return row;
  }
  application::EventRow StoredAt(std::string_view time) { return Stored(Event(At(time))); }

  application::EventQuery Query() const {
    application::EventQuery query;
    query.partner = partner;
    query.systems = {system};
    return query;
  }
  application::EventPage Find(const application::EventQuery& query) {
    auto page = reader.Find(query);
    REQUIRE_MESSAGE(page.ok(), page.error().message);
    return *std::move(page);
  }
};

inline std::vector<std::string> Ids(const std::vector<application::EventRow>& rows) {
  std::vector<std::string> ids;
  for (const auto& row : rows) ids.push_back(row.tracking_event_id.ToString());
  return ids;
}
inline std::vector<std::string> Ids(const application::EventPage& page) { return Ids(page.items); }

}  // namespace volcanion::test
