#include "Api/Middleware/ReadingRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/RunBlocking.h"
#include "Api/Routes/AsOf.h"
#include "Application/Queries/PageCursor.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace volcanion::api {
namespace {

using application::AnswerCache;
using domain::Error;
using domain::Result;

constexpr int kMaxWaitSeconds = 10;

void AddPart(std::string& text, std::string_view part) {
  text.append(std::to_string(part.size())).append(":").append(part);
}

/// The route, what its path names and the parameters, in one order, so that no two questions look the same.
std::string QuestionOf(std::string_view pattern, const Call& call) {
  std::string question;
  AddPart(question, pattern);
  for (const auto& parameter : call.path_parameters) AddPart(question, parameter);
  auto parameters = ParseQuery(call.request.query).value_or(std::vector<std::pair<std::string, std::string>>());
  std::sort(parameters.begin(), parameters.end());
  for (const auto& [name, value] : parameters) {
    if (name == "minPosition" || name == "waitSeconds") continue;
    AddPart(question, name);
    AddPart(question, value);
  }
  return question;
}

/// Whether a list of a header field has that element (RFC 9110, 5.6.1), parameters and letters' case aside.
bool Lists(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    auto element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(element.size() + 1, list.size()));
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) element.remove_prefix(1);
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) element.remove_suffix(1);
    if (IsSameHeader(element, wanted)) return true;
  }
  return false;
}

/// Of the question and all of the answer but `asOf`; weak, as two answers with the same may differ in that. Two
/// questions have no tag in common, so that a tag says nothing of what another partner was answered.
std::string TagOf(std::string_view question, std::string_view text) {
  application::Fingerprint print;
  print.Add(question);
  print.Add(text);
  char tag[32];
  std::snprintf(tag, sizeof tag, "W/\"%016llx\"", static_cast<unsigned long long>(print.value()));
  return tag;
}

std::string AsOfText(const application::Freshness& as_of, domain::Timestamp now) {
  JsonText json;
  json.BeginObject();
  WriteAsOf(json, as_of, now);
  json.EndObject();
  return json.Take();
}

/// One request on its way to its answer.
struct Asked {
  std::shared_ptr<Call> call;
  Reading reading;
  std::string question;
  Patience patience;
};

AnswerCache::Demand DemandOf(const Asked& asked) {
  const auto control = asked.call->request.headers.Find("Cache-Control").value_or("");
  return {asked.patience.min_position, Lists(control, "no-cache"), asked.call->request.hung_up};
}

Result<AnswerCache::Answer> Find(const ReadingRoutes::Services& services, const Asked& asked) {
  if (asked.reading.scope) {
    return services.answers.Find(*asked.reading.scope, asked.question, DemandOf(asked), asked.reading.make);
  }
  const auto as_of = services.changes.CurrentFreshness();  // before the rows that it speaks of
  if (!as_of) return as_of.error();
  auto text = asked.reading.make();
  if (!text) return std::move(text).error();
  return AnswerCache::Answer{std::make_shared<const std::string>(*std::move(text)), *as_of};
}

void Give(const ReadingRoutes::Services& services, const Asked& asked, bool in_time,
          const Result<AnswerCache::Answer>& found) {
  const auto& answer = asked.call->answer;
  if (!found) return answer.SendProblem(found.error());
  const auto tag = TagOf(asked.question, *found->text);
  const auto as_of = AsOfText(found->as_of, services.clock.Now());
  const auto known = asked.call->request.headers.Find("If-None-Match");
  Response response;
  if (in_time && known && (*known == "*" || Lists(*known, tag) || Lists(*known, std::string_view(tag).substr(2)))) {
    response.status = 304;
    response.headers.Add("X-As-Of", as_of.substr(8, as_of.size() - 9));
  } else {
    std::string text = found->text->substr(0, found->text->size() - 1);
    response = MakeJson(in_time ? 200 : 504, std::move(text.append(",").append(as_of, 1)));
  }
  response.headers.Add("ETag", tag);
  response.headers.Add("Cache-Control", "private, no-cache");
  answer.Send(std::move(response));
}

