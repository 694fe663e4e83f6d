#include "Infrastructure/Postgres/PqConnection.h"

#include <sys/socket.h>

#include <algorithm>

namespace volcanion::infrastructure {
namespace {

template <typename Integer>
Integer FromNetwork(std::string_view bytes) {
  if (bytes.size() != sizeof(Integer)) throw PqError("", false, "a binary value has an unexpected size");
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<Integer>(value);
}

PGconn* Connect(const std::string& connection_string, std::optional<std::chrono::seconds> patience) {
  const auto seconds = std::to_string(patience.value_or(std::chrono::seconds(0)).count());
  // What stands behind an expanded dbname wins over what is in it.
  const char* const names[] = {"dbname", patience ? "connect_timeout" : nullptr, nullptr};
  const char* const values[] = {connection_string.c_str(), seconds.c_str(), nullptr};
  const int expand_dbname = 1;
  return PQconnectdbParams(names, values, expand_dbname);
}

}  // namespace

PqParamArrays::PqParamArrays(const std::vector<PqParam>& params) {
  for (const auto& param : params) {
    types.push_back(param.type);
    values.push_back(param.bytes.data());
    lengths.push_back(static_cast<int>(param.bytes.size()));
    formats.push_back(1);
  }
}

bool PqError::refuses_data() const {
  return sqlstate_.starts_with("22") || sqlstate_.starts_with("23") || sqlstate_.starts_with("54") ||
         sqlstate_.starts_with("P0");
}

std::int64_t PqResult::int8(int row, int column) const { return FromNetwork<std::int64_t>(bytes(row, column)); }
std::int32_t PqResult::int4(int row, int column) const { return FromNetwork<std::int32_t>(bytes(row, column)); }

PqConnection::PqConnection(const std::string& connection_string, std::optional<std::chrono::seconds> patience)
    : connection_(Connect(connection_string, patience), &PQfinish) {
  if (!IsAlive()) {
    throw PqError("", true, connection_ ? PQerrorMessage(connection_.get()) : "out of memory");
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(connection_.get(), PQERRORS_TERSE);  // details hold values of rows
  cutter_->connection_ = connection_.get();
}

PqConnection::~PqConnection() {
  const std::lock_guard lock(cutter_->mutex_);
  cutter_->connection_ = nullptr;
}

void PqConnection::Drop() {
  const std::string reason = PQerrorMessage(connection_.get());
  {
    const std::lock_guard lock(cutter_->mutex_);
    cutter_->connection_ = nullptr;
  }
  connection_.reset();
  throw PqError("", true, reason);
}

void PqCutter::Cut() {
  const std::lock_guard lock(mutex_);
  if (connection_ != nullptr) ::shutdown(PQsocket(connection_), SHUT_RDWR);
}

void PqConnection::Throw(const PGresult* result) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // An administrator's or a crash's shutdown (57P..) still has a SQLSTATE, but the session ends with it.
  throw PqError(state == nullptr ? "" : state, !IsAlive(), PQerrorMessage(connection_.get()));
}

PqResult PqConnection::Checked(PGresult* result, ExecStatusType expected) {
  PqResult owned(result);
  const auto status = PQresultStatus(result);
  if (status == expected || (expected == PGRES_COMMAND_OK && status == PGRES_TUPLES_OK) ||
      (expected == PGRES_TUPLES_OK && status == PGRES_COMMAND_OK)) {
    return owned;
  }
  Throw(result);
}

PqResult PqConnection::Execute(const char* sql) { return Checked(PQexec(connection_.get(), sql), PGRES_COMMAND_OK); }

void PqConnection::Prepare(const char* statements) {
  if (is_prepared_) return;
  // What an attempt that failed has prepared stays, whatever else is rolled back.
  (void)Execute((std::string("DEALLOCATE ALL; ") + statements).c_str());
  is_prepared_ = true;
}

PqResult PqConnection::Execute(const char* sql, const std::vector<PqParam>& params) {
  const PqParamArrays arrays(params);
  return Checked(PQexecParams(connection_.get(), sql, static_cast<int>(params.size()), arrays.types.data(),
                              arrays.values.data(), arrays.lengths.data(), arrays.formats.data(), 1),
                 PGRES_TUPLES_OK);
}

PqResult PqConnection::BeginWith(const char* sql, const std::vector<PqParam>& params) {
  PGconn* connection = connection_.get();
  const PqParamArrays arrays(params);
  if (PQenterPipelineMode(connection) == 0) Throw(nullptr);
  const bool sent = PQsendQueryParams(connection, "BEGIN", 0, nullptr, nullptr, nullptr, nullptr, 1) != 0 &&
                    PQsendQueryParams(connection, sql, static_cast<int>(params.size()), arrays.types.data(),
                                      arrays.values.data(), arrays.lengths.data(), arrays.formats.data(), 1) != 0 &&
                    PQpipelineSync(connection) != 0;
  if (!sent) Drop();
  // The answers come in order: BEGIN's, an end mark (a null), the statement's, an end mark, the sync. Two end marks in
  // a row are the end of a connection that libpq does not call broken yet.
  PqResult statement(nullptr), failed(nullptr);
  bool has_statement = false, has_failed = false;
  for (bool synced = false, at_end_mark = false; !synced;) {
    PGresult* const next = PQgetResult(connection);
    if (next == nullptr && (at_end_mark || !IsAlive())) Drop();
    at_end_mark = next == nullptr;
    if (next == nullptr) continue;
    PqResult result(next);
    switch (PQresultStatus(next)) {
      case PGRES_PIPELINE_SYNC:
        synced = true;
        break;
      case PGRES_TUPLES_OK:
        statement = std::move(result);
        has_statement = true;
        break;
      case PGRES_COMMAND_OK:
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        if (!has_failed) failed = std::move(result);
        has_failed = true;
        // Without a connection there is no sync to wait for.
        if (!IsAlive()) Throw(failed.get());
    }
  }
  if (has_failed || !IsAlive()) Throw(failed.get());
  if (PQexitPipelineMode(connection) == 0) Drop();
  if (!has_statement) throw PqError("", false, "a statement in a pipeline had no result");
  return statement;
}

void PqConnection::CopyIn(const char* sql, std::string_view data) {
  (void)ExecuteToCopy(sql);
  CopyNext(data);
}

PqResult PqConnection::ExecuteToCopy(const char* sql) {
  PGconn* connection = connection_.get();
  if (PQsendQuery(connection, sql) == 0) Throw(nullptr);
  PqResult before(nullptr);
  while (PGresult* const next = PQgetResult(connection)) {
    PqResult result(next);
    const auto status = PQresultStatus(next);
    if (status == PGRES_COPY_IN) return before;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) FinishAndThrow(next);
    before = std::move(result);
  }
  throw PqError("", !IsAlive(), "statements without a COPY");
}

