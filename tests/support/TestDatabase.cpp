#include "tests/support/TestDatabase.h"

#include "Infrastructure/Postgres/Migrations.h"
#include "Infrastructure/PostgresServer/PrivateCluster.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <system_error>

namespace volcanion::test {
namespace {

constexpr std::string_view kWriteTemplate = "write_template";
constexpr std::string_view kReadTemplate = "read_template";

constexpr std::string_view kDirectoryPrefix = "volcanion-test-";

/// In memory where there is room: databases come and go all the time, and each of them is hundreds of files to sync.
std::filesystem::path ParentDirectory() {
  constexpr std::uintmax_t kRoom = 2'000'000'000;
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto space = std::filesystem::space(memory, error);
  const bool fits = !error && space.available > kRoom && access(memory.c_str(), W_OK) == 0;
  return fits ? memory : std::filesystem::temp_directory_path();
}

/// Deletes what test processes have left that were killed: their clusters are not locked any more.
void SweepParentDirectory() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(ParentDirectory(), error)) {
    if (!entry.path().filename().string().starts_with(kDirectoryPrefix)) continue;
    const int lock = open((entry.path() / "postgres.lock").c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) continue;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) std::filesystem::remove_all(entry.path(), error);
    close(lock);
  }
}

std::filesystem::path NewDirectory() {
  SweepParentDirectory();
  std::random_device random;
  return ParentDirectory() /
         std::string(kDirectoryPrefix).append(std::to_string(getpid())).append("-").append(std::to_string(random()));
}

/// The server of this process with the two templates. Its databases are many and short-lived: it needs connections, and
/// not much memory.
class Server {
 public:
  static Server& Instance() {
    static Server server;
    return server;
  }

  Server() : directory_(NewDirectory()), cluster_(Settings(directory_)) {
    cluster_.Start();
    admin_dsn_ = cluster_.ConnectionString("postgres");
    MakeTemplate(kWriteTemplate, "write", infrastructure::WriteStoreMigrations());
    MakeTemplate(kReadTemplate, "read", infrastructure::ReadStoreMigrations());
  }
  ~Server() {
    try {
      cluster_.Remove();
      std::filesystem::remove_all(directory_);
    } catch (const std::exception&) {
      // What is left is in the folder for temporary files, and its server ends with this process.
    }
  }

  std::string Create(std::string_view source) {
    const auto name = "test_" + std::to_string(++count_);
    // FILE_COPY would make two checkpoints for each database.
    Sql(admin_dsn_, "CREATE DATABASE " + name + " TEMPLATE " + std::string(source) + " STRATEGY wal_log");
    return name;
  }
  void Drop(const std::string& name) { Sql(admin_dsn_, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); }
  std::string Dsn(std::string_view name) const { return cluster_.ConnectionString(name); }

 private:
  static infrastructure::PrivateClusterSettings Settings(const std::filesystem::path& directory) {
    infrastructure::PrivateClusterSettings settings;
    settings.directory = directory;
    settings.shared_buffers_mb = 64;
    return settings;
  }

  void MakeTemplate(std::string_view name, std::string_view store,
                    std::span<const infrastructure::Migration> migrations) {
    cluster_.CreateDatabaseIfMissing(name);
    const auto report = infrastructure::Migrate(cluster_.ConnectionString(name), store, migrations);
    if (!report) throw std::runtime_error(report.error().message);
  }

  const std::filesystem::path directory_;
  infrastructure::PrivateCluster cluster_;
  std::string admin_dsn_;
  std::atomic<int> count_ = 0;
};

}  // namespace

TestDatabase::TestDatabase(std::string_view source)
    : name_(Server::Instance().Create(source)), dsn_(Server::Instance().Dsn(name_)) {}

TestDatabase::~TestDatabase() {
  try {
    Server::Instance().Drop(name_);
  } catch (const std::exception&) {
    // It goes with the server.
  }
}

TestStores::TestStores() : write_(kWriteTemplate), read_(kReadTemplate) {}

std::vector<SqlRow> SqlRows(const std::string& dsn, const std::string& statements) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(dsn.c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), statements.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()) + statements);
  }
  std::vector<SqlRow> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    SqlRow& values = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      if (PQgetisnull(result.get(), row, column) != 0) {
        values.emplace_back(std::nullopt);
      } else {
        values.emplace_back(PQgetvalue(result.get(), row, column));
      }
    }
  }
  return rows;
}

void HaveAllInParallel(const std::string& dsn) {
  (void)SqlRows(
      dsn, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET force_parallel_mode = on', current_database()); END $$");
}

std::string Sql(const std::string& dsn, const std::string& statements) {
  const auto rows = SqlRows(dsn, statements);
  return rows.empty() || rows[0].empty() ? std::string() : rows[0][0].value_or("");
}

}  // namespace volcanion::test
