#include "Domain/PartnerSystem.h"

#include "Domain/Name.h"

#include <tuple>
#include <utility>

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

namespace {

std::vector<Fault> Check(std::string_view name, const std::optional<RateLimit>& limit) {
  std::vector<Fault> faults;
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) faults.push_back(*std::move(fault));
  const auto check = [&faults](int number, const char* pointer) {
    if (number >= 1 && number <= kMaxRateLimit) return;
    faults.push_back({pointer, "out_of_range", "must be from 1 to " + std::to_string(kMaxRateLimit)});
  };
  if (limit) {
    check(limit->events_per_second, "/rateLimit/eventsPerSecond");
    check(limit->burst, "/rateLimit/burst");
  }
  return faults;
}

}  // namespace

Result<PartnerSystem> PartnerSystem::Create(PartnerSystemId id, PartnerId partner, std::string name,
                                            InvalidEventPolicy invalid_events, std::optional<RateLimit> rate_limit,
                                            Timestamp created_at) {
  if (auto faults = Check(name, rate_limit); !faults.empty()) {
    return Error{ErrorKind::kInvalid, "The system cannot be created as described.", std::move(faults)};
  }
  return PartnerSystem({id, partner, std::move(name), invalid_events, rate_limit, created_at});
}

Result<Done> PartnerSystem::Change(const PartnerSystemChange& change) {
  auto after = fields_;
  after.name = change.name.value_or(fields_.name);
  after.invalid_events = change.invalid_events.value_or(fields_.invalid_events);
  after.rate_limit = change.rate_limit.value_or(fields_.rate_limit);
  after.is_active = change.is_active.value_or(fields_.is_active);
  if (auto faults = Check(after.name, after.rate_limit); !faults.empty()) {
    return Error{ErrorKind::kInvalid, "The system cannot be changed as described.", std::move(faults)};
  }
  const auto parts = [](const PartnerSystemFields& fields) {
    return std::tie(fields.name, fields.invalid_events, fields.rate_limit, fields.is_active);
  };
  if (parts(after) == parts(fields_)) return Done{};
  fields_ = std::move(after);
  ++fields_.revision;
  return Done{};
}

}  // namespace volcanion::domain
