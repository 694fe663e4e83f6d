#include "Infrastructure/Postgres/SociPool.h"

#include "Application/Pause.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

namespace volcanion::infrastructure {
namespace {

constexpr std::chrono::milliseconds kWatchInterval{100};

std::string BeginStatement(const Transaction& transaction) {
  std::string sql = transaction.snapshot ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN";
  if (transaction.statement_timeout) {
    sql += "; SET LOCAL statement_timeout = " + std::to_string(transaction.statement_timeout->count());
  }
  if (!transaction.settings.empty()) sql.append("; ").append(transaction.settings);
  if (const auto& scope = transaction.rows.statement(); !scope.empty()) sql.append("; ").append(scope);
  return sql;
}

struct Classified {
  domain::ErrorKind kind;
  std::string_view message;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html
Classified Classify(std::string_view sqlstate) {
  using enum domain::ErrorKind;
  if (sqlstate == "23505") return {kConflict, "This exists already."};
  if (sqlstate == "23503") return {kNotFound, "What this belongs to does not exist."};
  if (sqlstate == "22021") return {kInvalid, "A text is not valid UTF-8."};
  if (sqlstate == "53400") return {kTooLarge, "This takes more room than it is given; ask for less at once."};
  if (sqlstate == "57014") return {kUnavailable, "The database took too long; try again later."};
  const auto in_class = [&](std::string_view prefix) { return sqlstate.starts_with(prefix); };
  const bool away = in_class("08") ||       // connection exceptions
                    in_class("57P") ||      // shutdown, start-up, crash
                    in_class("53") ||       // no connections, memory or disk left
                    in_class("40") ||       // deadlock or serialization failure
                    sqlstate == "55P03" ||  // lock_timeout
                    sqlstate == "25P03" ||  // idle_in_transaction_session_timeout
                    sqlstate == "25006";    // the server has become a standby
  if (away) return {kUnavailable, "The database is not available; try again later."};
  return {kInternal, "The database could not do this."};
}

/// PostgreSQL's reason in one line. Of a statement only its first line, as those that follow may show values; of a
/// connection all, as there is one for each host.
std::string Reason(const soci::soci_error& error) {
  static constexpr std::string_view kNoConnection = "Cannot establish connection to the database.\n";
  std::string message = error.get_error_message();
  if (!message.starts_with(kNoConnection)) return message.substr(0, message.find('\n'));
  message.erase(0, kNoConnection.size());
  while (message.ends_with('\n')) message.pop_back();
  std::replace(message.begin(), message.end(), '\n', ';');
  return message;
}

}  // namespace

PGconn* PqConnectionOf(soci::session& session) {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

/// A session and what SOCI does not offer of it. COMMIT is sent by libpq: SOCI does not see when the server answers it
/// with ROLLBACK.
class SociPool::Connection {
 public:
  explicit Connection(const std::string& connection_string)
      : session_(soci::postgresql, connection_string), socket_(::fcntl(PQsocket(raw()), F_DUPFD_CLOEXEC, 0)) {
    if (socket_ < 0) throw soci::postgresql_soci_error("no descriptor is left for a connection", "53000");
    PQsetErrorVerbosity(raw(), PQERRORS_TERSE);  // the details show values
    PQsetNoticeProcessor(
        raw(), [](void*, const char*) {}, nullptr);
  }

  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  soci::session& session() { return session_; }
  /// To cut it from another thread: a descriptor of our own, as libpq closes its own when the connection breaks, and
  /// the number is another's then.
  int socket() const { return socket_; }
  /// Good for as long as anybody has it, also when the connection has gone.
  std::shared_ptr<PGcancel> Canceller() { return {PQgetCancel(raw()), &PQfreeCancel}; }
  bool IsAlive() { return PQstatus(raw()) == CONNECTION_OK; }
  void Execute(const std::string& sql) { session_.once << sql; }

  void Commit() {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(raw(), "COMMIT"), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
      const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      throw soci::postgresql_soci_error(PQerrorMessage(raw()), sqlstate != nullptr ? sqlstate
                                                               : IsAlive()         ? "XX000"
                                                                                   : "08006");
    }
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
      throw soci::postgresql_soci_error("the transaction was rolled back instead of committed", "25P02");
    }
  }

