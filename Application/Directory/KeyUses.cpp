#include "Application/Directory/KeyUses.h"

#include "Application/Pause.h"

#include <exception>
#include <functional>
#include <string>

namespace volcanion::application {

KeyUses::KeyUses(ApiKeyStore& store, Log& log, std::chrono::milliseconds interval)
    : store_(store), log_(log), writer_([this, interval](std::stop_token stop) {
        while (Pause(stop, interval)) WriteDown();
      }) {}

KeyUses::~KeyUses() {
  writer_.request_stop();
  writer_.join();
  WriteDown();
}

void KeyUses::Note(domain::ApiKeyId key, domain::Timestamp now) {
  auto& shard = shards_[std::hash<domain::ApiKeyId>()(key) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  shard.uses[key] = now;
}

std::vector<KeyUse> KeyUses::Take() {
  std::vector<KeyUse> taken;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [key, at] : shard.uses) taken.push_back({key, at});
    shard.uses.clear();
  }
  return taken;
}

void KeyUses::WriteDown() {
  const auto uses = Take();
  if (uses.empty()) return;
  std::string reason;
  try {
    if (const auto noted = store_.NoteUses(uses); !noted) reason = noted.error().message;
  } catch (const std::exception& error) {
    reason = error.what();
  }
  if (!reason.empty() && !failing_) log_.Warning("uses of keys cannot be written down", {{"reason", reason}});
  failing_ = !reason.empty();
}

}  // namespace volcanion::application
