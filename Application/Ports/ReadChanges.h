#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <cstdint>
#include <optional>
#include <string>

namespace volcanion::application {

/// The events that an answer is about: those of a partner, in a range of their timestamps.
struct AnswerScope {
  domain::PartnerId partner;
  std::optional<domain::Timestamp> from;  ///< inclusive
  std::optional<domain::Timestamp> to;    ///< exclusive
};

/// How far the events of a scope have come. Two stamps that are the same in `store` and `changes` mean that no event of
/// the scope came, and none got another verdict, between the one and the other.
struct ChangeStamp {
  std::string store;         ///< which read store; another one counts anew
  std::int64_t changes = 0;  ///< grows with each projected batch that has to do with the days of the scope
  Freshness as_of;           ///< at the same instant
};

/// Whether the read store has changed. Thread-safe; blocks. kUnavailable when the store is away or too slow.
class ReadChanges {
 public:
  virtual ~ReadChanges() = default;

  virtual domain::Result<Freshness> CurrentFreshness() = 0;
  virtual domain::Result<ChangeStamp> StampOf(const AnswerScope& scope) = 0;
};

}  // namespace volcanion::application