  /// Does not throw; the connection may be broken.
  void TryRollback() {
    const auto status = PQtransactionStatus(raw());
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) PQclear(PQexec(raw(), "ROLLBACK"));
  }

 private:
  PGconn* raw() { return PqConnectionOf(session_); }

  soci::session session_;
  const int socket_;
};

/// A place in the pool, and the connection in it. Without Return() the connection is closed.
class SociPool::Lease {
 public:
  Lease(SociPool& pool, std::stop_token stop) : pool_(&pool), stop_(std::move(stop)) {}
  Lease(Lease&& other) noexcept
      : connection(std::move(other.connection)),
        pool_(std::exchange(other.pool_, nullptr)),
        stop_(std::move(other.stop_)),
        in_use_(std::exchange(other.in_use_, std::nullopt)) {}
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    Close();  // before its place is given away
    if (pool_ != nullptr) Leave();
  }

  bool IsGranted() const { return pool_ != nullptr; }
  void Refuse() { pool_ = nullptr; }
  /// From now on the connection is watched.
  void Open(std::unique_ptr<Connection> opened) {
    connection = std::move(opened);
    auto cancel = stop_.stop_possible() ? connection->Canceller() : nullptr;
    std::lock_guard lock(pool_->mutex_);
    pool_->in_use_.push_front({connection->socket(),
                               std::chrono::steady_clock::now() + pool_->settings_.transaction_timeout,
                               std::move(cancel), stop_});
    in_use_ = pool_->in_use_.begin();
  }
  void Close() {
    Unwatch();
    connection.reset();
  }
  void Return() {
    if (Unwatch()) {
      std::lock_guard lock(pool_->mutex_);
      pool_->idle_.push_back(std::move(connection));
    }
    connection.reset();
    Leave();
    pool_ = nullptr;
  }

  std::unique_ptr<Connection> connection;

 private:
  void Leave() {
    {
      std::lock_guard lock(pool_->mutex_);
      --pool_->leased_;
    }
    pool_->freed_.notify_one();
  }

  // Before the connection is closed: its descriptor may be another's soon. False when the connection is of no use any
  // more: a request to cancel what was asked over it may still be on its way.
  bool Unwatch() {
    if (!in_use_) return true;
    std::lock_guard lock(pool_->mutex_);
    const auto place = *std::exchange(in_use_, std::nullopt);
    const bool is_clean = !place->is_cancelled;
    pool_->in_use_.erase(place);
    return is_clean;
  }

  SociPool* pool_;
  std::stop_token stop_;
  std::optional<std::list<InUse>::iterator> in_use_;
};

SociPool::SociPool(SociPoolSettings settings, application::Log& log)
    : settings_(std::move(settings)), log_(log), watcher_([this](std::stop_token stop) { Watch(stop); }) {}

SociPool::~SociPool() = default;

void SociPool::Interrupt() {
  std::lock_guard lock(mutex_);
  for (const auto& leased : in_use_) ::shutdown(leased.socket, SHUT_RDWR);
}

void SociPool::Watch(std::stop_token stop) {
  while (application::Pause(stop, kWatchInterval)) {
    CancelStopped();
    std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    for (const auto& leased : in_use_) {
      if (leased.until <= now) ::shutdown(leased.socket, SHUT_RDWR);
    }
  }
}

// Again and again while the transaction lasts: a request that comes between two statements has no effect. Not under the
// lock, as each takes a connection of its own.
void SociPool::CancelStopped() {
  std::vector<std::shared_ptr<PGcancel>> stopped;
  {
    std::lock_guard lock(mutex_);
    for (auto& leased : in_use_) {
      if (leased.cancel == nullptr || !leased.stop.stop_requested()) continue;
      leased.is_cancelled = true;
      stopped.push_back(leased.cancel);
    }
  }
  for (const auto& cancel : stopped) {
    char reason[256];
    (void)PQcancel(cancel.get(), reason, sizeof reason);
  }
}

