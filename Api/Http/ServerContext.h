#pragma once

#include "Api/Http/Budget.h"
#include "Api/Http/HttpServer.h"
#include "Api/Http/RequestReader.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace volcanion::api {

/// Counts sockets, and lets Stop() wait for the last of them. Thread-safe.
class SocketCount {
 public:
  std::size_t now() const { return count_.load(std::memory_order_relaxed); }
  void Enter() { count_.fetch_add(1, std::memory_order_relaxed); }
  void Leave() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const std::lock_guard lock(mutex_);  // so that a waiter is either before its check or asleep
    empty_.notify_all();
  }
  /// True when the count is zero before `deadline`.
  bool WaitUntilNone(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return empty_.wait_until(lock, deadline, [this] { return count_.load(std::memory_order_acquire) == 0; });
  }

 private:
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::condition_variable empty_;
};

/// One place in a SocketCount, given back when it is destroyed.
class SocketPlace {
 public:
  SocketPlace() = default;
  explicit SocketPlace(std::shared_ptr<SocketCount> count) : count_(std::move(count)) { count_->Enter(); }
  SocketPlace(SocketPlace&& other) noexcept = default;
  SocketPlace& operator=(SocketPlace&& other) noexcept {
    Leave();
    count_ = std::move(other.count_);
    return *this;
  }
  ~SocketPlace() { Leave(); }
  void Leave() {
    if (const auto count = std::move(count_)) count->Leave();
  }

 private:
  std::shared_ptr<SocketCount> count_;
};

/// What the workers of one server share. The settings do not change once it is built.
struct ServerContext {
  HttpServerSettings settings;
  RequestLimits limits;
  RequestHandler handler;
  ProtocolErrorAnswer error_answer;
  std::shared_ptr<Budget> budget = std::make_shared<Budget>();
  std::shared_ptr<SocketCount> served = std::make_shared<SocketCount>();   ///< connections within max_connections
  std::shared_ptr<SocketCount> refused = std::make_shared<SocketCount>();  ///< those that are being told 503
};

}  // namespace volcanion::api
