#pragma once

#include "Domain/Uuid.h"

#include <soci/soci.h>

namespace volcanion::infrastructure {

/// Queue the names of a partner's systems, or of one system, for the projection, in the transaction of `session`, which
/// has the partner's row locked FOR UPDATE: of two batches of names of the same system, the one with the higher number
/// is the newer, and no system appears meanwhile. Throw what SOCI throws.
void QueueNamesOf(soci::session& session, domain::PartnerId partner);
void QueueNamesOf(soci::session& session, domain::PartnerSystemId system);

}  // namespace volcanion::infrastructure
