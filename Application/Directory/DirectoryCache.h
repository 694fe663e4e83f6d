#pragma once

#include "Application/Directory/Directory.h"
#include "Application/Ports/DirectoryStore.h"
#include "Application/Ports/Log.h"
#include "Application/Ports/SchemaCompiler.h"
#include "Domain/Result.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

namespace volcanion::application {

/// Keeps the directory in memory, so that ingestion asks no database about keys and structures. A thread of its own
/// asks for the revision every `poll_interval`: a change made anywhere is known here within that time and the time of
/// one load. While the store is away the last picture stays in force. Thread-safe.
class DirectoryCache {
 public:
  DirectoryCache(DirectoryStore& store, const SchemaCompiler& compiler, Log& log,
                 std::chrono::milliseconds poll_interval);

  /// Never null; empty before the first load.
  std::shared_ptr<const Directory> Current() const;
  /// A picture that has this partner: the current one, or one that is loaded now; blocks then. kNotFound when there is
  /// no such partner.
  domain::Result<std::shared_ptr<const Directory>> WithPartner(domain::PartnerId partner);
  /// Loads what has changed since, now; blocks. For the writer of a change, and for a key that is not known yet.
  domain::Result<domain::Done> Refresh();
  /// Whether a picture has been loaded at all.
  bool IsLoaded() const;

 private:
  void Poll(std::stop_token stop);

  DirectoryStore& store_;
  const SchemaCompiler& compiler_;
  Log& log_;
  const std::chrono::milliseconds poll_interval_;

  std::mutex refresh_mutex_;  // one load at a time

  mutable std::mutex mutex_;  // guards the one below
  std::shared_ptr<const Directory> current_;

  std::jthread poller_;  // last: stops before the rest goes
};

}  // namespace volcanion::application
