#pragma once

#include "Domain/Result.h"
#include "Infrastructure/Postgres/PqConnection.h"

namespace volcanion::infrastructure {

/// Requests are answered as a role of their own (RowScope.h), called after the role that the program works as, which
/// owns the tables: `volcanion` has `volcanion_request`. PostgreSQL holds it to one partner's rows; the owner itself is
/// exempt (BYPASSRLS), or let in by policies of its own (Migrations.cpp).
///
/// Makes the role when it is missing and the owner may make it. kConflict with the statements for a superuser to run
/// when something is missing that only one of those can give. Throws PqError.
domain::Result<domain::Done> PrepareRequestRole(PqConnection& connection);

/// The same, but changes nothing. Throws PqError.
domain::Result<domain::Done> CheckRequestRole(PqConnection& connection);

}  // namespace volcanion::infrastructure
