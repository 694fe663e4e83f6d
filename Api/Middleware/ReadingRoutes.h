#pragma once

#include "Api/Middleware/GuardedRoutes.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Middleware/RecentAnswers.h"
#include "Api/PartnerLanes.h"
#include "Application/Ports/Clock.h"
#include "Application/Queries/AnswerCache.h"
#include "Application/Queries/FreshnessWatch.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace volcanion::api {

/// What a question asks for, once its parameters have been read.
struct Reading {
  /// The events that the answer is about; without it, the answer is made each time.
  std::optional<application::AnswerScope> scope;
  /// Answers with a JSON object that has a member at least; `asOf` becomes its last one. Blocks.
  std::function<domain::Result<std::string>()> make;
  /// It goes through many rows: unless the answer is kept, it is made in the partner's lane, and the client is answered
  /// 503 when that is full. Wants a scope. `make` should end soon once Request::hung_up of the call stops.
  bool is_analysis = false;
};

/// Adds routes that read the read store: GuardedRoutes with what holds for all of them.
///
/// - `minPosition` and `waitSeconds`: the answer waits, without a thread, until the read store reflects that position;
///   504 with what there is when it does not in time.
/// - `asOf` on every answer.
/// - Answers are kept for as long as they are true (AnswerCache), but for callers with `Cache-Control: no-cache`; those
///   of a moment ago are given at once (RecentAnswers).
/// - `ETag` and `If-None-Match`.
///
/// How to add one:
///
///     readings.Add("/api/statistics/partner/{id}", Access::Member(kPartner, domain::Scope::kEventsRead),
///                  [&totals](const Call& call, QueryReader& parameters) -> domain::Result<Reading> {
///                    ... read the parameters, Finish() them, then
///                    return Reading{{{{partner, from, to}}}, [&totals, question] { return
///                    Write(totals.Handle(question)); }};
///                  });
class ReadingRoutes {
 public:
  struct Services {
    application::AnswerCache& answers;
    RecentAnswers& recent;
    const application::DirectoryCache& directory;
    application::Metrics& metrics;
    application::FreshnessWatch& watch;
    application::ReadChanges& changes;
    const application::Clock& clock;
    BlockingPool& blocking;
    PartnerLanes& analyses;
  };

  ReadingRoutes(GuardedRoutes& routes, Services services) : routes_(routes), services_(services) {}

  /// Reads the parameters of a question; blocks. What the answer is about is found by the path and all parameters.
  using Handle = std::function<domain::Result<Reading>(const Call&, QueryReader&)>;
  void Add(std::string_view pattern, const Access& access, Handle handle);

 private:
  GuardedRoutes& routes_;
  const Services services_;
};

/// Which position a reader asks for, and how long it waits for that.
struct Patience {
  std::int64_t min_position = 0;
  std::chrono::seconds wait{2};
};

/// Reads `minPosition` and `waitSeconds`, and notes what is wrong with them.
Patience ReadPatience(QueryReader& parameters);

/// On a thread that may block, which is free again while the call waits: goes on with true once the read store reflects
/// the position, with false when it does not in time. Answers the call when it cannot.
void WaitForPosition(const ReadingRoutes::Services& services, const Patience& patience, std::shared_ptr<Call> call,
                     std::function<void(bool in_time)> then);

}  // namespace volcanion::api
