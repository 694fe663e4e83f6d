#include "Infrastructure/Postgres/ChangedDays.h"

#include "Infrastructure/Postgres/PqBinary.h"

#include <chrono>
#include <set>
#include <utility>

namespace volcanion::infrastructure {
namespace {

// In the order of the key, so that two workers never deadlock.
constexpr char kCount[] = R"sql(
  INSERT INTO read.changed_days AS known (partner_id, day, changes)
  SELECT partner, (day AT TIME ZONE 'UTC')::date, 1
  FROM unnest($1::uuid[], $2::timestamptz[]) AS changed (partner, day)
  ON CONFLICT (partner_id, day) DO UPDATE SET changes = known.changes + 1
)sql";

}  // namespace

void CountChangedDays(PqConnection& connection, const std::vector<const application::StoredBatch*>& batches,
                      const std::vector<VerdictChange>& verdicts) {
  std::set<std::pair<domain::PartnerId, domain::Timestamp>> changed;
  const auto note = [&changed](domain::PartnerId partner, domain::Timestamp time) {
    changed.insert({partner, domain::Timestamp(std::chrono::floor<std::chrono::days>(time))});
  };
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) note(event.partner_id, event.event_timestamp);
    for (const auto& count : batch->duplicates) note(count.partner, count.quarter);
  }
  for (const auto& verdict : verdicts) note(verdict.partner, verdict.event_timestamp);
  if (changed.empty()) return;
  BinaryArray partners(kUuidOid, changed.size()), days(kTimestamptzOid, changed.size());
  for (const auto& [partner, at] : changed) {
    partners.Uuid(partner.value);
    days.Timestamp(at);
  }
  (void)connection.Execute(kCount, {{kUuidArrayOid, partners.bytes()}, {kTimestamptzArrayOid, days.bytes()}});
}

}  // namespace volcanion::infrastructure
