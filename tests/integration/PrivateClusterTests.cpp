#include "Infrastructure/PostgresServer/PrivateCluster.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using volcanion::infrastructure::PrivateCluster;
using volcanion::infrastructure::PrivateClusterSettings;

/// A directory that goes with the test. Others may enter it, as the server's user has to when the test runs as root.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(mode_t mode = 0755) {
    std::string name = fs::temp_directory_path() / "volcanion-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    REQUIRE(chmod(name.c_str(), mode) == 0);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Without fsync: what these tests lose, they lose by a process that is killed, not by a machine that is.
PrivateClusterSettings SettingsFor(const fs::path& directory) {
  PrivateClusterSettings settings;
  settings.directory = directory;
  settings.fsync = false;
  settings.shared_buffers_mb = 32;
  return settings;
}

class Session {
 public:
  explicit Session(const PrivateCluster& cluster, const std::string& database = "postgres")
      : connection_(PQconnectdb(cluster.ConnectionString(database).c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
  }

  /// The first field of the first row; empty when there is none.
  std::string Query(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_.get(), sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

fs::path HomeOf(const PrivateCluster& cluster) { return cluster.LogFile().parent_path().parent_path(); }

pid_t PostmasterOf(const fs::path& home) {
  pid_t pid = 0;
  std::ifstream(home / "data" / "postmaster.pid") >> pid;
  REQUIRE(pid > 0);
  return pid;
}

/// The processes that work in `directory`, as each of a server's does.
std::vector<pid_t> ProcessesIn(const fs::path& directory) {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    const std::string name = entry.path().filename();
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    if (fs::read_symlink(entry.path() / "cwd", ignored) == directory) pids.push_back(pid);
  }
  return pids;
}

std::string ErrorOfStart(PrivateCluster& cluster) {
  try {
    cluster.Start();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Runs `body` in a process of its own that is killed with the object. `body` gets a function that lets Ready() return.
class OtherProcess {
 public:
  template <typename Body>
  explicit OtherProcess(Body body) {
    int ends[2] = {-1, -1};
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      try {
        body([&ends] { [[maybe_unused]] const ssize_t written = write(ends[1], "r", 1); });
        while (true) pause();
      } catch (const std::exception& error) {
        [[maybe_unused]] const ssize_t written =
            write(STDERR_FILENO, error.what(), std::char_traits<char>::length(error.what()));
      }
      _exit(1);
    }
    close(ends[1]);
    ready_ = ends[0];
    REQUIRE(pid_ > 0);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() {
    Kill();
    close(ready_);
  }

  pid_t pid() const { return pid_; }

  void WaitUntilReady() const {
    char byte = 0;
    REQUIRE(read(ready_, &byte, 1) == 1);
  }

  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int ready_ = -1;
};

}  // namespace

TEST_SUITE("PrivateCluster") {
  TEST_CASE("a new cluster is durable, checks its pages, speaks UTF-8 and listens on no network") {
    const TemporaryDirectory directory;
    PrivateClusterSettings settings;
    settings.directory = directory.path() / "var";
    std::vector<std::string> progress;
    settings.progress = [&progress](std::string_view sentence) { progress.emplace_back(sentence); };
    PrivateCluster cluster(settings);
    cluster.Start();
    CHECK(cluster.Alive());
    CHECK_FALSE(progress.empty());

    Session sql(cluster);
    CHECK(sql.Query("SHOW fsync") == "on");
    CHECK(sql.Query("SHOW full_page_writes") == "on");
    CHECK(sql.Query("SHOW synchronous_commit") == "on");
    CHECK(sql.Query("SHOW data_checksums") == "on");
    CHECK(sql.Query("SHOW wal_compression") == "lz4");
    CHECK(sql.Query("SHOW server_encoding") == "UTF8");
    CHECK(sql.Query("SHOW lc_collate") == "C");
    CHECK(sql.Query("SHOW lc_ctype") == "C.UTF-8");
    CHECK(sql.Query("SHOW timezone") == "UTC");
    CHECK(sql.Query("SHOW listen_addresses") == "");
    CHECK(sql.Query("SHOW max_connections") == "100");
    CHECK(sql.Query("SELECT count(*) FROM pg_hba_file_rules WHERE type <> 'local' OR auth_method <> 'peer'") == "0");
    CHECK(sql.Query("SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL") == "0");
  }

  TEST_CASE("a database is made once, and its data are there after a stop and a start") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    const std::string name = R"(quo"te 'and \ space)";
    cluster.CreateDatabaseIfMissing(name);
    cluster.CreateDatabaseIfMissing(name);
    Session(cluster, name).Query("CREATE TABLE kept AS SELECT 42 AS answer");
    cluster.Stop();
    CHECK_FALSE(cluster.Alive());

    SUBCASE("by the same object") {
      cluster.Start();
      CHECK(Session(cluster, name).Query("SELECT answer FROM kept") == "42");
    }
    SUBCASE("by another object") {
      PrivateCluster again(SettingsFor(directory.path()));
      again.Start();
      CHECK(Session(again, name).Query("SELECT answer FROM kept") == "42");
    }
  }

  TEST_CASE("a stop leaves no process behind, open sessions or not") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    const fs::path data = HomeOf(cluster) / "data";
    Session sql(cluster);
    sql.Query("BEGIN");
    CHECK(ProcessesIn(data).size() > 1);
    cluster.Stop();
    CHECK(ProcessesIn(data).empty());
  }

  TEST_CASE("the server is in a session of its own, out of reach of the terminal's Ctrl-C") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    const pid_t postmaster = PostmasterOf(HomeOf(cluster));
    CHECK(getsid(postmaster) == postmaster);
    CHECK(getpgid(postmaster) != getpgrp());
  }

