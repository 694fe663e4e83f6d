#include "Domain/PartnerSystem.h"

#include "Domain/Name.h"

namespace volcanion::domain {

std::string_view ToString(InvalidEventPolicy policy) {
  switch (policy) {
    case InvalidEventPolicy::kObserve:
      return "observe";
    case InvalidEventPolicy::kFlag:
      return "flag";
    case InvalidEventPolicy::kReject:
      return "reject";
  }
  return "flag";
}

std::optional<InvalidEventPolicy> ParseInvalidEventPolicy(std::string_view text) {
  for (const auto policy : {InvalidEventPolicy::kObserve, InvalidEventPolicy::kFlag, InvalidEventPolicy::kReject}) {
    if (text == ToString(policy)) return policy;
  }
  return std::nullopt;
}

Verdict Conclude(InvalidEventPolicy policy, Verdict judged) {
  if (judged.outcome == Verdict::Outcome::kInvalid && policy == InvalidEventPolicy::kObserve) {
    judged.outcome = Verdict::Outcome::kValid;
  }
  return judged;
}

bool IsRejected(InvalidEventPolicy policy, const Verdict& judged) {
  return policy == InvalidEventPolicy::kReject && judged.outcome == Verdict::Outcome::kInvalid;
}

Result<PartnerSystem> PartnerSystem::Create(PartnerSystemId id, PartnerId partner, std::string name,
                                            InvalidEventPolicy invalid_events, std::optional<RateLimit> rate_limit,
                                            Timestamp created_at) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) faults.push_back(*std::move(fault));
  const auto check = [&faults](int number, const char* pointer) {
    if (number >= 1 && number <= kMaxRateLimit) return;
    faults.push_back({pointer, "out_of_range", "must be from 1 to " + std::to_string(kMaxRateLimit)});
  };
  if (rate_limit) {
    check(rate_limit->events_per_second, "/rateLimit/eventsPerSecond");
    check(rate_limit->burst, "/rateLimit/burst");
  }
  if (!faults.empty()) {
    return Error{ErrorKind::kInvalid, "The system cannot be created as described.", std::move(faults)};
  }
  return PartnerSystem(id, partner, std::move(name), invalid_events, rate_limit, created_at);
}

}  // namespace volcanion::domain
