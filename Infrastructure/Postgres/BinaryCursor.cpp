#include "Infrastructure/Postgres/BinaryCursor.h"

#include "Infrastructure/Postgres/SociPool.h"

#include <soci/postgresql/soci-postgresql.h>

#include <string>

namespace volcanion::infrastructure {
namespace {

// Enough for a round trip to cost nothing beside them, few enough to lie in the processor's cache.
constexpr const char* kFetch = "FETCH FORWARD 5000 FROM rows_in_binary";
constexpr const char* kQueryCanceled = "57014";

[[noreturn]] void Throw(PGconn* connection, const PGresult* result) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  throw soci::postgresql_soci_error(PQerrorMessage(connection), sqlstate != nullptr ? sqlstate : "08006");
}

void AskForMore(PGconn* connection) {
  const int in_binary = 1;
  if (PQsendQueryParams(connection, kFetch, 0, nullptr, nullptr, nullptr, nullptr, in_binary) == 0) {
    Throw(connection, nullptr);
  }
}

PqResult Receive(PGconn* connection) {
  PqResult rows(PQgetResult(connection));
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) Throw(connection, rows.get());
  while (PGresult* const end = PQgetResult(connection)) PQclear(end);
  return rows;
}

}  // namespace

PqResult AskInBinary(soci::session& session, const std::string& query, const std::vector<PqParam>& params) {
  auto* const connection = PqConnectionOf(session);
  const PqParamArrays arrays(params);
  const int in_binary = 1;
  PqResult rows(PQexecParams(connection, query.c_str(), static_cast<int>(params.size()), arrays.types.data(),
                             arrays.values.data(), arrays.lengths.data(), arrays.formats.data(), in_binary));
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) Throw(connection, rows.get());
  return rows;
}

// The server makes the next rows while these are taken.
void ReadInBinary(soci::session& session, soci::statement& statement, const std::string& query,
                  const std::stop_token& stop, const std::function<bool(const PqResult& rows, int row)>& take) {
  statement.alloc();
  statement.prepare("DECLARE rows_in_binary NO SCROLL CURSOR FOR " + query, soci::details::st_one_time_query);
  statement.define_and_bind();
  const bool with_data = true;
  statement.execute(with_data);
  auto* const connection = PqConnectionOf(session);
  AskForMore(connection);
  for (bool wants_more = true; wants_more;) {
    const auto rows = Receive(connection);
    if (rows.rows() == 0) break;
    if (stop.stop_requested()) throw soci::postgresql_soci_error("nobody waits for the rows", kQueryCanceled);
    AskForMore(connection);
    for (int row = 0; row < rows.rows() && wants_more; ++row) wants_more = take(rows, row);
    if (!wants_more) (void)Receive(connection);
  }
  session.once << "CLOSE rows_in_binary";
}

}  // namespace volcanion::infrastructure
