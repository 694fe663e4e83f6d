#pragma once

#include "Domain/Result.h"
#include "Infrastructure/Config/Settings.h"

#include <filesystem>
#include <string>

namespace volcanion::cli {

/// Complete connection strings of the two stores.
struct Stores {
  std::string write;
  std::string read;
};

/// Adds our time limits to what the operator (or the private PostgreSQL) gave. kInvalid when libpq cannot read it.
domain::Result<Stores> CompleteStores(const std::string& write_dsn, const std::string& read_dsn);

/// The stores of the configuration; without any, those that a running `volcanion up` has left in the data directory.
/// kInvalid with what to do when there are neither.
domain::Result<Stores> ResolveStores(const infrastructure::Settings& settings);

/// Where `up` leaves the connection strings of its private PostgreSQL for the other commands.
std::filesystem::path StoresFile(const infrastructure::Settings& settings);

/// Brings both stores up to date, telling of each step on stderr.
domain::Result<domain::Done> MigrateStores(const Stores& stores);

/// Replaces a file in one step, readable by its owner only. Throws std::runtime_error.
void WritePrivateFile(const std::filesystem::path& file, const std::string& text);

}  // namespace volcanion::cli
