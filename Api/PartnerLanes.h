#pragma once

#include "Domain/Uuid.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace volcanion::api {

/// Threads for work that takes long, in a lane for each partner: so many at the same time, and a few more that wait for
/// those. Work begins in the order in which it came, but for that of partners whose lanes are full, which is passed
/// over. Thread-safe.
class PartnerLanes {
 public:
  struct Settings {
    int threads = 4;
    int running_of_one = 2;          ///< of one partner at the same time
    std::size_t waiting_of_one = 8;  ///< at least 1; of one partner; more are refused
    std::size_t waiting = 256;       ///< of all
  };

  explicit PartnerLanes(const Settings& settings);
  ~PartnerLanes() { Stop(); }

  enum class Outcome {
    kTaken,
    kLaneIsFull,  ///< the partner has as much as it may
    kAllAreFull,
  };
  /// What is not taken is dropped. `work` does not throw.
  [[nodiscard]] Outcome Submit(domain::PartnerId partner, std::function<void()> work);

  /// Finishes what has begun, drops what waits, and takes nothing any more. Idempotent; for one thread.
  void Stop();

 private:
  struct Lane {
    int running = 0;
    std::deque<std::function<void()>> waiting;
  };

  void Run(std::stop_token stop);
  /// The place in `turns_` of the first partner whose next piece of work may run; its end when there is none.
  std::deque<domain::PartnerId>::iterator NextTurn();

  const Settings settings_;
  std::mutex mutex_;  // guards those below
  std::condition_variable_any changed_;
  std::unordered_map<domain::PartnerId, Lane> lanes_;  // of the partners that have any work
  std::deque<domain::PartnerId> turns_;                // one for each piece that waits
  bool stopped_ = false;
  std::vector<std::jthread> threads_;  // last: stop before the rest goes
};

}  // namespace volcanion::api
