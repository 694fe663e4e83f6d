#pragma once

#include "Infrastructure/PostgresServer/SystemCalls.h"

#include <filesystem>

namespace volcanion::infrastructure {

/// `<directory>/postgres.lock`, held: while this object lives nobody else has one for the directory, in this process or
/// another. The kernel lets go of it when the process ends, in whatever way. The file tells the process that holds it.
class DirectoryLock {
 public:
  /// `directory` exists. Throws std::runtime_error, without waiting, when somebody else holds the lock.
  explicit DirectoryLock(const std::filesystem::path& directory);

  /// The lock is held on: who comes meanwhile makes a file, and with it a lock, of their own.
  void DeleteFile() const;

 private:
  std::filesystem::path file_;
  FileDescriptor fd_;
};

}  // namespace volcanion::infrastructure
