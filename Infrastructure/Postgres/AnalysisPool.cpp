#include "Infrastructure/Postgres/AnalysisPool.h"

namespace volcanion::infrastructure {
namespace {

constexpr std::chrono::seconds kServerPatience{2};  // for PostgreSQL to end a statement by itself

// Sorting and hashing go to disk beyond work_mem, and no further than temp_file_limit, which a role may have to be
// granted (GRANT SET ON PARAMETER). One process of the server for each question: it is not to take the cores that
// ingestion needs. A client that vanishes, as when our process is killed, is noticed within the second. What a cursor
// reads, it reads to the end. No order is wanted that an index has: its rows are gathered first (a bitmap scan), or all
// are read, instead of jumping from page to page for each, which takes four times as long for a million.
constexpr std::string_view kFrugal = R"(
  SET LOCAL work_mem = '32MB';
  SET LOCAL max_parallel_workers_per_gather = 0;
  SET LOCAL jit = off;
  SET LOCAL cursor_tuple_fraction = 1;
  SET LOCAL enable_indexscan = off;
  SET LOCAL client_connection_check_interval = '1s';
  SELECT set_config('temp_file_limit', '2GB', true) WHERE has_parameter_privilege('temp_file_limit', 'SET'))";

}  // namespace

AnalysisPool::AnalysisPool(const AnalysisPoolSettings& settings, application::Log& log)
    : statement_timeout_(settings.statement_timeout),
      pool_({.connection_string = settings.connection_string,
             .max_connections = settings.max_connections,
             .transaction_timeout = settings.statement_timeout + kServerPatience},
            log) {}

Transaction AnalysisPool::TransactionOf(std::string_view name, domain::PartnerId partner,
                                        const std::stop_token& stop) const {
  return {.name = name,
          .rows = RowScope::Of(partner),
          .snapshot = true,
          .statement_timeout = statement_timeout_,
          .settings = kFrugal,
          .stop = stop};
}

}  // namespace volcanion::infrastructure
