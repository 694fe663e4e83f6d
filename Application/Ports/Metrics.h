#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace volcanion::application {

/// How far the projection is behind, and what it gave up on.
struct OutboxLag {
  std::int64_t pending_batches = 0;
  double oldest_seconds = 0;  ///< age of the oldest batch that is not projected
  std::int64_t set_aside_batches = 0;
};

/// What is counted and timed. Thread-safe and cheap.
class Metrics {
 public:
  virtual ~Metrics() = default;

  /// `route` is the pattern, never the path: labels must be few.
  virtual void RequestAnswered(std::string_view method, std::string_view route, int status, double seconds) = 0;
  /// `outcome`: valid, invalid, unjudged, duplicate, conflict or rejected.
  virtual void EventsIngested(std::string_view outcome, std::size_t count) = 0;
  virtual void BatchCommitted(std::size_t events, double seconds) = 0;
  virtual void CommitFailed() = 0;
  /// Events that wait for the group commit.
  virtual void QueueDepth(std::size_t events) = 0;
  virtual void BatchesProjected(std::size_t batches, std::size_t events, double seconds) = 0;
  virtual void BatchSetAside() = 0;
  virtual void OutboxMeasured(const OutboxLag& lag) = 0;
  /// An answer was looked for in the cache. `outcome`: hit, miss or bypass (the caller wanted a new one).
  virtual void AnswerLookedUp(std::string_view outcome) = 0;
  /// The shared cache could not be asked, or did not answer as it should.
  virtual void CacheFailed() = 0;
  /// Whether the shared cache is left alone for now.
  virtual void CacheBreaker(bool is_open) = 0;

  /// Everything, in the text format of Prometheus, version 0.0.4.
  virtual std::string Expose() const = 0;
};

}  // namespace volcanion::application
