#pragma once

#include "Application/Ports/Metrics.h"

#include <memory>
#include <string>
#include <string_view>

namespace volcanion::infrastructure {

/// Metrics for Prometheus. What is counted often finds its counter without the registry's lock.
///
/// Labels stay few whatever clients send: a method that HTTP does not define counts as "other", as does an outcome that
/// Metrics does not name, and so does the route when more than 500 combinations of method, route and status were seen.
class PrometheusMetrics final : public application::Metrics {
 public:
  /// `version` of the program, for volcanion_build_info.
  explicit PrometheusMetrics(std::string_view version);
  ~PrometheusMetrics() override;

  void RequestAnswered(std::string_view method, std::string_view route, int status, double seconds) override;
  void EventsIngested(std::string_view outcome, std::size_t count) override;
  void BatchCommitted(std::size_t events, double seconds) override;
  void CommitFailed() override;
  void QueueDepth(std::size_t events) override;
  void BatchesProjected(std::size_t batches, std::size_t events, double seconds) override;
  void BatchSetAside() override;
  void OutboxMeasured(const application::OutboxLag& lag) override;
  void AnswerLookedUp(std::string_view outcome) override;
  void CacheFailed() override;
  void CacheBreaker(bool is_open) override;

  std::string Expose() const override;

 private:
  struct Instruments;
  const std::unique_ptr<Instruments> instruments_;
};

}  // namespace volcanion::infrastructure
