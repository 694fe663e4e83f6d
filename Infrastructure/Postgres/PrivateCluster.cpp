#include "Infrastructure/Postgres/PrivateCluster.h"

#include "Infrastructure/Postgres/ChildProcess.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kPreferredVersion = 15;
constexpr std::string_view kOwner = "volcanion_owner";
constexpr std::string_view kSocketName = ".s.PGSQL.5432";     // the port is only part of this name
constexpr std::string_view kSocketNote = "socket-directory";  // a symbolic link to the one in /tmp, where one is needed
constexpr std::string_view kUnfinished = "data.new-";
constexpr milliseconds kPollInterval{20};
constexpr std::size_t kMaxLogBytes = 16 << 20;  // the log is set aside at a start when it is larger
constexpr std::size_t kLogTailBytes = 4 << 10;  // of the log, in the text of an error
constexpr std::size_t kLogTailLines = 12;

std::string SystemReason(int error) { return std::generic_category().message(error); }

[[noreturn]] void Fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + SystemReason(error));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

UserIdentity UserOf(const passwd& entry) {
  UserIdentity user{entry.pw_uid, entry.pw_gid, entry.pw_name, {}};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

UserIdentity UserById(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    throw std::runtime_error("User id " + std::to_string(uid) +
                             " has no name (getent passwd knows none), and PostgreSQL does not run without one");
  }
  return UserOf(entry);
}

UserIdentity UserByName(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    throw std::runtime_error("PostgreSQL does not run as root, and the user \"" + name +
                             "\" to run it instead does not exist; the package postgresql-15 makes it");
  }
  return UserOf(entry);
}

/// Whether `user` may enter `directory`, which only a process of that user can tell for sure.
bool MayEnter(const UserIdentity& user, const fs::path& directory) {
  const pid_t child = fork();
  if (child < 0) Fail("Cannot fork", errno);
  if (child == 0) {
    const bool may = setgroups(user.groups.size(), user.groups.data()) == 0 && setgid(user.gid) == 0 &&
                     setuid(user.uid) == 0 && access(directory.c_str(), X_OK) == 0;
    _exit(may ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The server processes whose working directory is `directory`: every process of PostgreSQL works in its data
/// directory.
std::vector<pid_t> ServersIn(const fs::path& directory) {
  struct stat wanted {};
  if (stat(directory.c_str(), &wanted) != 0) return {};
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid <= 0) continue;
    struct stat working {};
    if (stat((entry.path() / "cwd").c_str(), &working) != 0) continue;
    if (working.st_dev != wanted.st_dev || working.st_ino != wanted.st_ino) continue;
    // A shell that somebody has left there is not ours to wait for.
    const fs::path program = fs::read_symlink(entry.path() / "exe", ignored);
    if (program.filename().string().starts_with("postgres")) pids.push_back(pid);
  }
  return pids;
}

/// What a server tells about itself in postmaster.pid: its process in the first line, its state in the eighth.
struct PidFile {
  std::optional<pid_t> pid;
  std::string status;
};

PidFile ReadPidFile(const fs::path& file) {
  const FileDescriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, 4096> buffer{};
  const ssize_t length = fd ? read(fd.get(), buffer.data(), buffer.size()) : 0;
  std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  PidFile found;
  for (int line = 1; !text.empty(); ++line) {
    std::string_view content = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(content.size() + 1, text.size()));
    pid_t pid = 0;
    if (line == 1 && std::from_chars(content.data(), content.data() + content.size(), pid).ec == std::errc{} &&
        pid > 0) {
      found.pid = pid;
    }
    if (line == 8) found.status = content.substr(0, content.find(' '));
  }
  return found;
}

std::string RandomName() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 16; ++i) name += "0123456789abcdef"[random() % 16];
  return name;
}

