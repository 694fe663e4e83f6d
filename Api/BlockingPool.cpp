#include "Api/BlockingPool.h"

#include <utility>

namespace volcanion::api {

BlockingPool::BlockingPool(int threads, std::size_t max_queued, std::chrono::milliseconds longest_wait)
    : max_queued_(max_queued), longest_wait_(longest_wait) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this](std::stop_token stop) { Run(stop); });
}

void BlockingPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  queue_.clear();
}

bool BlockingPool::Submit(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  if (stopped_ || queue_.size() >= max_queued_) return false;
  queue_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

void BlockingPool::Run(std::stop_token stop) {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !queue_.empty(); });
      if (stop.stop_requested()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace volcanion::api
