#pragma once

#include "tests/bench/load/Histogram.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::bench {

/// Single events of one user, sent now and then, that a page of that user's newest events shows as soon as they are
/// readable: how long acknowledged events take to be read, as an analyst sees it. Their times grow with their numbers.
class Probe {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kPage = 20;

  Probe(std::string key, std::string prefix, std::string_view system, const std::string& token)
      : key_(std::move(key)), prefix_(std::move(prefix) + "-probe-") {
    question_ = "GET /api/events/partner-system/" + std::string(system) + "?userId=" + prefix_ +
                "&limit=" + std::to_string(kPage) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
                "\r\n\r\n";
  }

  /// The request with the next event.
  std::string NextEvent() {
    ++last_sent_;
    const auto seconds = last_sent_ / 10;
    char time[40];
    std::snprintf(time, sizeof time, "2026-01-21T%02llu:%02llu:%02llu.%llu00Z",
                  static_cast<unsigned long long>(seconds / 3600 % 24),
                  static_cast<unsigned long long>(seconds / 60 % 60), static_cast<unsigned long long>(seconds % 60),
                  static_cast<unsigned long long>(last_sent_ % 10));
    const std::string body = R"({"eventId":")" + prefix_ + std::to_string(last_sent_) +
                             R"(","eventName":"purchase","eventTimestamp":")" + time + R"(","userId":")" + prefix_ +
                             R"(","properties":{"amount":1,"currency":"EUR","order":"A-1-1"}})";
    return "POST /api/events/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-API-Key: " +
           key_ + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  /// The event that was sent last is stored.
  void OnAcknowledged(Clock::time_point when) { waiting_.emplace(last_sent_, when); }

  const std::string& question() const { return question_; }

  /// A page that was answered `when`. Events older than those of a full page are taken for read, now at the latest.
  void OnPage(std::string_view answer, Clock::time_point when) {
    const std::string before = R"("eventId":")" + prefix_;
    int items = 0;
    std::uint64_t oldest = 0;
    for (auto at = answer.find(before); at != std::string_view::npos; at = answer.find(before, at + 1), ++items) {
      oldest = std::strtoull(answer.data() + at + before.size(), nullptr, 10);
      const auto found = waiting_.find(oldest);
      if (found != waiting_.end()) Note(found, when);
    }
    while (items == kPage && !waiting_.empty() && waiting_.begin()->first < oldest) Note(waiting_.begin(), when);
  }

  std::size_t unread() const { return waiting_.size(); }
  const Histogram& times() const { return times_; }
  std::uint64_t events() const { return events_; }

 private:
  using Waiting = std::map<std::uint64_t, Clock::time_point>;

  void Note(Waiting::iterator one, Clock::time_point when) {
    times_.Add(when - one->second);
    ++events_;
    waiting_.erase(one);
  }

  const std::string key_;
  const std::string prefix_;
  std::string question_;
  std::uint64_t last_sent_ = 0;
  std::uint64_t events_ = 0;
  Waiting waiting_;  // acknowledged and not seen yet
  Histogram times_;
};

}  // namespace volcanion::bench
