#pragma once

#include "Domain/Result.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"
#include "Domain/Violation.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::domain {

/// What becomes of an event that breaks its structure, or has none.
enum class InvalidEventPolicy {
  kObserve,  ///< stored as valid, with its violations
  kFlag,     ///< stored as invalid, with its violations
  kReject,   ///< answered 422 and kept as a rejected payload
};

std::string_view ToString(InvalidEventPolicy policy);  ///< "observe", "flag", "reject"
std::optional<InvalidEventPolicy> ParseInvalidEventPolicy(std::string_view text);

/// The verdict on an event under that policy: an invalid one that is only to be observed counts as valid. What is
/// unjudged stays so under every policy.
Verdict Conclude(InvalidEventPolicy policy, Verdict judged);

/// Whether an event with that verdict is to be kept as a rejected payload. Never one that is unjudged: nobody knows
/// whether it breaks its structure.
bool IsRejected(InvalidEventPolicy policy, const Verdict& judged);

/// How fast each key of a system may send: a bucket of `burst` events that fills at a steady rate.
struct RateLimit {
  int events_per_second = 0;
  int burst = 0;  ///< events

  bool operator==(const RateLimit&) const = default;
};

inline constexpr int kMaxRateLimit = 1'000'000;  ///< of both numbers

/// One source of events of a partner: a website, an app, a backend service.
class PartnerSystem {
 public:
  /// kInvalid when the name breaks Domain/Name.h, or a number of the limit is not from 1 to kMaxRateLimit.
  static Result<PartnerSystem> Create(PartnerSystemId id, PartnerId partner, std::string name,
                                      InvalidEventPolicy invalid_events, std::optional<RateLimit> rate_limit,
                                      Timestamp created_at);

  PartnerSystemId id() const { return id_; }
  PartnerId partner() const { return partner_; }
  const std::string& name() const { return name_; }
  InvalidEventPolicy invalid_events() const { return invalid_events_; }
  std::optional<RateLimit> rate_limit() const { return rate_limit_; }
  Timestamp created_at() const { return created_at_; }

 private:
  PartnerSystem(PartnerSystemId id, PartnerId partner, std::string name, InvalidEventPolicy invalid_events,
                std::optional<RateLimit> rate_limit, Timestamp created_at)
      : id_(id),
        partner_(partner),
        name_(std::move(name)),
        invalid_events_(invalid_events),
        rate_limit_(rate_limit),
        created_at_(created_at) {}

  PartnerSystemId id_;
  PartnerId partner_;
  std::string name_;
  InvalidEventPolicy invalid_events_;
  std::optional<RateLimit> rate_limit_;
  Timestamp created_at_;
};

}  // namespace volcanion::domain
