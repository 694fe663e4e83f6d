#pragma once

#include "Domain/Uuid.h"
#include "Infrastructure/Postgres/SociPool.h"

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace volcanion::infrastructure {

struct AnalysisPoolSettings {
  std::string connection_string;  ///< of the read store, completed by CompleteConnectionString()
  std::size_t max_connections = 4;
  std::chrono::milliseconds statement_timeout{30'000};
};

/// Where questions are asked that go through many rows of a partner: few connections of their own, so that they keep
/// nobody else from one. Each transaction shows one picture of the store, uses one core and little memory of the
/// server (the .cpp says how much), and ends soon when nobody waits for it any more. Thread-safe.
class AnalysisPool {
 public:
  AnalysisPool(const AnalysisPoolSettings& settings, application::Log& log);

  /// As SociPool::Run(), on the rows of one partner. Once `stop` stops, the statement under way is cancelled at the
  /// server, within some hundred milliseconds; that is kUnavailable, as is the end of the statement time-out. kTooLarge
  /// when sorting would take more disk than it may.
  template <typename Work>
  auto Run(std::string_view name, domain::PartnerId partner, const std::stop_token& stop, Work work) {
    return pool_.Run(TransactionOf(name, partner, stop), std::move(work));
  }

  /// Cuts what is under way.
  void Interrupt() { pool_.Interrupt(); }

 private:
  Transaction TransactionOf(std::string_view name, domain::PartnerId partner, const std::stop_token& stop) const;

  const std::chrono::milliseconds statement_timeout_;
  SociPool pool_;
};

}  // namespace volcanion::infrastructure