  TEST_CASE("a second start on the same directory is refused and names it, and the first goes on") {
    const TemporaryDirectory directory;
    PrivateCluster first(SettingsFor(directory.path()));
    first.Start();
    CHECK(Contains(ErrorOfStart(first), "running already"));

    PrivateCluster second(SettingsFor(directory.path() / "." / ""));
    const std::string error = ErrorOfStart(second);
    CHECK(Contains(error, "in use"));
    CHECK(Contains(error, directory.path().string()));
    CHECK(Contains(error, std::to_string(getpid())));
    CHECK_FALSE(second.Alive());
    CHECK_THROWS_AS(second.Remove(), std::runtime_error);

    CHECK(Session(first).Query("SELECT 1") == "1");
  }

  TEST_CASE("when the server is killed its owner hears of it, and a new start recovers what was committed") {
    const TemporaryDirectory directory;
    std::promise<std::string> reported;
    PrivateClusterSettings settings = SettingsFor(directory.path());
    settings.on_unexpected_exit = [&reported](std::string_view reason) { reported.set_value(std::string(reason)); };
    PrivateCluster cluster(settings);
    cluster.Start();
    Session sql(cluster);
    sql.Query("CREATE TABLE kept (answer int)");
    sql.Query("INSERT INTO kept VALUES (42)");
    REQUIRE(kill(PostmasterOf(HomeOf(cluster)), SIGKILL) == 0);

    std::future<std::string> reason = reported.get_future();
    REQUIRE(reason.wait_for(30s) == std::future_status::ready);
    CHECK(Contains(reason.get(), "ended by itself"));
    CHECK_FALSE(cluster.Alive());

    cluster.Stop();
    cluster.Start();
    CHECK(Session(cluster).Query("SELECT sum(answer) FROM kept") == "42");
  }

  TEST_CASE("when its owner is killed the server goes too, and a new start recovers what was committed") {
    const TemporaryDirectory directory;
    OtherProcess owner([&directory](const auto& ready) {
      PrivateCluster cluster(SettingsFor(directory.path()));
      cluster.Start();
      Session sql(cluster);
      sql.Query("CREATE TABLE kept (answer int)");
      sql.Query("INSERT INTO kept VALUES (42)");
      sql.Query("BEGIN");
      sql.Query("INSERT INTO kept VALUES (1)");
      ready();
      while (true) pause();
    });
    owner.WaitUntilReady();
    const pid_t postmaster = PostmasterOf(directory.path() / "postgres");
    owner.Kill();

    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    CHECK(PostmasterOf(HomeOf(cluster)) != postmaster);
    CHECK(Session(cluster).Query("SELECT sum(answer) FROM kept") == "42");
  }

