#pragma once

#include <string>
#include <string_view>

/// Counts that are to agree: lines "system|name|quarter valid invalid unjudged", sorted, for each system, event name
/// and quarter of an hour (its number since 1970) that has events. Coarser levels of the roll-ups, and sums of days,
/// are held against the rows by StatisticsTests and by the fault laboratory.
namespace volcanion::test {

/// What the roll-ups of a read store count, folded or not, in one snapshot.
std::string RolledUp(const std::string& read_dsn);

/// What the rows of a table of events count: read.tracking_events_read_model, write.tracking_events.
std::string CountedIn(const std::string& dsn, std::string_view table);

/// Runs a migration of the roll-ups again, by its name: those that count what is there.
void MigrateAgain(const std::string& read_dsn, std::string_view name);

}  // namespace volcanion::test
