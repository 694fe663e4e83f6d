#include "Application/Queries/BehaviourQuestion.h"

#include <algorithm>

namespace volcanion::application {

using domain::Error;
using domain::ErrorKind;
using domain::Fault;

domain::Result<std::vector<domain::PartnerSystemId>> SystemsOf(const BehaviourQuestion& question,
                                                               DirectoryCache& directory, std::vector<Fault>& faults) {
  const auto known = directory.WithPartner(question.partner);
  if (!known) return known.error();
  std::vector<domain::PartnerSystemId> systems;
  for (const auto* system : (*known)->SystemsOf(question.partner)) {
    if (!question.system || system->id == *question.system) systems.push_back(system->id);
  }
  if (question.system && systems.empty()) {
    faults.push_back({"/partnerSystemId", "unknown_system", "must be the id of one of the partner's systems"});
  }
  return systems;
}

void CheckRange(const BehaviourQuestion& question, std::vector<Fault>& faults) {
  if (!question.from) faults.push_back({"/from", "missing", "must be there: where the range begins"});
  if (!question.to) faults.push_back({"/to", "missing", "must be there: where the range ends"});
  if (question.from && question.to && *question.to <= *question.from) {
    faults.push_back({"/to", "out_of_range", "must be after from"});
  }
}

Error BreaksRules(std::vector<Fault> faults) {
  return {ErrorKind::kInvalid, "The question breaks a rule.", std::move(faults)};
}

Error TooManyRows() {
  return {ErrorKind::kTooLarge,
          "There are more events in this than can be looked at together.",
          {{"/to", "too_many_events", "ask for a shorter range, for one system, or for rarer events"}}};
}

domain::Timestamp Shifted(domain::Timestamp time, std::chrono::microseconds by) {
  static constexpr domain::Timestamp kFirst = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
  static constexpr domain::Timestamp kEnd = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  return std::clamp(time + by, kFirst, kEnd - std::chrono::microseconds(1));
}

}  // namespace volcanion::application
