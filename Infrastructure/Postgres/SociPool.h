#pragma once

#include "Application/Ports/Log.h"
#include "Domain/Result.h"
#include "Infrastructure/Postgres/RowScope.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace soci {
class session;
}
typedef struct pg_conn PGconn;
typedef struct pg_cancel PGcancel;

namespace volcanion::infrastructure {

struct SociPoolSettings {
  std::string connection_string;  ///< completed by CompleteConnectionString()
  std::size_t max_connections = 8;
  std::chrono::milliseconds lease_timeout{2'000};  ///< how long to wait for a connection while all are busy
  /// How long a transaction may take, statements that PostgreSQL limits included: a server that hangs limits nothing.
  /// Then its connection is cut.
  std::chrono::milliseconds transaction_timeout{10'000};
};

/// The connection beneath a session of a pool, for what SOCI does not do.
PGconn* PqConnectionOf(soci::session& session);

struct Transaction {
  std::string_view name;  ///< for the log: "add partner"
  RowScope rows;          ///< to be said each time: nothing is unbound because somebody forgot
  /// One picture of the database for all statements, and no writes (REPEATABLE READ, READ ONLY); else READ COMMITTED.
  bool snapshot = false;
  std::optional<std::chrono::milliseconds> statement_timeout = {};  ///< instead of the connection's
  std::string_view settings = {};  ///< statements that follow BEGIN, as the role that owns the tables; no values
  /// Once it stops, the statement under way is cancelled at the server, and the transaction fails.
  std::stop_token stop = {};
};

/// Connections to one database, opened when they are needed and kept. Thread-safe.
///
/// A connection on which anything was thrown is closed; the next transaction opens a new one. One that broke while it
/// was idle is replaced before the work starts.
class SociPool {
 public:
  SociPool(SociPoolSettings settings, application::Log& log);
  /// No transaction may be under way.
  ~SociPool();

  /// Cuts the connections of all transactions that are under way: they fail soon, whatever they wait for.
  void Interrupt();

  /// Gives `work`, a callable that takes soci::session& and returns a Result, a transaction of its own. It is committed
  /// when the result is a value and rolled back when it is an error or something is thrown. All that SOCI throws
  /// becomes an error, none of which tells anything internal:
  ///
  /// | what happened                                                        | kind         |
  /// |----------------------------------------------------------------------|--------------|
  /// | a unique key is taken (23505)                                        | kConflict    |
  /// | the row that a foreign key points to is not there (23503)            | kNotFound    |
  /// | a text is not UTF-8 (22021)                                          | kInvalid     |
  /// | no connection, time-out, shutdown, lack of resources, deadlock, no   | kUnavailable |
  /// | connection free within `lease_timeout`, server is read-only          |              |
  /// | more room for sorting on disk than the server gives (53400)          | kTooLarge    |
  /// | anything else                                                        | kInternal    |
  ///
  /// Once `stop` has stopped, a failure is kUnavailable, whatever it was. Else kUnavailable and kInternal are logged
  /// with PostgreSQL's reason. When the connection is lost at COMMIT, it is not known whether the transaction was
  /// committed; that is kUnavailable, too.
  template <typename Work>
  std::invoke_result_t<Work&, soci::session&> Run(const Transaction& transaction, Work work) {
    std::optional<std::invoke_result_t<Work&, soci::session&>> result;
    auto done = RunErased(transaction, [&](soci::session& session) { return result.emplace(work(session)).ok(); });
    if (!done) return std::move(done).error();
    return *std::move(result);
  }

 private:
  class Connection;
  class Lease;
  struct InUse {
    int socket;
    std::chrono::steady_clock::time_point until;
    std::shared_ptr<PGcancel> cancel;
    std::stop_token stop;
    bool is_cancelled = false;  // what is asked next over it might be cancelled instead
  };

  /// `work` says whether to commit.
  domain::Result<domain::Done> RunErased(const Transaction& transaction,
                                         const std::function<bool(soci::session&)>& work);
  /// An open connection in a transaction; nothing when all are busy. Throws what SOCI throws.
  Lease Begin(const Transaction& transaction);
  /// Cuts what takes too long, cancels what nobody waits for. Runs until told to stop.
  void Watch(std::stop_token stop);
  void CancelStopped();
  void NoteReachable();
  void LogFailure(const Transaction& transaction, bool unreachable, std::string_view sqlstate, std::string_view reason);

  const SociPoolSettings settings_;
  application::Log& log_;

  std::mutex mutex_;  // guards all below
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t leased_ = 0;
  std::list<InUse> in_use_;   // connections that are leased and open
  bool unreachable_ = false;  // and the log says so: once, not for every request

  std::jthread watcher_;  // last: stops before the rest goes
};

}  // namespace volcanion::infrastructure