/// Only what is kept already is answered here.
void AnswerInLane(const ReadingRoutes::Services& services, std::shared_ptr<const Asked> asked, bool in_time) {
  const auto& scope = *asked->reading.scope;
  if (auto kept = services.answers.FindKept(scope, asked->question, DemandOf(*asked)); !kept || *kept) {
    return Give(services, *asked, in_time, kept ? Result<AnswerCache::Answer>(**std::move(kept)) : kept.error());
  }
  const auto& call = asked->call;
  const auto work = Contained(call, [services, asked, in_time](Call&) {
    if (asked->call->request.hung_up.stop_requested()) return asked->call->answer.SendProblem(503, "Nobody waits.");
    Give(services, *asked, in_time, Find(services, *asked));
  });
  switch (services.analyses.Submit(scope.partner, work)) {
    case PartnerLanes::Outcome::kTaken:
      return;
    case PartnerLanes::Outcome::kLaneIsFull:
      return call->answer.SendProblem(503,
                                      "As many analyses of this partner are under way as may be. Try again later.");
    case PartnerLanes::Outcome::kAllAreFull:
      return call->answer.SendProblem(503, "The server is busy with analyses. Try again later.");
  }
}

void AnswerNow(const ReadingRoutes::Services& services, const std::shared_ptr<const Asked>& asked, bool in_time) {
  if (asked->reading.is_analysis) return AnswerInLane(services, asked, in_time);
  // The answer may have been made of less than was waited for, if that is in the middle of being projected.
  Give(services, *asked, in_time, Find(services, *asked));
}

}  // namespace

Patience ReadPatience(QueryReader& parameters) {
  Patience patience;
  if (const auto text = parameters.Text("minPosition")) {
    const auto end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, patience.min_position);
    if (error != std::errc() || stopped != end || patience.min_position < 0) {
      parameters.Note("minPosition", "wrong_value", "must be a position");
      patience.min_position = 0;
    }
  }
  const auto seconds = parameters.Integer("waitSeconds", static_cast<int>(patience.wait.count()));
  if (seconds < 0 || seconds > kMaxWaitSeconds) {
    parameters.Note("waitSeconds", "out_of_range", "must be from 0 to " + std::to_string(kMaxWaitSeconds));
  } else {
    patience.wait = std::chrono::seconds(seconds);
  }
  return patience;
}

void WaitForPosition(const ReadingRoutes::Services& services, const Patience& patience, std::shared_ptr<Call> call,
                     std::function<void(bool in_time)> then) {
  if (patience.min_position == 0) return then(true);
  const auto reached = services.changes.CurrentFreshness();
  if (!reached) return call->answer.SendProblem(reached.error());
  if (reached->position >= patience.min_position) return then(true);
  if (patience.wait == std::chrono::seconds(0)) return then(false);
  const auto& answer = call->answer;
  const bool waits =
      services.watch.WhenReached(patience.min_position, patience.wait, [services, call, then](bool in_time) {
        RunBlocking(services.blocking, *call, [then, in_time](Call&) { then(in_time); });
      });
  if (!waits) answer.SendProblem(503, "Too many readers wait already. Try again later.");
}

void ReadingRoutes::Add(std::string_view pattern, const Access& access, Handle handle) {
  routes_.AddAnswering("GET", pattern, access, [services = services_, pattern, handle = std::move(handle)](Call& call) {
    auto parameters = QueryReader::Open(call.request.query);
    if (!parameters) return call.answer.SendProblem(parameters.error());
    const auto asked = std::make_shared<Asked>();
    asked->patience = ReadPatience(*parameters);
    auto reading = handle(call, *parameters);
    if (!reading) return call.answer.SendProblem(reading.error());
    asked->reading = *std::move(reading);
    asked->question = QuestionOf(pattern, call);
    asked->call = std::make_shared<Call>(call);  // the one that is given is answered when something is thrown
    WaitForPosition(services, asked->patience, asked->call,
                    [services, asked](bool in_time) { AnswerNow(services, asked, in_time); });
  });
}

}  // namespace volcanion::api
