#pragma once

#include "Domain/Result.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::infrastructure {

/// One file of db/write or db/read: "0002_add_users.sql" has number 2 and name "add_users". It runs in a transaction,
/// which it must not end.
struct Migration {
  int number;  ///< counted from 1, without a gap
  std::string_view name;
  std::string_view sql;
};

/// All files of the folder as they were when the program was built, in order. They live as long as the program.
std::span<const Migration> WriteStoreMigrations();
std::span<const Migration> ReadStoreMigrations();

struct MigrationReport {
  std::vector<std::string> applied;  ///< now, as "0002_add_users"
  std::size_t already = 0;           ///< before
};

/// Gets a sentence before each step that may take time.
using MigrationProgress = std::function<void(std::string_view)>;

/// Brings a store up to date: applies, in order, the migrations that `<store>.schema_migrations` does not list. Each
/// runs in a transaction of its own together with its record, so that a migration that fails leaves nothing. Runners
/// that start at the same time, in whatever process, take turns.
///
/// `store` is the schema of the store, "write" or "read". `connection_string` must lead to PostgreSQL itself: the turn
/// is an advisory lock of the session, which a pooler that shares sessions breaks. Its time-outs do not count here.
///
/// kUnavailable when the server cannot be reached; kConflict when history and program contradict each other, that is
/// when an applied migration was changed or is missing, when one is out of order, and when the database is newer than
/// the program, or when roles are missing that only a superuser can make (RequestRole.h); kInternal when a migration
/// fails. The messages tell the operator what to do and hold PostgreSQL's own; they are not for clients.
domain::Result<MigrationReport> Migrate(const std::string& connection_string, std::string_view store,
                                        std::span<const Migration> migrations, const MigrationProgress& progress = {});

/// Changes nothing, and opens a connection for itself. An error as above when the store could not be brought up to
/// date, and kUnavailable when there are migrations to apply.
domain::Result<domain::Done> CheckMigrated(const std::string& connection_string, std::string_view store,
                                           std::span<const Migration> migrations);

}  // namespace volcanion::infrastructure
