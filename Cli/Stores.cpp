#include "Cli/Stores.h"

#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/Migrations.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace volcanion::cli {

using domain::Error;
using domain::ErrorKind;
using domain::Result;

Result<Stores> CompleteStores(const std::string& write_dsn, const std::string& read_dsn) {
  auto write = infrastructure::CompleteConnectionString(write_dsn);
  if (!write) return Error{ErrorKind::kInvalid, "VOLCANION_WRITE_DSN: " + write.error().message};
  auto read = infrastructure::CompleteConnectionString(read_dsn);
  if (!read) return Error{ErrorKind::kInvalid, "VOLCANION_READ_DSN: " + read.error().message};
  return Stores{*std::move(write), *std::move(read)};
}

std::filesystem::path StoresFile(const infrastructure::Settings& settings) { return settings.data_dir / "stores.env"; }

Result<Stores> ResolveStores(const infrastructure::Settings& settings) {
  if (!settings.write_dsn.empty()) return CompleteStores(settings.write_dsn, settings.read_dsn);
  const auto file = StoresFile(settings);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return Error{ErrorKind::kInvalid,
                 "There are no stores to use: set VOLCANION_WRITE_DSN and VOLCANION_READ_DSN, or start `volcanion up` "
                 "with the same VOLCANION_DATA_DIR (" +
                     settings.data_dir.string() + ") first."};
  }
  auto read = infrastructure::ReadEnvFile(file);
  if (!read) return std::move(read).error();
  return CompleteStores(read->values["VOLCANION_WRITE_DSN"], read->values["VOLCANION_READ_DSN"]);
}

Result<domain::Done> MigrateStores(const Stores& stores) {
  const auto migrate = [](const std::string& dsn, const char* store, auto migrations) -> Result<domain::Done> {
    auto report = infrastructure::Migrate(dsn, store, migrations,
                                          [](std::string_view step) { std::cerr << "migrate: " << step << "\n"; });
    if (!report) return Error{report.error().kind, std::string(store) + " store: " + report.error().message};
    std::cerr << "migrate: " << store << " store is up to date (" << report->applied.size() << " applied now, "
              << report->already << " before)\n";
    return domain::Done{};
  };
  auto done = migrate(stores.write, "write", infrastructure::WriteStoreMigrations());
  return done ? migrate(stores.read, "read", infrastructure::ReadStoreMigrations()) : done;
}

void WritePrivateFile(const std::filesystem::path& file, const std::string& text) {
  const auto next = file.string() + ".new";
  const int descriptor = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written) throw std::runtime_error(next + " cannot be written: " + std::generic_category().message(error));
  std::filesystem::rename(next, file);
}

}  // namespace volcanion::cli
