#include "Infrastructure/Postgres/Migrations.h"

#include "Infrastructure/Postgres/PqConnection.h"
#include "Infrastructure/Postgres/RequestRole.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>

namespace volcanion::infrastructure {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr Oid kTextType = 25;

struct Applied {
  std::string name;
  std::string checksum;
  std::string applied_at;
};
using History = std::map<int, Applied>;

/// "0002_add_users"
std::string Title(int number, std::string_view name) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%04d_", number);
  return std::string(digits).append(name);
}
std::string Title(const Migration& migration) { return Title(migration.number, migration.name); }

std::string File(std::string_view store, int number, std::string_view name) {
  return "db/" + std::string(store) + "/" + Title(number, name) + ".sql";
}

std::string Checksum(std::string_view sql) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(sql.data()), sql.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex;
  return sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
}

/// PostgreSQL's message without the line break at its end.
std::string Reason(const PqError& error) {
  std::string reason = error.what();
  while (reason.ends_with('\n')) reason.pop_back();
  return reason;
}

Error Unreachable(std::string_view store, const PqError& error) {
  return {ErrorKind::kUnavailable, "The " + std::string(store) + " store cannot be reached: " + Reason(error)};
}

Error Contradiction(std::string message) { return {ErrorKind::kConflict, std::move(message)}; }

// Names a schema, where a statement takes no parameter. Stores are named by us; anything else is a defect.
std::string InStore(std::string_view store, std::string_view sql) {
  static constexpr std::string_view kPlace = "{store}";
  std::string text(sql);
  for (std::size_t at = 0; (at = text.find(kPlace, at)) != std::string::npos; at += store.size()) {
    text.replace(at, kPlace.size(), store);
  }
  return text;
}

constexpr std::string_view kHistoryExists = R"(
  SELECT to_regclass('{store}.schema_migrations') IS NOT NULL)";

constexpr std::string_view kHistory = R"(
  SELECT number::text, name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    FROM {store}.schema_migrations)";

History ReadHistory(PqConnection& connection, std::string_view store) {
  History history;
  const auto exists = connection.Execute(InStore(store, kHistoryExists).c_str());
  if (exists.bytes(0, 0) != "t") return history;
  const auto rows = connection.Execute(InStore(store, kHistory).c_str());
  for (int row = 0; row < rows.rows(); ++row) {
    const auto digits = rows.bytes(row, 0);
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    history[number] = {std::string(rows.bytes(row, 1)), std::string(rows.bytes(row, 2)),
                       std::string(rows.bytes(row, 3))};
  }
  return history;
}

/// Whether what was applied is the beginning of what this program knows.
Result<Done> CheckHistory(std::string_view store, const History& history, std::span<const Migration> migrations) {
  const std::string the_store = "the " + std::string(store) + " store";
  const int newest = migrations.empty() ? 0 : migrations.back().number;
  for (const auto& [number, applied] : history) {
    if (number > newest) {
      return Contradiction("A newer Volcanion has migrated " + the_store + ": it has migration " +
                           Title(number, applied.name) + ", and this program knows none after " +
                           std::to_string(newest) + ". Run the newer program; migrations are never undone.");
    }
    const auto known = std::find_if(migrations.begin(), migrations.end(),
                                    [number = number](const Migration& m) { return m.number == number; });
    if (known == migrations.end()) {
      return Contradiction("Migration " + Title(number, applied.name) + " was applied to " + the_store + " on " +
                           applied.applied_at + ", and this program was built without it. Put " +
                           File(store, number, applied.name) + " back and build again.");
    }
    if (known->name != applied.name || Checksum(known->sql) != applied.checksum) {
      return Contradiction(File(store, number, known->name) + " was changed after it was applied to " + the_store +
                           " (as " + Title(number, applied.name) + " on " + applied.applied_at +
                           "). Restore the file, put the change into a new migration with the next number, and build "
                           "again.");
    }
  }
  for (const auto& migration : migrations) {
    if (!history.empty() && migration.number < history.rbegin()->first && !history.contains(migration.number)) {
      return Contradiction("Migration " + Title(migration) + " was not applied to " + the_store + ", but " +
                           Title(history.rbegin()->first, history.rbegin()->second.name) +
                           " was. Give it a number after that one and build again.");
    }
  }
  return Done{};
}

