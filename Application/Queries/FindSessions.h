#pragma once

#include "Application/Behaviour/Sessions.h"
#include "Application/Queries/BehaviourQuestion.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::application {

/// How long a session is followed behind the end of the range in which it began.
inline constexpr std::chrono::hours kSessionFollowed{24};

/// How many sessions begin in a range, and how long are they?
struct CountSessions {
  BehaviourQuestion of;
  std::chrono::seconds gap{30 * 60};
};

/// Which sessions of one person begin in a range? A page of them, in the order of time.
struct FindSessions {
  BehaviourQuestion of;                    ///< either end of the range may be open
  std::optional<std::string> person = {};  ///< must be there
  std::chrono::seconds gap{30 * 60};
  int limit = 100;  ///< 1 to 1,000
  std::optional<std::string> cursor = {};
};

struct FoundSessions {
  std::vector<EventSession> items;
  std::optional<std::string> next_cursor;  ///< nothing on the last page
};

class FindSessionsHandler {
 public:
  FindSessionsHandler(BehaviourReader& reader, DirectoryCache& directory, BehaviourLimits limits)
      : reader_(reader), directory_(directory), limits_(limits) {}

  static constexpr std::chrono::seconds kMaxGap{24 * 3600};

  /// Both block, and fail as FindFunnelHandler::Handle().
  domain::Result<SessionTotals> Handle(const CountSessions& question);
  domain::Result<FoundSessions> Handle(const FindSessions& question);

 private:
  BehaviourReader& reader_;
  DirectoryCache& directory_;
  const BehaviourLimits limits_;
};

}  // namespace volcanion::application
