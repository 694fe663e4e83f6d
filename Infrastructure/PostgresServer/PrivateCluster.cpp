#include "Infrastructure/PostgresServer/PrivateCluster.h"

#include "Infrastructure/Postgres/PqBinary.h"
#include "Infrastructure/Postgres/PqConnection.h"
#include "Infrastructure/PostgresServer/ClusterCreation.h"
#include "Infrastructure/PostgresServer/DirectoryLock.h"
#include "Infrastructure/PostgresServer/Installation.h"
#include "Infrastructure/PostgresServer/Leftovers.h"
#include "Infrastructure/PostgresServer/Quoting.h"
#include "Infrastructure/PostgresServer/ServerConfiguration.h"
#include "Infrastructure/PostgresServer/ServerLog.h"
#include "Infrastructure/PostgresServer/ServerProcess.h"
#include "Infrastructure/PostgresServer/SocketDirectory.h"

#include <stdexcept>
#include <system_error>
#include <utility>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

/// What libpq says ends with a line break.
std::string ReasonOf(const PqError& error) {
  std::string reason = error.what();
  return reason.erase(reason.find_last_not_of("\n ") + 1);
}

PqConnection ConnectTo(const PrivateCluster& cluster, const fs::path& directory) {
  try {
    return PqConnection(cluster.ConnectionString("postgres") + " connect_timeout=10");
  } catch (const PqError& error) {
    throw std::runtime_error("Cannot connect to PostgreSQL in " + directory.string() + ": " + ReasonOf(error));
  }
}

constexpr const char* kFindDatabase = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";

}  // namespace

PrivateCluster::PrivateCluster(PrivateClusterSettings settings) : settings_(std::move(settings)) {
  if (settings_.directory.empty()) throw std::runtime_error("The private PostgreSQL needs a data directory");
  settings_.directory = fs::absolute(settings_.directory).lexically_normal();
  if (settings_.directory.string().find('\n') != std::string::npos) {
    throw std::runtime_error("The data directory's name must not contain a line break");
  }
}

PrivateCluster::~PrivateCluster() { Stop(); }

void PrivateCluster::Start(std::stop_token stop) {
  if (Alive()) throw std::runtime_error("PostgreSQL in " + settings_.directory.string() + " is running already");
  Stop();
  try {
    lock_ = TakeDirectory();
    if (fs::is_symlink(settings_.directory / "postgres")) home_lock_ = std::make_unique<DirectoryLock>(home_.path);
    EndLeftovers(home_, settings_, stop);
    log_ = std::make_unique<ServerLog>(home_);
    const Installation installation = FindInstallation(settings_.installations, home_.data);
    if (!fs::exists(home_.data)) {
      settings_.progress("creating a PostgreSQL " + std::to_string(installation.version) + " cluster in " +
                         home_.path.string());
      CreateCluster(installation.programs, home_, settings_, *log_, stop);
    }
    socket_directory_ = MakeSocketDirectory(home_);
    WriteConfiguration(home_, socket_directory_, settings_);
    settings_.progress("starting PostgreSQL");
    server_ = std::make_unique<ServerProcess>(installation.programs, home_, settings_, *log_);
    server_->AwaitReady(stop);
    ConnectTo(*this, settings_.directory);
    server_->Watch();
  } catch (const fs::filesystem_error& error) {
    Stop();
    throw std::runtime_error("Cannot prepare PostgreSQL in " + settings_.directory.string() + ": " + error.what());
  } catch (...) {
    Stop();
    throw;
  }
}

void PrivateCluster::Stop() {
  if (server_) server_->Stop();
  server_.reset();
  // Without the lock it may be another process's by now.
  if (lock_) DeleteOutsideSocketDirectory(home_);
  log_.reset();
  home_lock_.reset();
  lock_.reset();
}

void PrivateCluster::Remove() {
  Stop();
  std::error_code error;
  if (!fs::exists(settings_.directory, error)) return;
  const std::unique_ptr<DirectoryLock> lock = TakeDirectory();
  EndLeftovers(home_, settings_, {});
  DeleteOutsideSocketDirectory(home_);
  DeleteClusterHome(settings_, home_);
  lock->DeleteFile();
  if (made_directory_) fs::remove(settings_.directory, error);  // when it is empty now
}

bool PrivateCluster::Alive() const { return server_ && server_->Alive(); }

std::string PrivateCluster::ConnectionString(std::string_view database) const {
  return "host=" + SingleQuoted(socket_directory_.string()) + " port=" + std::string(kServerPort) +
         " user=" + std::string(kClusterOwner) + " dbname=" + SingleQuoted(database);
}

void PrivateCluster::CreateDatabaseIfMissing(std::string_view name) {
  PqConnection connection = ConnectTo(*this, settings_.directory);
  try {
    if (connection.Execute(kFindDatabase, {{kTextOid, name}}).rows() > 0) return;
    connection.Execute(("CREATE DATABASE " + DoubleQuoted(name)).c_str());
  } catch (const PqError& error) {
    if (error.sqlstate() == "42P04" || error.sqlstate() == "23505") return;  // somebody has made it in the meantime
    throw std::runtime_error("Cannot create database " + std::string(name) + ": " + ReasonOf(error));
  }
}

/// Takes the directory for this process, and finds out about the cluster that it has or will have.
std::unique_ptr<DirectoryLock> PrivateCluster::TakeDirectory() {
  std::error_code error;
  if (fs::create_directories(settings_.directory, error)) made_directory_ = true;
  if (error) {
    throw std::runtime_error("Cannot make the data directory " + settings_.directory.string() + ": " + error.message());
  }
  settings_.directory = fs::canonical(settings_.directory);
  auto lock = std::make_unique<DirectoryLock>(settings_.directory);
  home_ = OpenClusterHome(settings_);
  return lock;
}

}  // namespace volcanion::infrastructure