// The time-outs of requests would end a migration that takes long, or the wait for another runner.
constexpr const char* kWithoutTimeouts = R"(
  SET statement_timeout = 0;
  SET lock_timeout = 0;
  SET idle_in_transaction_session_timeout = 0)";

constexpr std::string_view kTryToTakeTurn = R"(
  SELECT pg_try_advisory_lock(hashtextextended('volcanion migrations of {store}', 0)))";
constexpr std::string_view kTakeTurn = R"(
  SELECT pg_advisory_lock(hashtextextended('volcanion migrations of {store}', 0)))";

/// Until the end of the session.
void TakeTurn(PqConnection& connection, std::string_view store, const MigrationProgress& progress) {
  if (connection.Execute(InStore(store, kTryToTakeTurn).c_str()).bytes(0, 0) == "t") return;
  if (progress) progress("Another process is migrating the " + std::string(store) + " store; waiting for it");
  (void)connection.Execute(InStore(store, kTakeTurn).c_str());
}

// In the transaction of the migration: nothing is left of the first one either when it fails.
constexpr std::string_view kCreateHistory = R"(
  CREATE SCHEMA IF NOT EXISTS {store};
  CREATE TABLE IF NOT EXISTS {store}.schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL, -- SHA-256 of the file, in hex
    applied_at timestamptz NOT NULL DEFAULT now()
  ))";

constexpr std::string_view kRecord = R"(
  INSERT INTO {store}.schema_migrations (number, name, checksum) VALUES ($1::integer, $2, $3))";

void Apply(PqConnection& connection, std::string_view store, const Migration& migration, bool is_first) {
  (void)connection.Execute("BEGIN");
  if (is_first) (void)connection.Execute(InStore(store, kCreateHistory).c_str());
  (void)connection.Execute(std::string(migration.sql).c_str());
  const auto number = std::to_string(migration.number);
  const auto checksum = Checksum(migration.sql);
  (void)connection.Execute(
      InStore(store, kRecord).c_str(),
      {PqParam{kTextType, number}, PqParam{kTextType, migration.name}, PqParam{kTextType, checksum}});
  connection.Commit("COMMIT");
}

// A dump that was restored for another owner has lost them.
constexpr std::string_view kRequestsLackRights = R"(
  SELECT to_regprocedure('{store}.grant_rights_of_requests()') IS NOT NULL
     AND NOT has_schema_privilege(current_user || '_request', '{store}', 'USAGE'))";

bool RequestsLackRights(PqConnection& connection, std::string_view store) {
  return connection.Execute(InStore(store, kRequestsLackRights).c_str()).bytes(0, 0) == "t";
}

constexpr std::string_view kGrantRights = "SELECT {store}.grant_rights_of_requests()";

// To an owner that is bound, and has no policy of its own, rows are not there that are.
constexpr std::string_view kOwnerIsBound = R"(
  SELECT NOT owner.rolsuper AND NOT owner.rolbypassrls
     AND EXISTS (SELECT FROM pg_class
                  WHERE relnamespace = to_regnamespace('{store}') AND relforcerowsecurity AND NOT relispartition
                    AND NOT EXISTS (SELECT FROM pg_policy
                                     WHERE polrelid = pg_class.oid AND polname = 'of_owner'
                                       AND polroles = ARRAY[owner.oid]))
    FROM pg_roles AS owner
   WHERE owner.rolname = current_user)";

bool IsOwnerBound(PqConnection& connection, std::string_view store) {
  return connection.Execute(InStore(store, kOwnerIsBound).c_str()).bytes(0, 0) == "t";
}

