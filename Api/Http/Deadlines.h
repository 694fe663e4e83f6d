#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>

namespace volcanion::api {

class Connection;

using Clock = std::chrono::steady_clock;

/// What a connection is given limited time for.
enum class Wait {
  kNothing,
  kFirstByte,  // of a new connection
  kRequest,    // of a connection that has been of use already
  kHeaders,
  kBody,
  kReader,
  kLastCall,  // while the server stops: for a request that is on its way, to the end of its headers
  kLastBody,  // likewise for a body
  kGoodbye,
};
inline constexpr std::size_t kWaits = 9;

/// When which connection's patience ends. Each kind of wait takes the same time for everyone, so a list per kind in the
/// order of arming is sorted by deadline: arming is to move a node to the end of a list, and looking for what is due
/// is to look at the fronts. Not thread-safe.
class Deadlines {
 public:
  struct Entry {
    Connection* connection;
    Wait wait;
    Clock::time_point due;
  };
  using Ticket = std::list<Entry>::iterator;

  explicit Deadlines(const std::array<std::chrono::milliseconds, kWaits>& patience) : patience_(patience) {}

  Ticket Add(Connection& connection) {
    auto& list = ListOf(Wait::kNothing);
    return list.insert(list.end(), Entry{&connection, Wait::kNothing, {}});
  }
  void Arm(Ticket ticket, Wait wait, Clock::time_point now) {
    auto& list = ListOf(wait);
    list.splice(list.end(), ListOf(ticket->wait), ticket);
    ticket->wait = wait;
    ticket->due = now + patience_[static_cast<std::size_t>(wait)];
  }
  std::size_t CountOf(Wait wait) { return ListOf(wait).size(); }
  /// Whoever has waited longest for that; null when nobody does.
  Connection* Longest(Wait wait) {
    const auto& list = ListOf(wait);
    return list.empty() ? nullptr : list.front().connection;
  }
  void Remove(Ticket ticket) { ListOf(ticket->wait).erase(ticket); }

  /// Calls `late(connection, wait)` for each whose time is up; it waits for nothing then, until it is armed anew.
  template <typename Late>
  void Sweep(Clock::time_point now, Late late) {
    for (std::size_t i = 1; i < kWaits; ++i) {
      auto& list = lists_[i];
      while (!list.empty() && list.front().due <= now) {
        const auto ticket = list.begin();
        Connection& connection = *ticket->connection;
        Arm(ticket, Wait::kNothing, now);
        late(connection, static_cast<Wait>(i));
      }
    }
  }

 private:
  std::list<Entry>& ListOf(Wait wait) { return lists_[static_cast<std::size_t>(wait)]; }

  std::array<std::chrono::milliseconds, kWaits> patience_;
  std::array<std::list<Entry>, kWaits> lists_;
};

}  // namespace volcanion::api