  TEST_CASE("a server of a killed owner that does not go is ended") {
    const TemporaryDirectory directory;
    OtherProcess owner([&directory](const auto& ready) {
      PrivateCluster cluster(SettingsFor(directory.path()));
      cluster.Start();
      Session(cluster).Query("CREATE TABLE kept AS SELECT 42 AS answer");
      ready();
      while (true) pause();
    });
    owner.WaitUntilReady();
    REQUIRE(kill(PostmasterOf(directory.path() / "postgres"), SIGSTOP) == 0);
    owner.Kill();

    PrivateClusterSettings settings = SettingsFor(directory.path());
    settings.stop_timeout = 1s;
    PrivateCluster cluster(settings);
    cluster.Start();
    CHECK(Session(cluster).Query("SELECT answer FROM kept") == "42");
  }

  TEST_CASE("a process id that another process has by now does not hinder the start") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    const fs::path pid_file = HomeOf(cluster) / "data" / "postmaster.pid";
    struct stat owner {};
    REQUIRE(stat(pid_file.c_str(), &owner) == 0);
    cluster.Stop();

    const OtherProcess unrelated([&owner](const auto& ready) {
      if (geteuid() == 0 && setuid(owner.st_uid) != 0) throw std::runtime_error("setuid");
      ready();
    });
    unrelated.WaitUntilReady();
    std::ofstream(pid_file) << unrelated.pid() << "\n" << (HomeOf(cluster) / "data").string() << "\n";
    if (geteuid() == 0) REQUIRE(chown(pid_file.c_str(), owner.st_uid, owner.st_gid) == 0);

