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

Verdict Conclude(InvalidEventPolicy policy, std::vector<Violation> violations) {
  const bool is_valid = violations.empty() || policy == InvalidEventPolicy::kObserve;
  return Verdict{is_valid, std::move(violations)};
}

Result<PartnerSystem> PartnerSystem::Create(PartnerSystemId id, PartnerId partner, std::string name,
                                            InvalidEventPolicy invalid_events, Timestamp created_at) {
  if (auto fault = CheckName(name, "/name", kMaxNameBytes)) {
    return Error{ErrorKind::kInvalid, "The system cannot be created as described.", {*std::move(fault)}};
  }
  return PartnerSystem(id, partner, std::move(name), invalid_events, created_at);
}

}  // namespace volcanion::domain
