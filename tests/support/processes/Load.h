#pragma once

#include "tests/support/HttpClient.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace volcanion::test::processes {

struct SentEvent {
  std::string id;
  std::string properties;  ///< the exact text
  bool is_acknowledged = false;
};

/// Clients that send events of the shop with ids of their own, each of them one request after the other, until they are
/// stopped. Every other client sends again what was not acknowledged; every other pair sends batches.
class Load {
 public:
  /// `port` may change while the clients are at work; 0 stands for no server.
  Load(const std::atomic<std::uint16_t>& port, int clients);

  std::size_t acknowledged() const { return acknowledged_; }
  /// Waits for more events to be acknowledged.
  void WaitForMore(std::size_t events) const;

  void Stop();

  // From here on for when it has been stopped.

  std::vector<SentEvent> sent() const;
  int half_answers() const { return half_answers_; }
  /// Answers that no client should have got.
  const std::vector<std::string>& strange_answers() const { return strange_answers_; }

 private:
  void Send(std::stop_token stop, int client);
  static std::string NewEvent(std::vector<SentEvent>& sent, int client);
  /// False when it is worth a pause before the next request.
  bool Post(HttpClient& connection, const std::string& body, std::size_t events, std::vector<SentEvent>& sent,
            std::size_t first, bool is_first_attempt);
  void NoteStrange(std::string answer);

  const std::atomic<std::uint16_t>& port_;
  std::vector<std::vector<SentEvent>> sent_;  // each client has its own
  std::atomic<std::size_t> acknowledged_ = 0;
  std::atomic<int> half_answers_ = 0;
  std::mutex mutex_;
  std::vector<std::string> strange_answers_;  // guarded by mutex_
  std::vector<std::jthread> clients_;         // last: they stop before the rest goes
};

}  // namespace volcanion::test::processes
