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

struct PartnerSystemFields {
  PartnerSystemId id;
  PartnerId partner;
  std::string name;
  InvalidEventPolicy invalid_events = InvalidEventPolicy::kFlag;
  std::optional<RateLimit> rate_limit = {};
  Timestamp created_at = {};
  bool is_active = true;
  int revision = 1;  ///< grows with every change
};

/// What is to be otherwise; nothing: as it is.
struct PartnerSystemChange {
  std::optional<std::string> name = {};
  std::optional<InvalidEventPolicy> invalid_events = {};
  std::optional<std::optional<RateLimit>> rate_limit = {};  ///< an empty one: no limit
  std::optional<bool> is_active = {};
};

/// One source of events of a partner: a website, an app, a backend service. It is never deleted, as its events refer to
/// it; one that is not active sends nothing.
class PartnerSystem {
 public:
  /// kInvalid when the name breaks Domain/Name.h, or a number of the limit is not from 1 to kMaxRateLimit.
  static Result<PartnerSystem> Create(PartnerSystemId id, PartnerId partner, std::string name,
                                      InvalidEventPolicy invalid_events, std::optional<RateLimit> rate_limit,
                                      Timestamp created_at);
  /// As it was stored.
  static PartnerSystem Restore(PartnerSystemFields fields) { return PartnerSystem(std::move(fields)); }

  PartnerSystemId id() const { return fields_.id; }
  PartnerId partner() const { return fields_.partner; }
  const std::string& name() const { return fields_.name; }
  InvalidEventPolicy invalid_events() const { return fields_.invalid_events; }
  std::optional<RateLimit> rate_limit() const { return fields_.rate_limit; }
  Timestamp created_at() const { return fields_.created_at; }
  bool is_active() const { return fields_.is_active; }
  int revision() const { return fields_.revision; }

  /// kInvalid as in Create(); then nothing is changed. The revision grows when anything is.
  Result<Done> Change(const PartnerSystemChange& change);

 private:
  explicit PartnerSystem(PartnerSystemFields fields) : fields_(std::move(fields)) {}

  PartnerSystemFields fields_;
};

}  // namespace volcanion::domain
