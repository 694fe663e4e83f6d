#pragma once

#include "Infrastructure/Postgres/PqConnection.h"

#include <soci/soci.h>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

/// Rows in binary form, asked for in the transaction of a SOCI session. SOCI has no part in them, as it would make
/// texts of all values.
namespace volcanion::infrastructure {

/// All rows of `query`, for answers of limited size. Throws what SOCI throws.
PqResult AskInBinary(soci::session& session, const std::string& query, const std::vector<PqParam>& params);

/// Runs `query`, whose values are bound to `statement`, and calls `take` for each of its rows, in binary form, until
/// that says false. Rows come some thousand at a time, so that neither side keeps them all. Throws what SOCI throws,
/// also when `stop` stops.
void ReadInBinary(soci::session& session, soci::statement& statement, const std::string& query,
                  const std::stop_token& stop, const std::function<bool(const PqResult& rows, int row)>& take);

}  // namespace volcanion::infrastructure