/// A value of postgresql.conf, pg_hba.conf or libpq: each takes a backslash or a doubled character inside quotes.
std::string Quoted(std::string_view text, char quote, std::string_view escaped, char escape) {
  std::string result(1, quote);
  for (const char c : text) {
    if (escaped.find(c) != std::string_view::npos) result += escape == '\0' ? c : escape;
    result += c;
  }
  return result + quote;
}
std::string ConfigurationValue(std::string_view text) { return Quoted(text, '\'', "'\\", '\\'); }
std::string AuthenticationValue(std::string_view text) { return Quoted(text, '"', "\"", '\0'); }
std::string ConnectionValue(std::string_view text) { return Quoted(text, '\'', "'\\", '\\'); }

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, ConnectionCloser>;

struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using QueryResult = std::unique_ptr<PGresult, ResultCloser>;

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

class PrivateCluster::Server {
 public:
  explicit Server(PrivateClusterSettings settings) : settings_(std::move(settings)) {
    if (settings_.directory.empty()) throw std::runtime_error("The private PostgreSQL needs a data directory");
    settings_.directory = fs::absolute(settings_.directory).lexically_normal();
    if (settings_.directory.string().find('\n') != std::string::npos) {
      throw std::runtime_error("The data directory's name must not contain a line break");
    }
  }
  ~Server() { Stop(); }

