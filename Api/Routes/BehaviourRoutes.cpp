#include "Api/Routes/BehaviourRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Routes/EventQuestion.h"
#include "Api/Routes/PageJson.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::AnswerScope;
using application::BehaviourQuestion;
using application::EventMatch;
using application::Identity;
using application::Shifted;
using domain::Result;

constexpr std::string_view kStep = "step.";

BehaviourQuestion ReadCommon(const Call& call, QueryReader& parameters) {
  BehaviourQuestion question;
  question.partner = call.owner;
  question.stop = call.request.hung_up;
  question.system = parameters.IdOf<domain::PartnerSystemId>("partnerSystemId");
  question.from = parameters.Time("from");
  question.to = parameters.Time("to");
  return question;
}

Identity ReadIdentity(QueryReader& parameters) {
  const auto text = parameters.Text("identity");
  if (text && *text != "userId" && *text != "anonymousId") {
    parameters.Note("identity", "wrong_value", "must be userId or anonymousId");
  }
  return text == "anonymousId" ? Identity::kAnonymousId : Identity::kUserId;
}

/// The step that `name`, what stands behind "step.", is about, from 0; takes it off.
std::optional<std::size_t> TakeStepNumber(std::string_view& name) {
  std::size_t number = 0;
  const auto [stopped, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number < 1 || number > application::kMaxEventMatches || name.starts_with('0')) {
    return std::nullopt;
  }
  name.remove_prefix(static_cast<std::size_t>(stopped - name.data()));
  return number - 1;
}

/// step.1=view, step.2=purchase, step.2.property.amount>=100
std::vector<EventMatch> ReadSteps(QueryReader& parameters) {
  constexpr std::string_view kProperty = ".property.";
  std::map<std::size_t, EventMatch> steps;
  const auto given = parameters.Family(kStep);
  for (const auto& [suffix, value] : given) {
    std::string_view rest(suffix);
    if (const auto step = TakeStepNumber(rest); step && rest.empty()) steps[*step].event_name = value;
  }
  for (const auto& [suffix, value] : given) {
    const auto parameter = std::string(kStep) + suffix;
    std::string_view rest(suffix);
    const auto step = TakeStepNumber(rest);
    if (!step || (!rest.empty() && !rest.starts_with(kProperty))) {
      parameters.Note(parameter, "wrong_name",
                      "must be step.N with the name of an event, or step.N.property.NAME, with N from 1 to " +
                          std::to_string(application::kMaxEventMatches));
    } else if (!rest.empty() && !steps.contains(*step)) {
      parameters.Note(parameter, "missing_step", "is about a step that has no event name");
    } else if (!rest.empty()) {
      ReadPropertyFilter(parameters, parameter, std::string(rest.substr(kProperty.size())), value,
                         steps[*step].properties);
    }
  }
  std::vector<EventMatch> in_order;
  for (auto& [number, step] : steps) {
    if (number != in_order.size()) {
      parameters.Note(std::string(kStep) + std::to_string(in_order.size() + 1), "missing_step",
                      "must be there: steps count from 1 without a gap");
      break;
    }
    in_order.push_back(std::move(step));
  }
  return in_order;
}

void WriteSeconds(JsonText& json, std::string_view name, const std::optional<double>& seconds) {
  json.Name(name);
  seconds ? json.Number(*seconds) : json.Null();
}

void WriteShare(JsonText& json, std::string_view name, std::int64_t part, std::int64_t whole) {
  json.Name(name);
  whole > 0 ? json.Number(static_cast<double>(part) / static_cast<double>(whole)) : json.Null();
}

Result<std::string> WriteFunnel(application::FindFunnelHandler& handler, const application::FindFunnel& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  JsonText json;
  json.BeginObject();
  json.Name("steps").BeginArray();
  for (std::size_t i = 0; i < found->steps.size(); ++i) {
    const auto& step = found->steps[i];
    json.BeginObject();
    json.Name("eventName").Text(question.steps[i].event_name);
    json.Name("people").Integer(step.people);
    WriteShare(json, "conversionFromFirst", step.people, found->steps.front().people);
    WriteShare(json, "conversionFromPrevious", step.people, found->steps[i == 0 ? 0 : i - 1].people);
    WriteSeconds(json, "medianSecondsFromFirst", step.median_seconds_from_first);
    WriteSeconds(json, "medianSecondsFromPrevious", step.median_seconds_from_previous);
    json.EndObject();
  }
  json.EndArray();
  json.Name("events").Integer(found->events);
  json.EndObject();
  return json.Take();
}

Result<Reading> Funnel(application::FindFunnelHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  application::FindFunnel question{ReadCommon(call, parameters), {}};
  question.of.identity = ReadIdentity(parameters);
  question.steps = ReadSteps(parameters);
  question.window =
      std::chrono::seconds(parameters.Integer("windowSeconds", static_cast<int>(question.window.count())));
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  AnswerScope scope{*partner, question.of.from, {}};
  if (question.of.to) scope.to = Shifted(*question.of.to, question.window + std::chrono::microseconds(1));
  return Reading{scope, [&handler, question = std::move(question)] { return WriteFunnel(handler, question); }, true};
}

Result<std::string> WriteTotals(application::FindSessionsHandler& handler, const application::CountSessions& question) {
  const auto totals = handler.Handle(question);
  if (!totals) return totals.error();
  JsonText json;
  json.BeginObject();
  json.Name("sessions").Integer(totals->sessions);
  json.Name("people").Integer(totals->people);
  json.Name("events").Integer(totals->events);
  WriteShare(json, "eventsPerSession", totals->events, totals->sessions);
  WriteSeconds(json, "averageSeconds", totals->average_seconds);
  WriteSeconds(json, "medianSeconds", totals->median_seconds);
  json.EndObject();
  return json.Take();
}

