#include "Application/Queries/FindFunnel.h"

#include "Application/Behaviour/PersonIndex.h"

#include <string>
#include <utility>

namespace volcanion::application {
namespace {

using domain::Done;
using domain::Result;

void CheckSteps(const FindFunnel& question, std::vector<domain::Fault>& faults) {
  if (question.steps.size() < 2 || question.steps.size() > kMaxEventMatches) {
    faults.push_back({"/step", "out_of_range", "must be from 2 to " + std::to_string(kMaxEventMatches) + " steps"});
  }
  std::size_t conditions = 0;
  for (const auto& step : question.steps) conditions += step.properties.size();
  if (conditions > kMaxPropertyFilters) {
    faults.push_back(
        {"/step", "too_many", "must not have more than " + std::to_string(kMaxPropertyFilters) + " conditions in all"});
  }
  if (question.window < std::chrono::seconds(1) || question.window > FindFunnelHandler::kMaxWindow) {
    faults.push_back({"/windowSeconds", "out_of_range",
                      "must be from 1 to " + std::to_string(FindFunnelHandler::kMaxWindow.count())});
  }
}

}  // namespace

Result<FoundFunnel> FindFunnelHandler::Handle(const FindFunnel& question) {
  std::vector<domain::Fault> faults;
  auto systems = SystemsOf(question.of, directory_, faults);
  if (!systems) return std::move(systems).error();
  CheckRange(question.of, faults);
  CheckSteps(question, faults);
  if (!faults.empty()) return BreaksRules(std::move(faults));

  const FunnelRule rule{question.steps.size(), *question.of.from, *question.of.to, question.window};
  // What comes just at the end of the window is within it.
  const auto until = Shifted(rule.to, rule.window + std::chrono::microseconds(1));
  const ActionQuery query{*std::move(systems), rule.from, until, question.of.identity, question.steps};
  PersonIndex people;
  std::vector<FunnelEvent> events;
  const auto looked = reader_.Look(
      "find funnel", question.of.partner, question.of.stop, [&](BehaviourPicture& picture) -> Result<Done> {
        bool too_many = false;
        picture.EachAction(query, [&](const Action& action) {
          events.push_back({people.NumberOf(action.person), action.matches, action.time, action.id});
          // Twice, as the events are moved when their room grows.
          too_many = 2 * events.size() * sizeof(FunnelEvent) + people.bytes() > limits_.max_bytes;
          return !too_many;
        });
        if (too_many) return TooManyRows();
        return Done{};
      });
  if (!looked) return looked.error();
  FoundFunnel found;
  found.events = static_cast<std::int64_t>(events.size());
  found.steps = MeasureFunnel(std::move(events), rule);
  return found;
}

}  // namespace volcanion::application
