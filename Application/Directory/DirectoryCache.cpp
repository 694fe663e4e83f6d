#include "Application/Directory/DirectoryCache.h"

#include "Application/Pause.h"

#include <exception>
#include <string>

namespace volcanion::application {

DirectoryCache::DirectoryCache(DirectoryStore& store, const SchemaCompiler& compiler, Log& log,
                               std::chrono::milliseconds poll_interval)
    : store_(store),
      compiler_(compiler),
      log_(log),
      poll_interval_(poll_interval),
      current_(std::make_shared<Directory>()),
      poller_([this](std::stop_token stop) { Poll(stop); }) {}

std::shared_ptr<const Directory> DirectoryCache::Current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

bool DirectoryCache::IsLoaded() const { return Current()->revision() > 0; }

domain::Result<std::shared_ptr<const Directory>> DirectoryCache::WithPartner(domain::PartnerId partner) {
  if (auto current = Current(); current->HasPartner(partner)) return current;
  if (auto refreshed = Refresh(); !refreshed) return std::move(refreshed).error();  // another process may have made it
  if (auto current = Current(); current->HasPartner(partner)) return current;
  return domain::Error{domain::ErrorKind::kNotFound, "There is no such partner."};
}

domain::Result<domain::Done> DirectoryCache::Refresh() {
  std::lock_guard one_at_a_time(refresh_mutex_);
  const auto before = Current();
  auto revision = store_.Revision();
  if (!revision) return std::move(revision).error();
  if (*revision == before->revision()) return domain::Done{};
  auto rows = store_.Load(before->CompiledIds());
  if (!rows) return std::move(rows).error();
  auto next = std::make_shared<const Directory>(*std::move(rows), *before, compiler_);
  std::lock_guard lock(mutex_);
  current_ = std::move(next);
  return domain::Done{};
}

void DirectoryCache::Poll(std::stop_token stop) {
  bool failing = false;
  do {
    std::string reason;
    try {
      if (const auto refreshed = Refresh(); !refreshed) reason = refreshed.error().message;
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (!reason.empty() && !failing) {
      log_.Warning("directory cannot be refreshed; the last one stays in force", {{"reason", reason}});
    }
    failing = !reason.empty();
  } while (Pause(stop, poll_interval_));
}

}  // namespace volcanion::application
