#include "Infrastructure/Postgres/PostgresRenames.h"

#include <string>
#include <string_view>

namespace volcanion::infrastructure {
namespace {

// The transaction has its number already, as it has changed a row: see JudgementWriter.cpp.
constexpr std::string_view kQueue = R"(
  WITH named AS MATERIALIZED (
    SELECT system.partner_system_id, partner.name AS partner_name, system.name AS system_name
      FROM write.partner_systems AS system
      JOIN write.partners AS partner USING (partner_id)
     WHERE system.)";

constexpr std::string_view kQueueRest = R"( = :id::uuid
  ), size AS (
    SELECT count(*) AS names, 100 * count(*) AS bytes FROM named
  ), batch AS MATERIALIZED (
    SELECT nextval('write.batch_ids') AS batch_id, names, bytes FROM size WHERE names > 0
  ), history AS (
    INSERT INTO write.renames (batch_id, partner_system_id, partner_name, partner_system_name)
    SELECT batch_id, partner_system_id, partner_name, system_name FROM named, batch
  ), ledger AS (
    INSERT INTO write.batches (batch_id, kind, event_count, rename_count, byte_count)
    SELECT batch_id, 'rename', 0, names, bytes FROM batch
  )
  INSERT INTO write.outbox (batch_id, event_count, byte_count) SELECT batch_id, names, bytes FROM batch)";

void Queue(soci::session& session, std::string_view column, const std::string& id) {
  session.once << std::string(kQueue).append(column).append(kQueueRest), soci::use(id, "id");
}

}  // namespace

void QueueNamesOf(soci::session& session, domain::PartnerId partner) {
  Queue(session, "partner_id", partner.ToString());
}

void QueueNamesOf(soci::session& session, domain::PartnerSystemId system) {
  Queue(session, "partner_system_id", system.ToString());
}

}  // namespace volcanion::infrastructure