SociPool::Lease SociPool::Begin(const Transaction& transaction) {
  Lease lease(*this, transaction.stop);
  std::unique_ptr<Connection> idle;
  {
    std::unique_lock lock(mutex_);
    const auto has_place = [&] { return leased_ < settings_.max_connections; };
    if (!freed_.wait_for(lock, settings_.lease_timeout, has_place)) {
      lease.Refuse();
      return lease;
    }
    ++leased_;
    if (!idle_.empty()) {
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  const auto begin = BeginStatement(transaction);
  if (idle != nullptr) {
    try {
      lease.Open(std::move(idle));
      lease.connection->Execute(begin);
      return lease;
    } catch (const soci::soci_error&) {
      lease.Close();  // broken while it was idle
    }
  }
  lease.Open(std::make_unique<Connection>(settings_.connection_string));
  lease.connection->Execute(begin);
  return lease;
}

domain::Result<domain::Done> SociPool::RunErased(const Transaction& transaction,
                                                 const std::function<bool(soci::session&)>& work) {
  std::optional<Lease> lease;
  const auto unreachable = [&] { return !lease || !lease->connection->IsAlive(); };
  const domain::Error cancelled{domain::ErrorKind::kUnavailable, "This was given up, as nobody waits for it any more."};
  if (transaction.stop.stop_requested()) return cancelled;
  try {
    lease.emplace(Begin(transaction));
    if (!lease->IsGranted()) {
      log_.Warning("all database connections are busy", {{"operation", transaction.name}});
      return domain::Error{domain::ErrorKind::kUnavailable, "All connections are busy; try again later."};
    }
    NoteReachable();
    if (work(lease->connection->session())) {
      lease->connection->Commit();
    } else {
      lease->connection->Execute("ROLLBACK");
    }
    lease->Return();
    return domain::Done{};
  } catch (const soci::postgresql_soci_error& error) {
    const auto sqlstate = error.sqlstate();
    if (transaction.stop.stop_requested()) return cancelled;
    auto [kind, message] = Classify(unreachable() ? "08006" : std::string_view(sqlstate));
    if (kind == domain::ErrorKind::kUnavailable || kind == domain::ErrorKind::kInternal) {
      LogFailure(transaction, unreachable(), sqlstate, Reason(error));
    }
    if (lease) lease->connection->TryRollback();
    return domain::Error{kind, std::string(message)};
  } catch (const soci::soci_error& error) {
    auto [kind, message] = Classify(unreachable() ? "08006" : "XX000");
    LogFailure(transaction, unreachable(), "", Reason(error));
    if (lease) lease->connection->TryRollback();
    return domain::Error{kind, std::string(message)};
  } catch (const std::exception& error) {
    LogFailure(transaction, false, "", error.what());
    if (lease) lease->connection->TryRollback();
    return domain::Error{domain::ErrorKind::kInternal, std::string(Classify("XX000").message)};
  }
}

void SociPool::NoteReachable() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(unreachable_, false)) return;
  }
  log_.Info("the database answers again");
}

void SociPool::LogFailure(const Transaction& transaction, bool unreachable, std::string_view sqlstate,
                          std::string_view reason) {
  if (unreachable) {
    std::lock_guard lock(mutex_);
    if (std::exchange(unreachable_, true)) return;
  }
  const auto level = unreachable || Classify(sqlstate).kind == domain::ErrorKind::kUnavailable
                         ? application::Log::Level::kWarning
                         : application::Log::Level::kError;
  log_.Write(level, unreachable ? "the database cannot be reached" : "a database transaction failed",
             {{"operation", transaction.name}, {"sqlstate", sqlstate}, {"reason", reason}});
}

}  // namespace volcanion::infrastructure
