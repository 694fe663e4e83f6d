#include "Infrastructure/PostgresServer/DirectoryLock.h"

#include "Infrastructure/PostgresServer/FileOwnership.h"
#include "Infrastructure/PostgresServer/PidFile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>

namespace volcanion::infrastructure {
namespace {

/// A lock on a file that has no name any more, as DeleteFile() leaves one, protects nothing.
bool IsNamed(int fd, const std::filesystem::path& file) {
  struct stat locked {};
  struct stat named {};
  return fstat(fd, &locked) == 0 && stat(file.c_str(), &named) == 0 && locked.st_ino == named.st_ino &&
         locked.st_dev == named.st_dev;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& directory) : file_(directory / "postgres.lock") {
  do {
    fd_ = FileDescriptor(open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd_) ThrowSystemError("Cannot open " + file_.string(), errno);
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) ThrowSystemError("Cannot lock " + file_.string(), errno);
      const std::optional<pid_t> holder = ReadPidFile(file_).pid;
      throw std::runtime_error("The data directory " + directory.string() + " is in use by another process" +
                               (holder ? " (" + std::to_string(*holder) + ")" : "") +
                               "; stop that one or choose another directory");
    }
  } while (!IsNamed(fd_.get(), file_));
  if (geteuid() == 0) GiveTo(fd_.get(), OwnerOf(directory));
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd_.get(), 0) != 0 || pwrite(fd_.get(), pid.data(), pid.size(), 0) < 0) {
    ThrowSystemError("Cannot write " + file_.string(), errno);
  }
}

void DirectoryLock::DeleteFile() const { std::filesystem::remove(file_); }

}  // namespace volcanion::infrastructure