// A policy of its own lets the owner see all rows. COPY is refused to whom row level security binds, whatever the
// policies: what the program copies into is not forced upon such an owner. Requests have a role of their own, and stay
// bound. No migration: it depends on who owns the store, which may be another one after it was restored.
constexpr std::string_view kAdaptToOwner = R"(
  DO $$
  DECLARE
    held regclass;
  BEGIN
    FOR held IN
      SELECT oid FROM pg_class WHERE relnamespace = '{store}'::regnamespace AND relrowsecurity AND NOT relispartition
    LOOP
      EXECUTE format('DROP POLICY IF EXISTS of_owner ON %s', held);
      EXECUTE format('CREATE POLICY of_owner ON %s TO CURRENT_USER USING (true)', held);
    END LOOP;
    FOR held IN
      SELECT oid FROM pg_class
       WHERE relnamespace = '{store}'::regnamespace AND relrowsecurity
         AND relname IN ('tracking_events', 'event_keys', 'tracking_events_read_model')
    LOOP
      EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', held);
    END LOOP;
  END $$)";

}  // namespace

Result<MigrationReport> Migrate(const std::string& connection_string, std::string_view store,
                                std::span<const Migration> migrations, const MigrationProgress& progress) {
  try {
    PqConnection connection(connection_string);
    (void)connection.Execute(kWithoutTimeouts);
    TakeTurn(connection, store, progress);
    const auto history = ReadHistory(connection, store);
    if (auto checked = CheckHistory(store, history, migrations); !checked) return std::move(checked).error();
    if (auto prepared = PrepareRequestRole(connection); !prepared) return std::move(prepared).error();
    const auto adapt_to_owner = [&] {
      if (IsOwnerBound(connection, store)) (void)connection.Execute(InStore(store, kAdaptToOwner).c_str());
    };
    adapt_to_owner();  // a migration must find all rows
    MigrationReport report;
    report.already = history.size();
    for (const auto& migration : migrations) {
      if (history.contains(migration.number)) continue;
      if (progress) progress("Applying migration " + Title(migration) + " to the " + std::string(store) + " store");
      try {
        Apply(connection, store, migration, history.empty() && report.applied.empty());
      } catch (const PqError& error) {
        if (error.connection_lost()) throw;
        return Error{ErrorKind::kInternal, "Migration " + Title(migration) + " of the " + std::string(store) +
                                               " store failed and left nothing behind: " + Reason(error)};
      }
      report.applied.push_back(Title(migration));
    }
    if (RequestsLackRights(connection, store)) (void)connection.Execute(InStore(store, kGrantRights).c_str());
    adapt_to_owner();
    return report;
  } catch (const PqError& error) {
    return Unreachable(store, error);
  }
}

Result<Done> CheckMigrated(const std::string& connection_string, std::string_view store,
                           std::span<const Migration> migrations) {
  try {
    PqConnection connection(connection_string);
    const auto history = ReadHistory(connection, store);
    if (auto checked = CheckHistory(store, history, migrations); !checked) return checked;
    if (history.size() < migrations.size()) {
      return Error{ErrorKind::kUnavailable,
                   "The " + std::string(store) + " store lacks " + std::to_string(migrations.size() - history.size()) +
                       " of " + std::to_string(migrations.size()) + " migrations. Run `volcanion migrate`."};
    }
    if (auto checked = CheckRequestRole(connection); !checked) return checked;
    if (RequestsLackRights(connection, store)) {
      return Error{ErrorKind::kUnavailable,
                   "Requests have no rights in the " + std::string(store) + " store. Run `volcanion migrate`."};
    }
    if (IsOwnerBound(connection, store)) {
      return Error{ErrorKind::kUnavailable, "Row level security hides the " + std::string(store) +
                                                " store from the role that owns it. Run `volcanion migrate`."};
    }
    return Done{};
  } catch (const PqError& error) {
    return Unreachable(store, error);
  }
}

}  // namespace volcanion::infrastructure
