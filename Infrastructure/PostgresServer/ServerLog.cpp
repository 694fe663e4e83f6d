#include "Infrastructure/PostgresServer/ServerLog.h"

#include "Infrastructure/PostgresServer/FileOwnership.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace volcanion::infrastructure {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 16 << 20;
constexpr off_t kTailBytes = 4 << 10;
constexpr std::size_t kTailLines = 12;

}  // namespace

ServerLog::ServerLog(const ClusterHome& home) : file_(home.log_file) {
  const fs::path directory = file_.parent_path();
  MakeOwnDirectory(directory, 0700, std::nullopt);
  std::error_code missing;
  if (fs::file_size(file_, missing) > kMaxBytes && !missing) fs::rename(file_, fs::path(file_).concat(".old"));
  fd_ = FileDescriptor(open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) ThrowSystemError("Cannot open " + file_.string(), errno);
  if (home.server_user) {
    const Owner owner = OwnerOf(home.path);
    GiveTo(fd_.get(), owner);
    if (lchown(directory.c_str(), owner.uid, owner.gid) != 0) {
      ThrowSystemError("Cannot set the owner of " + directory.string(), errno);
    }
  }
  start_ = lseek(fd_.get(), 0, SEEK_END);
}

std::string ServerLog::Tail() const {
  const off_t end = lseek(fd_.get(), 0, SEEK_END);
  const off_t begin = std::max(start_, end - kTailBytes);
  std::string text(static_cast<std::size_t>(std::max<off_t>(end - begin, 0)), '\0');
  const ssize_t length = pread(fd_.get(), text.data(), text.size(), begin);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  text.erase(text.find_last_not_of("\n ") + 1);
  std::size_t from = text.size();
  for (std::size_t lines = 0; lines < kTailLines && from != 0 && from != std::string::npos; ++lines) {
    from = text.rfind('\n', from - 1);
  }
  if (from != std::string::npos && from != 0) text.erase(0, from + 1);
  return (text.empty() ? "" : "\n" + text) + "\n(the log is " + file_.string() + ")";
}

}  // namespace volcanion::infrastructure
