#pragma once

#include "Application/Ports/EventReader.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::application {

/// What became, or would become, of the verdicts of some events. Their sum is the number of events.
struct VerdictTally {
  std::int64_t stayed_valid = 0;
  std::int64_t stayed_invalid = 0;
  std::int64_t turned_valid = 0;
  std::int64_t turned_invalid = 0;

  void Add(bool was_valid, bool is_valid);
  std::int64_t events() const { return stayed_valid + stayed_invalid + turned_valid + turned_invalid; }
};

/// How often one rule is broken, with a few of those who break it.
struct ViolationKind {
  struct Example {
    domain::TrackingEventId event;
    std::string message;
  };
  std::string pointer;  ///< with `*` for every index of an array
  std::string keyword;
  std::int64_t events = 0;
  std::vector<Example> examples;
};

struct SystemReport {
  domain::PartnerSystemId system;
  std::string name;
  VerdictTally tally;
};

/// What a version of a structure says of stored events. Bounded, however many events it tells of.
struct JudgingReport {
  static constexpr std::size_t kMaxViolationKinds = 100;
  static constexpr std::size_t kMaxExamples = 3;
  static constexpr std::size_t kMaxTextBytes = 300;  ///< of a pointer or a message; more is cut off

  VerdictTally tally;
  std::int64_t violating = 0;         ///< of the events: those with violations, whatever their system makes of them
  std::int64_t unjudged = 0;          ///< of the events: the version could not be applied to them within its budget
  std::vector<ViolationKind> kinds;   ///< in the order in which they were met
  std::int64_t events_beyond = 0;     ///< violations by events of the kinds that came after the first 100
  std::vector<SystemReport> systems;  ///< in the order in which they were looked at
  bool sampled = false;               ///< not all events were looked at, but the newest of each system
  std::optional<Freshness> as_of;     ///< what the read store reflected in the beginning

  void Add(const EventRow& event, const domain::Verdict& verdict);
};

/// "/items/12/price" becomes "/items/*/price". A member that is named by digits counts as an index, too.
std::string WithoutIndexes(std::string_view pointer);

}  // namespace volcanion::application