    cluster.Start();
    CHECK(cluster.Alive());
  }

  TEST_CASE("a cluster that was left half made is made anew") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(cluster.Start(stop.get_token()), std::runtime_error);
    CHECK_FALSE(cluster.Alive());

    fs::remove_all(HomeOf(cluster) / "data");
    fs::create_directory(HomeOf(cluster) / "data.new-1");
    std::ofstream(HomeOf(cluster) / "data.new-1" / "PG_VERSION") << "15\n";
    cluster.Start();
    CHECK(Session(cluster).Query("SELECT 1") == "1");
    CHECK_FALSE(fs::exists(HomeOf(cluster) / "data.new-1"));
  }

  TEST_CASE("a path that is too long for a socket, or that libpq would split, gets its socket in /tmp") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path() / (std::string(90, 'l') + ", 'long'")));
    cluster.Start();
    const std::string sockets = Session(cluster).Query("SHOW unix_socket_directories");
    REQUIRE(sockets.starts_with("/tmp/volcanion-"));
    struct stat status {};
    REQUIRE(stat(sockets.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);

    cluster.Stop();
    CHECK_FALSE(fs::exists(sockets));
    cluster.Start();
    CHECK(Session(cluster).Query("SHOW unix_socket_directories") == sockets);
    cluster.Remove();
    CHECK_FALSE(fs::exists(sockets));
  }

  TEST_CASE("removing deletes everything that was made and nothing else") {
    const TemporaryDirectory directory;
    std::ofstream(directory.path() / "mine") << "x";
    SUBCASE("while it runs") {
      PrivateCluster cluster(SettingsFor(directory.path()));
      cluster.Start();
      cluster.Remove();
    }
    SUBCASE("when its owner was killed") {
      OtherProcess owner([&directory](const auto& ready) {
        PrivateCluster cluster(SettingsFor(directory.path()));
        cluster.Start();
        ready();
        while (true) pause();
      });
      owner.WaitUntilReady();
      owner.Kill();
      PrivateCluster(SettingsFor(directory.path())).Remove();
    }
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(directory.path())) left.push_back(entry.path().filename());
    CHECK(left == std::vector<fs::path>{"mine"});
  }

  TEST_CASE("a removal that fails lets go of the directory") {
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    fs::create_directory_symlink(directory.path() / "nowhere", directory.path() / "postgres");
    CHECK_THROWS_AS(cluster.Remove(), std::runtime_error);
    fs::remove(directory.path() / "postgres");
    CHECK(ErrorOfStart(cluster) == "");
  }

  TEST_CASE("errors tell the operator what is wrong") {
    const TemporaryDirectory directory;
    PrivateClusterSettings settings = SettingsFor(directory.path() / "var");
    SUBCASE("PostgreSQL is not installed") {
      settings.installations = directory.path();
      PrivateCluster cluster(settings);
      CHECK(Contains(ErrorOfStart(cluster), "install the package postgresql-15"));
    }
    SUBCASE("the cluster is of a version that is not installed") {
      PrivateCluster cluster(settings);
      cluster.Start();
      cluster.Stop();
      std::ofstream(HomeOf(cluster) / "data" / "PG_VERSION") << "11\n";
      CHECK(Contains(ErrorOfStart(cluster), "install the package postgresql-11"));
    }
    SUBCASE("the data are damaged: the end of the server's log is told") {
      PrivateCluster cluster(settings);
      cluster.Start();
      cluster.Stop();
      fs::remove(HomeOf(cluster) / "data" / "global" / "pg_control");
      const std::string error = ErrorOfStart(cluster);
      CHECK(Contains(error, "pg_control"));
      CHECK(Contains(error, cluster.LogFile().string()));
    }
    SUBCASE("the data directory is a file") {
      std::ofstream(directory.path() / "var") << "x";
      PrivateCluster cluster(settings);
      CHECK(Contains(ErrorOfStart(cluster), "Cannot make the data directory"));
    }
  }

  TEST_CASE("started by root, the server runs as another user, who may neither connect nor change its configuration") {
    if (geteuid() != 0) {
      MESSAGE("not run: needs root");
      return;
    }
    const passwd* const postgres = getpwnam("postgres");
    REQUIRE(postgres != nullptr);
    const TemporaryDirectory directory;
    PrivateCluster cluster(SettingsFor(directory.path()));
    cluster.Start();
    struct stat process {};
    REQUIRE(stat(("/proc/" + std::to_string(PostmasterOf(HomeOf(cluster)))).c_str(), &process) == 0);
    CHECK(process.st_uid == postgres->pw_uid);
    struct stat configuration {};
    REQUIRE(stat((HomeOf(cluster) / "pg_hba.conf").c_str(), &configuration) == 0);
    CHECK(configuration.st_uid == 0);
    CHECK((configuration.st_mode & 0777) == 0640);

    const pid_t intruder = fork();
    if (intruder == 0) {
      if (setgid(postgres->pw_gid) != 0 || setuid(postgres->pw_uid) != 0) _exit(2);
      PGconn* const connection = PQconnectdb(cluster.ConnectionString("postgres").c_str());
      const bool refused_by_peer = Contains(PQerrorMessage(connection), "Peer authentication failed");
      _exit(refused_by_peer ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(intruder, &status, 0) == intruder);
    CHECK(status == 0);
  }

  TEST_CASE("started by root where the server's user may not go, the cluster is elsewhere behind a link") {
    if (geteuid() != 0) {
      MESSAGE("not run: needs root");
      return;
    }
    const TemporaryDirectory closed(0700);
    const TemporaryDirectory elsewhere;
    PrivateClusterSettings settings = SettingsFor(closed.path() / "var");
    settings.fallback_directory = elsewhere.path() / "volcanion";
    std::vector<std::string> progress;
    settings.progress = [&progress](std::string_view sentence) { progress.emplace_back(sentence); };
    PrivateCluster cluster(settings);
    cluster.Start();
    Session(cluster).Query("CREATE TABLE kept AS SELECT 42 AS answer");
    const fs::path link = settings.directory / "postgres";
    REQUIRE(fs::is_symlink(link));
    CHECK(fs::read_symlink(link).parent_path() == settings.fallback_directory);
    CHECK(Contains(progress.front(), fs::read_symlink(link).string()));
    cluster.Stop();

    PrivateCluster again(settings);
    again.Start();
    CHECK(Session(again).Query("SELECT answer FROM kept") == "42");
    again.Remove();
    CHECK_FALSE(fs::exists(settings.fallback_directory));
    CHECK_FALSE(fs::is_symlink(link));
  }
}
