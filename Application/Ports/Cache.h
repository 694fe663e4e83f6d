#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::application {

/// Keeps texts for a while, or loses them: what is not there, or cannot be had quickly, is made again by whoever asks.
/// Never fails and never throws. Thread-safe; may block, for
/// some milliseconds at most.
class Cache {
 public:
  virtual ~Cache() = default;

  /// Exactly the text that was put last under this key; nothing when it has been lost, or its time is over.
  virtual std::optional<std::string> Get(std::string_view key) = 0;
  virtual void Put(std::string_view key, std::string_view value, std::chrono::seconds time_to_live) = 0;
};

}  // namespace volcanion::application
