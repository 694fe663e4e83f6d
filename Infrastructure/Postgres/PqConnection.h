#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// A statement failed, or the connection did. Caught in the adapters; what() is for logs, never for clients.
class PqError : public std::runtime_error {
 public:
  PqError(std::string sqlstate, bool connection_lost, const std::string& message, bool in_commit = false)
      : std::runtime_error(message),
        sqlstate_(std::move(sqlstate)),
        connection_lost_(connection_lost),
        in_commit_(in_commit) {}

  /// Five characters; empty when the server did not answer at all.
  const std::string& sqlstate() const { return sqlstate_; }
  bool connection_lost() const { return connection_lost_; }
  /// The connection went with a COMMIT on its way: nobody knows whether it was done.
  bool outcome_unknown() const { return connection_lost_ && in_commit_; }
  /// The data itself is refused (SQLSTATE class 22, 23, 54, or P0 of a trigger): the same rows will fail again.
  bool refuses_data() const;
  /// Another try of the whole transaction may well succeed (serialization failure, deadlock).
  bool asks_for_retry() const { return sqlstate_.starts_with("40"); }

 private:
  std::string sqlstate_;
  bool connection_lost_;
  bool in_commit_;
};

/// A result in binary format. Rows and columns count from 0.
class PqResult {
 public:
  explicit PqResult(PGresult* result) : result_(result, &PQclear) {}

  int rows() const { return PQntuples(result_.get()); }
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  /// The bytes of a value; of a text, its characters.
  std::string_view bytes(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::int64_t int8(int row, int column) const;
  std::int32_t int4(int row, int column) const;
  bool boolean(int row, int column) const { return bytes(row, column)[0] != 0; }
  /// "COMMIT", "INSERT 0 5": what the server says it did.
  std::string_view command_tag() const { return PQcmdStatus(result_.get()); }
  const PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

/// A parameter in binary format (text and json: their bytes).
struct PqParam {
  Oid type;
  std::string_view bytes;
};

/// The same parameters, as libpq takes them. Borrows their bytes.
struct PqParamArrays {
  explicit PqParamArrays(const std::vector<PqParam>& params);

  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

/// Cuts a connection from another thread: whoever waits for it gets a PqError soon, also when the server itself hangs.
/// Thread-safe; without effect once the connection has gone.
class PqCutter {
 public:
  void Cut();

 private:
  friend class PqConnection;
  std::mutex mutex_;
  PGconn* connection_ = nullptr;  // guarded by mutex_
};

/// One connection to PostgreSQL; not thread-safe. Every method throws PqError, whose text holds no values of rows.
class PqConnection {
 public:
  /// Connects. Time limits and the like are the connection string's to say, but for `patience`, which wins over its
  /// connect_timeout.
  explicit PqConnection(const std::string& connection_string, std::optional<std::chrono::seconds> patience = {});
  ~PqConnection();
  PqConnection(const PqConnection&) = delete;
  PqConnection& operator=(const PqConnection&) = delete;

  const std::shared_ptr<PqCutter>& cutter() const { return cutter_; }

  /// One or more statements without parameters; the result of the last, in text format.
  PqResult Execute(const char* sql);
  /// Runs PREPARE statements, for EXECUTE; without effect once that has been done, so that a connection has one set of
  /// them. Not within a transaction.
  void Prepare(const char* statements);
  /// One statement; the result is in binary format.
  PqResult Execute(const char* sql, const std::vector<PqParam>& params);
  /// BEGIN and one statement with parameters, in one round trip; the result of the statement, in binary format.
  PqResult BeginWith(const char* sql, const std::vector<PqParam>& params);
  /// COPY ... FROM STDIN (FORMAT binary): sends `data`, which is a complete binary copy stream.
  void CopyIn(const char* sql, std::string_view data);
  /// Runs statements without parameters of which the last ones are such COPYs, up to the first of these; the result of
  /// the one before it, in text format. Each COPY is then for CopyNext(); nothing else may be asked meanwhile.
  PqResult ExecuteToCopy(const char* sql);
  /// Sends `data` to the COPY that waits for it, and ends it; the next one, if there is one, waits then.
  void CopyNext(std::string_view data);
  /// Runs statements of which COMMIT is the last, and makes sure that the server did commit: COMMIT of a failed
  /// transaction is answered with ROLLBACK and no error.
  void Commit(const char* statements_and_commit);
  /// Ends a failed transaction. Does not throw; whether the connection is of use afterwards is for IsAlive() to say.
  void Rollback() noexcept;
  bool IsAlive() const { return PQstatus(connection_.get()) == CONNECTION_OK; }

 private:
  PqResult Checked(PGresult* result, ExecStatusType expected);
  [[noreturn]] void Throw(const PGresult* result);
  /// Throws once the statements that failed are over.
  [[noreturn]] void FinishAndThrow(const PGresult* failed);
  /// Gives the connection up, and says why.
  [[noreturn]] void Drop();

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
  const std::shared_ptr<PqCutter> cutter_ = std::make_shared<PqCutter>();
  bool is_prepared_ = false;
};

/// The cutter of whatever connection an adapter has at the moment. Thread-safe.
class PqInterrupt {
 public:
  void Follow(const PqConnection& connection) {
    const std::lock_guard lock(mutex_);
    cutter_ = connection.cutter();
  }
  void Cut() {
    const std::lock_guard lock(mutex_);
    if (cutter_) cutter_->Cut();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<PqCutter> cutter_;
};

}  // namespace volcanion::infrastructure