/// The events that decide about sessions in the question's range.
AnswerScope ScopeOf(domain::PartnerId partner, const BehaviourQuestion& question, std::chrono::seconds gap) {
  AnswerScope scope{partner, {}, {}};
  if (question.from) scope.from = Shifted(*question.from, -gap);
  if (question.to) scope.to = Shifted(*question.to, application::kSessionFollowed);
  return scope;
}

template <typename Question>
void ReadGap(QueryReader& parameters, Question& question) {
  question.gap = std::chrono::seconds(parameters.Integer("gapSeconds", static_cast<int>(question.gap.count())));
}

Result<Reading> Totals(application::FindSessionsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  application::CountSessions question{ReadCommon(call, parameters)};
  question.of.identity = ReadIdentity(parameters);
  ReadGap(parameters, question);
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  return Reading{ScopeOf(*partner, question.of, question.gap),
                 [&handler, question = std::move(question)] { return WriteTotals(handler, question); }, true};
}

Result<std::string> WriteSessions(application::FindSessionsHandler& handler,
                                  const application::FindSessions& question) {
  const auto found = handler.Handle(question);
  if (!found) return found.error();
  return PageText(found->items, found->next_cursor, [](JsonText& json, const auto& session) {
    json.BeginObject();
    json.Name("begin").Text(domain::FormatRfc3339(session.begin));
    json.Name("end").Text(domain::FormatRfc3339(session.end));
    json.Name("seconds").Number(std::chrono::duration<double>(session.end - session.begin).count());
    json.Name("events").Integer(session.events);
    json.EndObject();
  });
}

Result<Reading> List(application::FindSessionsHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  application::FindSessions question{ReadCommon(call, parameters)};
  const auto user = parameters.Text("userId"), anonymous = parameters.Text("anonymousId");
  if (user && anonymous) parameters.Note("userId", "wrong_value", "must not be there together with anonymousId");
  question.of.identity = user ? Identity::kUserId : Identity::kAnonymousId;
  question.person = user ? user : anonymous;
  ReadGap(parameters, question);
  question.limit = parameters.Integer("limit", question.limit);
  question.cursor = parameters.Text("cursor");
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  return Reading{ScopeOf(*partner, question.of, question.gap),
                 [&handler, question = std::move(question)] { return WriteSessions(handler, question); }, true};
}

Result<std::string> WriteRetention(application::FindRetentionHandler& handler,
                                   const application::FindRetention& question) {
  const auto cohorts = handler.Handle(question);
  if (!cohorts) return cohorts.error();
  JsonText json;
  json.BeginObject();
  json.Name("interval").Text(question.calendar.by_week ? "week" : "day");
  json.Name("timeZone").Text(question.calendar.time_zone);
  json.Name("cohorts").BeginArray();
  for (const auto& cohort : *cohorts) {
    const std::chrono::sys_days begin{std::chrono::days(cohort.period)};
    json.BeginObject();
    json.Name("period").Text(domain::FormatRfc3339(begin).substr(0, std::string_view("2026-11-20").size()));
    json.Name("people").Integer(cohort.people);
    json.Name("returned").BeginArray();
    for (const auto people : cohort.returned) json.Integer(people);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

Result<Reading> Retention(application::FindRetentionHandler& handler, const Call& call, QueryReader& parameters) {
  const auto partner = PathId<domain::PartnerId>(call, "partner");
  if (!partner) return partner.error();
  application::FindRetention question{ReadCommon(call, parameters), {}, {}, {}};
  question.of.identity = ReadIdentity(parameters);
  const auto interval = parameters.Text("interval");
  if (interval && *interval != "day" && *interval != "week") {
    parameters.Note("interval", "wrong_value", "must be day or week");
  }
  question.calendar = {interval == "week", parameters.Text("timeZone").value_or("UTC")};
  question.first_event = parameters.Text("eventName");
  question.return_event = parameters.Text("returnEventName");
  if (auto read = parameters.Finish(); !read) return std::move(read).error();
  // Who is new in the range depends on all that was before.
  return Reading{AnswerScope{*partner, {}, question.of.to},
                 [&handler, question = std::move(question)] { return WriteRetention(handler, question); }, true};
}

}  // namespace

void AddBehaviourRoutes(ReadingRoutes& routes, BehaviourHandlers handlers) {
  const auto access = Access::Member(Access::Owner::kPartner, domain::Scope::kEventsRead);
  routes.Add("/api/statistics/partner/{id}/funnels", access, [handlers](const Call& call, QueryReader& parameters) {
    return Funnel(handlers.funnel, call, parameters);
  });
  routes.Add("/api/statistics/partner/{id}/sessions", access, [handlers](const Call& call, QueryReader& parameters) {
    return Totals(handlers.sessions, call, parameters);
  });
  routes.Add(
      "/api/statistics/partner/{id}/sessions/list", access,
      [handlers](const Call& call, QueryReader& parameters) { return List(handlers.sessions, call, parameters); });
  routes.Add("/api/statistics/partner/{id}/retention", access, [handlers](const Call& call, QueryReader& parameters) {
    return Retention(handlers.retention, call, parameters);
  });
}

}  // namespace volcanion::api
