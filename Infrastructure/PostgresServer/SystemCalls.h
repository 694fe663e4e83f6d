#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

namespace volcanion::infrastructure {

/// For a system call that has failed with `error` (its errno): throws std::system_error, a std::runtime_error, with
/// "<what>: <the system's reason>".
[[noreturn]] inline void ThrowSystemError(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

/// Owns a file descriptor, or none (-1), and closes it.
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

}  // namespace volcanion::infrastructure