  void Start(const std::stop_token& stop) {
    if (process_) {
      if (process_->Id()) throw std::runtime_error("PostgreSQL in " + Shown() + " is running already");
      Stop();
    }
    try {
      Open();
      EndLeftovers(stop);
      OpenLog();
      MakeCluster(stop);
      MakeSocketDirectory();
      WriteConfiguration();
      StartServer(stop);
    } catch (const fs::filesystem_error& error) {
      Stop();
      throw std::runtime_error("Cannot prepare PostgreSQL in " + Shown() + ": " + error.what());
    } catch (...) {
      Stop();
      throw;
    }
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      running_ = false;
    }
    if (process_) {
      if (process_->Id()) {
        Say("stopping PostgreSQL");
        process_->Signal(SIGINT);  // fast shutdown: sessions end, what they had not committed is rolled back
        if (!process_->WaitFor(settings_.stop_timeout)) {
          Say("PostgreSQL does not stop; ending it at once, the next start will recover");
          process_->Signal(SIGQUIT);
          if (!process_->WaitFor(settings_.stop_timeout)) process_->Signal(SIGKILL);
        }
      }
      process_.reset();
    }
    // Without the lock it may be another process's by now.
    if (lock_ && !socket_directory_.empty() && socket_directory_.parent_path() != home_) {
      std::error_code ignored;
      fs::remove_all(socket_directory_, ignored);
    }
    log_.Close();
    lock_.Close();
  }

  void Remove() {
    Stop();
    std::error_code status;
    if (!fs::exists(settings_.directory, status)) return;
    Open();
    EndLeftovers({});
    const fs::path link = settings_.directory / "postgres";
    if (const fs::path sockets = fs::read_symlink(home_ / kSocketNote, status); !sockets.empty()) {
      RemoveOwnDirectory(sockets);
    }
    fs::remove_all(home_);
    if (fs::is_symlink(fs::symlink_status(link))) {
      fs::remove(link);
      fs::remove(settings_.fallback_directory, status);  // when it is empty now
    }
    fs::remove(settings_.directory / "postgres.lock");
    lock_.Close();
    if (made_directory_) fs::remove(settings_.directory, status);
  }

  bool Alive() const { return process_ && process_->Id().has_value(); }

  std::string ConnectionString(std::string_view database) const {
    return "host=" + ConnectionValue(socket_directory_.string()) + " port=5432 user=" + std::string(kOwner) +
           " dbname=" + ConnectionValue(database);
  }

  void CreateDatabaseIfMissing(std::string_view name) {
    static constexpr const char* kFind = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1";
    const Connection connection = Connect();
    const std::string text(name);
    const char* values[] = {text.c_str()};
    const QueryResult found(PQexecParams(connection.get(), kFind, 1, nullptr, values, nullptr, nullptr, 0));
    if (PQresultStatus(found.get()) != PGRES_TUPLES_OK) {
      throw std::runtime_error("Cannot look for database " + text + ": " + Trimmed(PQerrorMessage(connection.get())));
    }
    if (PQntuples(found.get()) > 0) return;
    char* const identifier = PQescapeIdentifier(connection.get(), text.data(), text.size());
    const std::string create = std::string("CREATE DATABASE ") + (identifier == nullptr ? "" : identifier);
    PQfreemem(identifier);
    const QueryResult created(PQexec(connection.get(), create.c_str()));
    if (PQresultStatus(created.get()) == PGRES_COMMAND_OK) return;
    const char* const state = PQresultErrorField(created.get(), PG_DIAG_SQLSTATE);
    const std::string_view code = state == nullptr ? "" : state;
    if (code == "42P04" || code == "23505") return;  // somebody else has made it in the meantime
    throw std::runtime_error("Cannot create database " + text + ": " + Trimmed(PQerrorMessage(connection.get())));
  }

  const fs::path& LogFile() const { return log_file_; }

 private:
  void Say(std::string_view sentence) const {
    if (settings_.progress) settings_.progress(sentence);
  }

  std::string Shown() const { return settings_.directory.string(); }

  static void ThrowIfStopped(const std::stop_token& stop) {
    if (stop.stop_requested()) throw std::runtime_error("The start of PostgreSQL was interrupted");
  }

  /// Takes the directory for this process and finds out where the cluster is or will be, and who runs it.
  void Open() {
    std::error_code error;
    if (fs::create_directories(settings_.directory, error)) made_directory_ = true;
    if (error) throw std::runtime_error("Cannot make the data directory " + Shown() + ": " + error.message());
    settings_.directory = fs::canonical(settings_.directory);
    TakeLock();

    const fs::path entry = settings_.directory / "postgres";
    const bool is_link = fs::is_symlink(fs::symlink_status(entry));
    home_ = is_link ? fs::canonical(entry, error) : entry;
    if (error) {
      throw std::runtime_error(entry.string() + " points to " + fs::read_symlink(entry).string() +
                               ", which is not there (" + error.message() +
                               "); put it back, or delete the link to begin without data");
    }
    data_ = home_ / "data";
    ChooseUser();
    if (user_ && !fs::exists(home_) && !MayEnter(*user_, settings_.directory)) {
      if (!fs::exists(settings_.fallback_directory)) MakeDirectory(settings_.fallback_directory, 0755, std::nullopt);
      home_ = settings_.fallback_directory / RandomName();
      data_ = home_ / "data";
      Say("user " + user_->name + " may not enter " + Shown() + ": the database is in " + home_.string());
      MakeDirectory(home_, 0710, user_);
      fs::create_directory_symlink(home_, entry);
    }
    MakeDirectory(home_, user_ ? 0710 : 0700, user_);
    if (user_ && !MayEnter(*user_, home_)) {
      throw std::runtime_error("User " + user_->name + ", who runs PostgreSQL, may not enter " + home_.string() +
                               "; give that user search permission on it and on the directories above it");
    }
    log_file_ = home_ / "log" / "postgres.log";
  }

  void TakeLock() {
    const fs::path file = settings_.directory / "postgres.lock";
    while (true) {
      FileDescriptor fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!fd) Fail("Cannot open " + file.string(), errno);
      if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) Fail("Cannot lock " + file.string(), errno);
        const std::optional<pid_t> holder = ReadPidFile(file).pid;
        throw std::runtime_error("The data directory " + Shown() + " is in use by another process" +
                                 (holder ? " (" + std::to_string(*holder) + ")" : "") +
                                 "; stop that one or choose another directory");
      }
      // Remove() deletes the file: a lock on one that has no name any more protects nothing.
      struct stat locked {};
      struct stat named {};
      if (fstat(fd.get(), &locked) != 0 || stat(file.c_str(), &named) != 0 || locked.st_ino != named.st_ino ||
          locked.st_dev != named.st_dev) {
        continue;
      }
      struct stat owner {};
      if (geteuid() == 0 && stat(settings_.directory.c_str(), &owner) == 0) {
        GiveTo(fd.get(), owner.st_uid, owner.st_gid);
      }
      const std::string pid = std::to_string(getpid()) + "\n";
      if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
        Fail("Cannot write " + file.string(), errno);
      }
      lock_ = std::move(fd);
      return;
    }
  }

  static void GiveTo(int fd, uid_t uid, gid_t gid) {
    if (fchown(fd, uid, gid) != 0) Fail("Cannot give a file to user id " + std::to_string(uid), errno);
  }

  void ChooseUser() {
    user_.reset();
    own_name_ = UserById(geteuid()).name;
    if (geteuid() != 0) return;
    struct stat data {};
    if (stat(data_.c_str(), &data) == 0) {
      if (data.st_uid == 0) {
        throw std::runtime_error(data_.string() + " belongs to root, as whom PostgreSQL does not run; chown it to " +
                                 settings_.server_user);
      }
      user_ = UserById(data.st_uid);
    } else {
      user_ = UserByName(settings_.server_user);
    }
  }

  /// Makes `path` when it does not exist, and sees to its permissions unless it is another user's. `group` is the user
  /// whose group it belongs to.
  static void MakeDirectory(const fs::path& path, mode_t mode, const std::optional<UserIdentity>& group) {
    struct stat found {};
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) Fail("Cannot make " + path.string(), errno);
    if (lstat(path.c_str(), &found) != 0) Fail("Cannot look at " + path.string(), errno);
    if (!S_ISDIR(found.st_mode)) Fail("Cannot use " + path.string(), ENOTDIR);
    if (found.st_uid != geteuid()) return;
    if ((group && lchown(path.c_str(), geteuid(), group->gid) != 0) || chmod(path.c_str(), mode) != 0) {
      Fail("Cannot set owner and permissions of " + path.string(), errno);
    }
  }

  /// Makes `path`, for the server alone.
  void MakeServerDirectory(const fs::path& path) const {
    if (mkdir(path.c_str(), 0700) != 0) Fail("Cannot make " + path.string(), errno);
    if (user_ && lchown(path.c_str(), user_->uid, user_->gid) != 0) {
      Fail("Cannot give " + path.string() + " to user " + user_->name, errno);
    }
  }

  /// Ends servers of an earlier run. We hold the lock: whoever started them is gone.
  void EndLeftovers(const std::stop_token& stop) {
    const fs::path pid_file = data_ / "postmaster.pid";
    const auto leftovers = [this] {
      std::vector<pid_t> pids = ServersIn(data_);
      for (const fs::path& directory : Unfinished()) {
        const std::vector<pid_t> making = ServersIn(directory);
        pids.insert(pids.end(), making.begin(), making.end());
      }
      return pids;
    };
    const auto gone_within = [&](milliseconds timeout) {
      const auto deadline = Clock::now() + timeout;
      while (!leftovers().empty()) {
        if (Clock::now() >= deadline) return false;
        ThrowIfStopped(stop);
        std::this_thread::sleep_for(kPollInterval);
      }
      return true;
    };

    std::vector<pid_t> pids = leftovers();
    if (!pids.empty()) {
      Say("waiting for PostgreSQL of an earlier run to stop");
      const std::optional<pid_t> first = ReadPidFile(pid_file).pid;
      if (first && std::find(pids.begin(), pids.end(), *first) != pids.end()) {
        kill(*first, SIGINT);  // it ends the others
      }
      for (const int signal : {SIGQUIT, SIGKILL}) {
        if (gone_within(settings_.stop_timeout)) break;
        for (const pid_t pid : leftovers()) kill(pid, signal);
      }
      if (!gone_within(settings_.stop_timeout)) {
        throw std::runtime_error("PostgreSQL of an earlier run (process " + std::to_string(leftovers().front()) +
                                 ") still works in " + data_.string() + " and cannot be stopped");
      }
    }

    // After a crash the process id in the file may be that of an unrelated process by now, for which the server would
    // refuse to start. No server works here, as we have just seen, and none can come, as we hold the lock.
    if (const std::optional<pid_t> stale = ReadPidFile(pid_file).pid; stale && kill(*stale, 0) == 0) {
      fs::remove(pid_file);
    }
  }

  void OpenLog() {
    struct stat owner {};
    if (stat(home_.c_str(), &owner) != 0) Fail("Cannot look at " + home_.string(), errno);
    MakeDirectory(log_file_.parent_path(), 0700, std::nullopt);
    std::error_code ignored;
    if (fs::file_size(log_file_, ignored) > kMaxLogBytes && !ignored) {
      fs::rename(log_file_, fs::path(log_file_).concat(".old"));
    }
    log_ = FileDescriptor(open(log_file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!log_) Fail("Cannot open " + log_file_.string(), errno);
    if (user_) {
      GiveTo(log_.get(), owner.st_uid, owner.st_gid);
      if (lchown(log_file_.parent_path().c_str(), owner.st_uid, owner.st_gid) != 0) {
        Fail("Cannot set the owner of " + log_file_.parent_path().string(), errno);
      }
    }
    log_start_ = lseek(log_.get(), 0, SEEK_END);
  }

  /// The last lines that the server has written since this start, as a paragraph for an error; empty when none.
  std::string LogTail() const {
    const off_t end = lseek(log_.get(), 0, SEEK_END);
    const off_t begin = std::max(log_start_, end - static_cast<off_t>(kLogTailBytes));
    std::string text(static_cast<std::size_t>(std::max<off_t>(end - begin, 0)), '\0');
    const ssize_t length = pread(log_.get(), text.data(), text.size(), begin);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    text = Trimmed(std::move(text));
    std::size_t from = text.size();
    for (std::size_t lines = 0; lines < kLogTailLines && from != 0 && from != std::string::npos; ++lines) {
      from = text.rfind('\n', from - 1);
    }
    if (from != std::string::npos && from != 0) text.erase(0, from + 1);
    return (text.empty() ? "" : "\n" + text) + "\n(the log is " + log_file_.string() + ")";
  }

  /// The programs for the existing cluster, or for a new one.
  fs::path ProgramDirectory() const {
    std::optional<int> wanted;
    if (fs::exists(data_)) {
      const FileDescriptor fd(open((data_ / "PG_VERSION").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
      std::array<char, 16> text{};
      int version = 0;
      if (!fd || read(fd.get(), text.data(), text.size()) <= 0 ||
          std::from_chars(text.data(), text.data() + text.size(), version).ec != std::errc{}) {
        throw std::runtime_error(data_.string() + " exists and is not a PostgreSQL data directory (no PG_VERSION)");
      }
      wanted = version;
    }
    std::vector<int> versions;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(settings_.installations, ignored)) {
      const std::string name = entry.path().filename();
      int version = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), version).ec != std::errc{}) continue;
      const fs::path programs = entry.path() / "bin";
      if (access((programs / "postgres").c_str(), X_OK) == 0 && access((programs / "initdb").c_str(), X_OK) == 0) {
        versions.push_back(version);
      }
    }
    const auto has = [&](int version) {
      return std::find(versions.begin(), versions.end(), version) != versions.end();
    };
    const auto programs_of = [&](int version) { return settings_.installations / std::to_string(version) / "bin"; };
    if (wanted) {
      if (has(*wanted)) return programs_of(*wanted);
      throw std::runtime_error("The data in " + data_.string() + " are of PostgreSQL " + std::to_string(*wanted) +
                               ", which is not installed; install the package postgresql-" + std::to_string(*wanted));
    }
    if (has(kPreferredVersion)) return programs_of(kPreferredVersion);
    if (!versions.empty() && *std::max_element(versions.begin(), versions.end()) > kPreferredVersion) {
      return programs_of(*std::max_element(versions.begin(), versions.end()));
    }
    throw std::runtime_error("PostgreSQL " + std::to_string(kPreferredVersion) + " or newer was not found in " +
                             settings_.installations.string() + "; install the package postgresql-" +
                             std::to_string(kPreferredVersion));
  }

  /// Clusters in the making, ours or abandoned.
  std::vector<fs::path> Unfinished() const {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(home_, ignored)) {
      if (entry.path().filename().string().starts_with(kUnfinished)) found.push_back(entry.path());
    }
    return found;
  }

  /// Makes a cluster when there is none. It gets its name when it is complete: a half made one is never used.
  void MakeCluster(const std::stop_token& stop) {
    programs_ = ProgramDirectory();
    for (const fs::path& left : Unfinished()) fs::remove_all(left);
    if (fs::exists(data_)) return;
    // Each attempt has a name of its own, out of reach of what an earlier one may still be about to do.
    const fs::path unfinished = home_ / (std::string(kUnfinished) + RandomName());
    Say("creating a PostgreSQL " + programs_.parent_path().filename().string() + " cluster in " + home_.string());
    MakeServerDirectory(unfinished);

    Launch launch;
    launch.program = programs_ / "initdb";
    launch.arguments = {"--pgdata=" + unfinished.string(), "--username=" + std::string(kOwner), "--encoding=UTF8",
                        "--locale=C.UTF-8", "--data-checksums",
                        // Only for one who starts it by hand with the files in there; ours are WriteConfiguration()'s.
                        "--auth-local=peer", "--auth-host=reject", "--no-instructions"};
    if (!settings_.fsync) launch.arguments.emplace_back("--no-sync");
    launch.user = user_;
    launch.output = log_.get();
    launch.death_signal = SIGKILL;  // anything else makes it clean up, while the next start does the same
    ChildProcess initdb(std::move(launch));
    std::optional<int> status;
    while (!(status = initdb.WaitFor(kPollInterval))) {
      if (!stop.stop_requested()) continue;
      initdb.Signal(SIGKILL);
      initdb.WaitFor(settings_.stop_timeout);
      ThrowIfStopped(stop);
    }
    if (*status != 0) {
      throw std::runtime_error("PostgreSQL's initdb for " + home_.string() + " " + DescribeStatus(*status) + LogTail());
    }
    fs::rename(unfinished, data_);
    const FileDescriptor parent(open(home_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (settings_.fsync && fsync(parent.get()) != 0) Fail("Cannot sync " + home_.string(), errno);
  }

  /// `run` beside the data, or where its path does not fit (sun_path has 108 bytes) or libpq would not take it (a comma
  /// separates hosts) a directory in /tmp, whose random name is kept so that it stays the same.
  void MakeSocketDirectory() {
    const fs::path beside = home_ / "run";
    fs::remove_all(beside);
    const bool fits = (beside / kSocketName).string().size() < sizeof(sockaddr_un::sun_path);
    if (fits && beside.string().find_first_of(",\"") == std::string::npos) {
      MakeServerDirectory(beside);
      socket_directory_ = beside;
      return;
    }
    const fs::path kept = home_ / kSocketNote;
    std::error_code ignored;
    fs::path directory = fs::read_symlink(kept, ignored);
    if (!directory.empty()) RemoveOwnDirectory(directory);
    while (directory.empty() || mkdir(directory.c_str(), 0700) != 0) {
      if (!directory.empty() && errno != EEXIST) Fail("Cannot make " + directory.string(), errno);
      directory = "/tmp/volcanion-" + RandomName();
      fs::remove(kept);
      fs::create_symlink(directory, kept);
    }
    if (user_ && lchown(directory.c_str(), user_->uid, user_->gid) != 0) {
      Fail("Cannot give " + directory.string() + " to user " + user_->name, errno);
    }
    socket_directory_ = directory;
  }

  /// Anybody may make names in /tmp: only what belongs to the server's user is ours.
  void RemoveOwnDirectory(const fs::path& directory) const {
    struct stat found {};
    if (lstat(directory.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return;
    if (found.st_uid == (user_ ? user_->uid : geteuid())) fs::remove_all(directory);
  }

  /// Writes a file for the server to read, which it may not change when it runs as another user.
  void WriteFile(const std::string& name, const std::string& text) const {
    const fs::path file = home_ / name;
    const fs::path unfinished = home_ / (name + ".new");
    unlink(unfinished.c_str());
    const FileDescriptor fd(open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!fd) Fail("Cannot make " + unfinished.string(), errno);
    if (user_) {
      struct stat owner {};
      if (stat(home_.c_str(), &owner) != 0) Fail("Cannot look at " + home_.string(), errno);
      GiveTo(fd.get(), owner.st_uid, user_->gid);
    }
    if (fchmod(fd.get(), 0640) != 0 || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      Fail("Cannot write " + unfinished.string(), errno);
    }
    fs::rename(unfinished, file);
  }

  void WriteConfiguration() const {
    const auto path = [](const fs::path& value) { return ConfigurationValue(value.string()); };

    struct sysinfo machine {};
    const bool known = sysinfo(&machine) == 0;
    const auto memory_mb = static_cast<long long>(
        known ? static_cast<unsigned long long>(machine.totalram) * machine.mem_unit / (1 << 20) : 1024);
    const long long buffers_mb =
        settings_.shared_buffers_mb > 0 ? settings_.shared_buffers_mb : std::clamp<long long>(memory_mb / 8, 32, 512);
    std::string text = "# Written at every start of the private PostgreSQL; changes are lost.\n";
    // First what initdb has found out about this machine, such as the kind of shared memory that it has.
    text += "include " + path(data_ / "postgresql.conf") + "\n";
    const auto set = [&text](std::string_view name, const std::string& value) {
      text.append(name).append(" = ").append(value).append("\n");
    };
    set("data_directory", path(data_));
    set("hba_file", path(home_ / "pg_hba.conf"));
    set("ident_file", path(home_ / "pg_ident.conf"));
    set("cluster_name", "'volcanion'");

    set("listen_addresses", "''");
    set("port", "5432");
    set("unix_socket_directories", path(socket_directory_));
    set("unix_socket_permissions", "0700");
    set("max_connections", std::to_string(settings_.max_connections));

    // Acknowledged means durable.
    set("fsync", settings_.fsync ? "on" : "off");
    set("full_page_writes", "on");
    set("synchronous_commit", "on");

    set("shared_buffers", std::to_string(buffers_mb) + "MB");
    set("effective_cache_size", std::to_string(std::max(memory_mb / 2, buffers_mb)) + "MB");
    set("work_mem", "8MB");
    set("maintenance_work_mem", "64MB");
    set("min_wal_size", "128MB");
    set("max_wal_size", "1GB");  // bounds how long a recovery takes
    set("checkpoint_timeout", "'10min'");
    set("random_page_cost", "1.1");
    set("jit", "off");  // the queries are short; compiling one takes longer than running it

    set("timezone", "'UTC'");
    set("log_timezone", "'UTC'");
    set("log_line_prefix", "'%m [%p] %q%u@%d '");
    // Statements, parameters and the details and contexts of errors hold payloads, which no log may.
    set("log_error_verbosity", "terse");
    set("log_min_error_statement", "panic");
    set("log_parameter_max_length", "0");
    set("log_parameter_max_length_on_error", "0");
    WriteFile("postgresql.conf", text);

    // Who may connect: the user that this process runs as, and nobody else. `peer` asks the kernel for the user at the
    // other end of the socket, so this holds wherever the socket is, and also against the user who runs the server when
    // that is another one (`postgres` runs other servers too). `trust` in a private directory would let that user in.
    const std::string note = "# Written at every start of the private PostgreSQL; changes are lost.\n";
    const std::string owner(kOwner);
    WriteFile("pg_hba.conf", note + "local all " + owner + " peer map=volcanion\n" +  //
                                 "local replication " + owner + " peer map=volcanion\n");
    WriteFile("pg_ident.conf", note + "volcanion " + AuthenticationValue(own_name_) + " " + owner + "\n");
  }

  void StartServer(const std::stop_token& stop) {
    ThrowIfStopped(stop);
    Say("starting PostgreSQL");
    Launch launch;
    launch.program = programs_ / "postgres";
    launch.arguments = {"-D", home_.string()};
    launch.user = user_;
    launch.output = log_.get();
    launch.death_signal = SIGINT;  // fast shutdown
    process_ = std::make_unique<ChildProcess>(std::move(launch), [this] { ReportExit(); });

    auto deadline = Clock::now() + settings_.start_timeout;
    auto next_word = Clock::now() + std::chrono::seconds(5);
    while (true) {
      if (const std::optional<int> status = process_->WaitFor(kPollInterval)) {
        throw std::runtime_error("PostgreSQL in " + Shown() + " " + DescribeStatus(*status) + " while starting" +
                                 LogTail());
      }
      ThrowIfStopped(stop);
      const PidFile file = ReadPidFile(data_ / "postmaster.pid");
      const bool ours = file.pid && file.pid == process_->Id();
      if (ours && file.status == "ready") break;
      const auto now = Clock::now();
      if (ours) {
        deadline = now + settings_.start_timeout;
        if (now >= next_word) {
          Say("PostgreSQL is recovering");
          next_word = now + std::chrono::seconds(5);
        }
      }
      if (now >= deadline) {
        throw std::runtime_error("PostgreSQL in " + Shown() + " does not start within " +
                                 std::to_string(settings_.start_timeout.count()) + " s" + LogTail());
      }
    }
    Connect();
    const std::lock_guard lock(mutex_);
    if (!process_->Id()) throw std::runtime_error("PostgreSQL in " + Shown() + " ended while starting" + LogTail());
    running_ = true;
  }

  void ReportExit() {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(running_, false)) return;
    }
    if (!settings_.on_unexpected_exit) return;
    settings_.on_unexpected_exit("PostgreSQL in " + Shown() + " has ended by itself" + LogTail());
  }

  Connection Connect() const {
    Connection connection(PQconnectdb((ConnectionString("postgres") + " connect_timeout=10").c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK) {
      throw std::runtime_error("Cannot connect to PostgreSQL in " + Shown() + ": " +
                               Trimmed(PQerrorMessage(connection.get())));
    }
    return connection;
  }

  PrivateClusterSettings settings_;
  bool made_directory_ = false;

  // Known from Open() on.
  FileDescriptor lock_;
  fs::path home_;
  fs::path data_;
  std::optional<UserIdentity> user_;  // whom the server runs as, when this process is root
  std::string own_name_;
  fs::path log_file_;

  // Known when starting.
  FileDescriptor log_;
  off_t log_start_ = 0;
  fs::path programs_;
  fs::path socket_directory_;

  std::mutex mutex_;
  bool running_ = false;  // guarded by mutex_; an exit is unexpected while this holds

  std::unique_ptr<ChildProcess> process_;  // last: its thread uses the members above
};

PrivateCluster::PrivateCluster(PrivateClusterSettings settings)
    : server_(std::make_unique<Server>(std::move(settings))) {}
PrivateCluster::~PrivateCluster() = default;

void PrivateCluster::Start(std::stop_token stop) { server_->Start(stop); }
void PrivateCluster::Stop() { server_->Stop(); }
void PrivateCluster::Remove() { server_->Remove(); }
bool PrivateCluster::Alive() const { return server_->Alive(); }
std::string PrivateCluster::ConnectionString(std::string_view database) const {
  return server_->ConnectionString(database);
}
void PrivateCluster::CreateDatabaseIfMissing(std::string_view name) { server_->CreateDatabaseIfMissing(name); }
const std::filesystem::path& PrivateCluster::LogFile() const { return server_->LogFile(); }

}  // namespace volcanion::infrastructure
