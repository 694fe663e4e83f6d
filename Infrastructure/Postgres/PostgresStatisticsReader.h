#pragma once

#include "Application/Ports/StatisticsReader.h"
#include "Infrastructure/Postgres/AnalysisPool.h"
#include "Infrastructure/Postgres/SociPool.h"
#include "Infrastructure/Postgres/TimePoints.h"

#include <chrono>
#include <cstdint>

namespace volcanion::infrastructure {

/// Counts by the roll-ups (RolledCounts.h) whatever they can answer: everything but minutes, members of the properties
/// and filters other than name and verdict. For these the rows are counted, as analyses.
class PostgresStatisticsReader final : public application::StatisticsReader {
 public:
  struct Settings {
    std::chrono::milliseconds statement_timeout{10'000};  ///< after which a question is given up, as kUnavailable
    /// Of so many events, at most, the users are counted; those of more are estimated, unless exactness is asked for.
    std::int64_t counted_events = 5'000;
  };

  PostgresStatisticsReader(SociPool& read_store, AnalysisPool& analyses, Settings settings)
      : pool_(read_store), analyses_(analyses), settings_(settings) {}

  domain::Result<application::EventSummary> Summarize(const application::SummaryQuery& query) override;
  domain::Result<application::TimeSeries> CountOverTime(const application::SeriesQuery& query) override;
  domain::Result<application::Numbers> Measure(const application::NumbersQuery& query) override;

 private:
  /// Gives `work` a transaction where such a question belongs.
  template <typename Query, typename Work>
  auto Run(const char* name, const Query& query, Work work);

  SociPool& pool_;
  AnalysisPool& analyses_;
  const Settings settings_;
  TimeZones time_zones_;
};

}  // namespace volcanion::infrastructure