void PqConnection::CopyNext(std::string_view data) {
  PGconn* connection = connection_.get();
  constexpr std::size_t kChunk = 1024 * 1024;
  for (std::size_t at = 0; at < data.size(); at += kChunk) {
    const auto chunk = data.substr(at, kChunk);
    if (PQputCopyData(connection, chunk.data(), static_cast<int>(chunk.size())) != 1) Throw(nullptr);
  }
  if (PQputCopyEnd(connection, nullptr) != 1) Throw(nullptr);
  const PqResult copied(PQgetResult(connection));
  if (PQresultStatus(copied.get()) != PGRES_COMMAND_OK) FinishAndThrow(copied.get());
  const PqResult next(PQgetResult(connection));
  if (next.get() != nullptr && PQresultStatus(next.get()) != PGRES_COPY_IN) FinishAndThrow(next.get());
}

void PqConnection::FinishAndThrow(const PGresult* failed) {
  while (PGresult* rest = PQgetResult(connection_.get())) PQclear(rest);
  Throw(failed);
}

void PqConnection::Commit(const char* statements_and_commit) {
  try {
    const auto result = Execute(statements_and_commit);
    if (result.command_tag() == "COMMIT") return;
  } catch (const PqError& error) {
    throw PqError(error.sqlstate(), error.connection_lost(), error.what(), true);
  }
  throw PqError("25P02", !IsAlive(), "the transaction was rolled back instead of committed");
}

void PqConnection::Rollback() noexcept {
  PGconn* connection = connection_.get();
  if (!IsAlive()) return;
  if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF) PQexitPipelineMode(connection);
  PQclear(PQexec(connection, "ROLLBACK"));
}

}  // namespace volcanion::infrastructure
