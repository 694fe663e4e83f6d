#pragma once

#include "Application/Ports/EventReader.h"
#include "Infrastructure/Postgres/SociConditions.h"

#include <cstddef>
#include <string>

namespace volcanion::infrastructure {

/// The filters of a question on events, as conditions on rows of read.tracking_events_read_model.
///
/// Rows are read through one index of db/read, in the order of the page. What that index does not say has to be looked
/// up in the rows: then the rows that fit may be few among many.

/// Whether an index says it all, and has the order of pages.
bool IsIndexed(const application::EventQuery& query);

/// The conditions that the index says: filters, time, and the place to go on from.
void AddIndexedFilters(const application::EventQuery& query, Conditions& conditions);

/// All conditions but those of time and place.
void AddFilters(const application::EventQuery& query, Conditions& conditions);

/// Time and the place to go on from.
void AddRange(const application::EventQuery& query, Conditions& conditions);

/// The condition that a property of a row is as it should be, with its values bound to `conditions`, but not added.
/// `number` tells it from the statement's others: below kMaxPropertyFilters.
std::string BindProperty(const application::PropertyFilter& property, std::size_t number, Conditions& conditions);

/// No stored text has a NUL, and SOCI would cut it: such a question finds nothing.
bool AsksForNul(const application::EventQuery& query);

}  // namespace volcanion::infrastructure
