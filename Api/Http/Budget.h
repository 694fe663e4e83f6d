#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace volcanion::api {

/// What the requests and answers of one server hold together. Thread-safe.
struct Budget {
  std::atomic<std::size_t> requests = 0;       ///< with the handler
  std::atomic<std::size_t> request_bytes = 0;  ///< of bodies that are being read, or with the handler
  std::atomic<std::size_t> answer_bytes = 0;   ///< of large answers that are being sent
};

/// One connection's share of a budget; given back when it is released or destroyed, on whatever thread.
class Charge {
 public:
  explicit Charge(std::shared_ptr<Budget> budget) : budget_(std::move(budget)) {}
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  ~Charge() { Release(); }

  /// False when there is no more room; nothing is taken then.
  [[nodiscard]] bool TakeRequest(std::size_t max) { return Take(budget_->requests, requests_, 1, max); }
  [[nodiscard]] bool TakeBytes(std::size_t bytes, std::size_t max) {
    return Take(budget_->request_bytes, request_bytes_, bytes, max);
  }
  /// Takes in any case. What all answers hold together then.
  std::size_t AddAnswer(std::size_t bytes) {
    answer_bytes_ += bytes;
    return budget_->answer_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  }

  std::size_t request_bytes() const { return request_bytes_; }
  void Release() {
    GiveBack(budget_->requests, requests_);
    GiveBack(budget_->request_bytes, request_bytes_);
    GiveBack(budget_->answer_bytes, answer_bytes_);
  }

 private:
  static bool Take(std::atomic<std::size_t>& all, std::size_t& mine, std::size_t more, std::size_t max) {
    if (all.fetch_add(more, std::memory_order_relaxed) + more > max) {
      all.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    mine += more;
    return true;
  }
  static void GiveBack(std::atomic<std::size_t>& all, std::size_t& mine) {
    if (mine != 0) all.fetch_sub(std::exchange(mine, 0), std::memory_order_relaxed);
  }

  const std::shared_ptr<Budget> budget_;
  std::size_t requests_ = 0;
  std::size_t request_bytes_ = 0;
  std::size_t answer_bytes_ = 0;
};

}  // namespace volcanion::api
