#include "Infrastructure/Postgres/BinaryCursor.h"

#include "Infrastructure/Postgres/SociPool.h"

#include <soci/postgresql/soci-postgresql.h>

#include <string>

namespace volcanion::infrastructure {
namespace {

// Enough for a round trip to cost nothing beside them, few enough to lie in the processor's cache.
constexpr const char* kFetch = "FETCH FORWARD 5000 FROM rows_in_binary";

constexpr const char* kQueryCanceled = "57014";

PqResult Fetch(PGconn* connection) {
  const int in_binary = 1;
  PqResult rows(PQexecParams(connection, kFetch, 0, nullptr, nullptr, nullptr, nullptr, in_binary));
  if (PQresultStatus(rows.get()) == PGRES_TUPLES_OK) return rows;
  const char* sqlstate = PQresultErrorField(rows.get(), PG_DIAG_SQLSTATE);
  throw soci::postgresql_soci_error(PQerrorMessage(connection), sqlstate != nullptr ? sqlstate : "08006");
}

}  // namespace

void ReadInBinary(soci::session& session, soci::statement& statement, const std::string& query,
                  const std::stop_token& stop, const std::function<bool(const PqResult& rows, int row)>& take) {
  statement.alloc();
  statement.prepare("DECLARE rows_in_binary NO SCROLL CURSOR FOR " + query, soci::details::st_one_time_query);
  statement.define_and_bind();
  const bool with_data = true;
  statement.execute(with_data);
  auto* const connection = PqConnectionOf(session);
  for (bool wants_more = true; wants_more;) {
    if (stop.stop_requested()) throw soci::postgresql_soci_error("nobody waits for the rows", kQueryCanceled);
    const auto rows = Fetch(connection);
    if (rows.rows() == 0) break;
    for (int row = 0; row < rows.rows() && wants_more; ++row) wants_more = take(rows, row);
  }
  session.once << "CLOSE rows_in_binary";
}

}  // namespace volcanion::infrastructure
