#include "Api/Middleware/ReadingRoutes.h"

#include "Api/Json/JsonText.h"
#include "Api/Middleware/EntityTag.h"
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
  print.Add(std::to_string(std::hash<std::string_view>()(text)));  // the same in every process of this program
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

/// What a request asks for, as it came.
std::string TargetOf(const Request& request) {
  std::string target;
  target.reserve(request.path.size() + 1 + request.query.size());
  return target.append(request.path).append("?").append(request.query);
}

bool GoesPastCache(const Request& request) {
  return Lists(request.headers.Find("Cache-Control").value_or(""), "no-cache");
}

/// One request on its way to its answer.
struct Asked {
  std::shared_ptr<Call> call;  // the one that is given is answered when something is thrown
  Reading reading;
  std::string question;
  Patience patience;
};

AnswerCache::Demand DemandOf(const Asked& asked) {
  return {.min_position = asked.patience.min_position,
          .past_cache = GoesPastCache(asked.call->request),
          .hung_up = asked.call->request.hung_up};
}

Result<AnswerCache::Answer> Find(const ReadingRoutes::Services& services, const Asked& asked) {
  if (asked.reading.scope) {
    auto demand = DemandOf(asked);
    demand.is_not_kept = asked.reading.is_analysis;  // looked for before it came into a lane
    return services.answers.Find(*asked.reading.scope, asked.question, demand, asked.reading.make);
  }
  const auto as_of = services.changes.CurrentFreshness();  // before the rows that it speaks of
  if (!as_of) return as_of.error();
  auto text = asked.reading.make();
  if (!text) return std::move(text).error();
  return AnswerCache::Answer{std::make_shared<const std::string>(*std::move(text)), *as_of};
}

void Give(const Call& call, const RecentAnswers::Recent& found, domain::Timestamp now, bool in_time) {
  const auto as_of = AsOfText(found.answer.as_of, now);
  const auto& tag = found.tag;
  Response response;
  if (in_time && IsKnownTo(call.request.headers, tag)) {
    response.status = 304;
    response.headers.Add("X-As-Of", as_of.substr(8, as_of.size() - 9));
  } else {
    const std::string end = "," + as_of.substr(1);
    const auto& text = *found.answer.text;
    const bool is_packed = found.packed && call.answer.accepts_gzip();
    std::string body = is_packed ? found.packed->With(end) : std::string();
    if (!is_packed) {
      body.reserve(text.size() + end.size());
      body.append(text, 0, text.size() - 1).append(end);
    }
    response = MakeJson(in_time ? 200 : 504, std::move(body));
    if (is_packed) response.headers.Add("Content-Encoding", "gzip");
  }
  response.headers.Add("ETag", tag);
  response.headers.Add("Cache-Control", "private, no-cache");
  call.answer.Send(std::move(response));
}

/// `before`, where there is one, is the answer that it takes the place of.
std::shared_ptr<const RecentAnswers::Recent> MakeRecent(std::string_view question, AnswerCache::Answer answer,
                                                        bool client_takes_gzip, const RecentAnswers::Recent* before) {
  RecentAnswers::Recent made{std::move(answer), {}};
  const std::string_view text = *made.answer.text;
  made.tag = TagOf(question, text);
  const bool is_packed_before = before != nullptr && before->packed;
  if (is_packed_before && before->tag == made.tag) {
    made.packed = before->packed;
  } else if ((client_takes_gzip || is_packed_before) && text.size() >= Answer::kMinPackedBytes) {
    made.packed = std::make_shared<const PackedBeginning>(text.substr(0, text.size() - 1));
  }
  return std::make_shared<const RecentAnswers::Recent>(std::move(made));
}

void Give(const ReadingRoutes::Services& services, const Asked& asked, bool in_time,
          Result<AnswerCache::Answer> found) {
  if (!found) return asked.call->answer.SendProblem(found.error());
  const auto recent = MakeRecent(asked.question, *std::move(found), asked.call->answer.accepts_gzip(), nullptr);
  if (asked.reading.scope && asked.patience.min_position == 0) {
    services.recent.Keep(TargetOf(asked.call->request), recent, std::chrono::steady_clock::now());
  }
  Give(*asked.call, *recent, services.clock.Now(), in_time);
}

/// Only what is kept already is answered here.
void AnswerInLane(const ReadingRoutes::Services& services, std::shared_ptr<const Asked> asked, bool in_time) {
  const auto& scope = *asked->reading.scope;
  if (auto kept = services.answers.FindKept(scope, asked->question, DemandOf(*asked)); !kept || *kept) {
    return Give(services, *asked, in_time, kept ? Result<AnswerCache::Answer>(**std::move(kept)) : kept.error());
  }
  const auto& call = asked->call;
  const auto work = Contained(call, [services, asked, in_time](Call&) {
    if (asked->call->request.hung_up.stop_requested())
      return asked->call->answer.SendProblem(503, "The client has hung up.");
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

Result<Asked> ReadQuestion(std::string_view pattern, const ReadingRoutes::Handle& handle, const Call& call) {
  auto parameters = QueryReader::Open(call.request.query);
  if (!parameters) return std::move(parameters).error();
  Asked asked;
  asked.patience = ReadPatience(*parameters);
  auto reading = handle(call, *parameters);
  if (!reading) return std::move(reading).error();
  asked.reading = *std::move(reading);
  asked.question = QuestionOf(pattern, call);
  asked.call = std::make_shared<Call>(call);
  return asked;
}

/// The answer as it is now; nothing when that is not to be made behind somebody's back.
std::optional<AnswerCache::Answer> FindAgain(const ReadingRoutes::Services& services, const Asked& asked) {
  if (!asked.reading.scope) return std::nullopt;
  const AnswerCache::Demand renewal{.is_renewal = true};
  if (asked.reading.is_analysis) {
    auto kept = services.answers.FindKept(*asked.reading.scope, asked.question, renewal);
    return kept ? *std::move(kept) : std::nullopt;
  }
  auto found = services.answers.Find(*asked.reading.scope, asked.question, renewal, asked.reading.make);
  return found ? std::optional(*std::move(found)) : std::nullopt;
}

/// Has the answer made anew by a thread that may block. The client of `call` gets the one before; what cannot be made
/// is told to whoever asks when that is too old.
void Renew(const ReadingRoutes::Services& services, std::string_view pattern, const ReadingRoutes::Handle& handle,
           const Call& call, std::shared_ptr<const RecentAnswers::Recent> before) {
  (void)services.blocking.Submit([services, pattern, handle, call, before = std::move(before)] {
    try {
      const auto asked = ReadQuestion(pattern, handle, call);
      auto found = asked ? FindAgain(services, *asked) : std::nullopt;
      if (!found) return;
      const auto recent = MakeRecent(asked->question, *std::move(found), call.answer.accepts_gzip(), before.get());
      services.recent.Keep(TargetOf(call.request), recent, std::chrono::steady_clock::now());
    } catch (const std::exception&) {
    }
  });
}

/// On the thread that owns the connection. False when there is no answer of a moment ago.
bool GiveAgain(const ReadingRoutes::Services& services, std::string_view pattern, const ReadingRoutes::Handle& handle,
               const Call& call) {
  if (GoesPastCache(call.request)) return false;
  const auto [recent, is_to_be_renewed] = services.recent.Find(
      TargetOf(call.request), services.directory.Current()->revision(), std::chrono::steady_clock::now());
  if (!recent) return false;
  // To be packed on a thread that may take its time.
  const bool is_large = recent->answer.text->size() >= Answer::kMinPackedBytes;
  if (is_large && call.answer.accepts_gzip() && !recent->packed) return false;
  if (is_to_be_renewed) Renew(services, pattern, handle, call, recent);
  services.metrics.AnswerLookedUp("hit");
  Give(call, *recent, services.clock.Now(), true);
  return true;
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
  const auto answer = [services = services_, pattern, handle](Call& call) {
    auto read = ReadQuestion(pattern, handle, call);
    if (!read) return call.answer.SendProblem(read.error());
    const auto asked = std::make_shared<const Asked>(*std::move(read));
    WaitForPosition(services, asked->patience, asked->call,
                    [services, asked](bool in_time) { AnswerNow(services, asked, in_time); });
  };
  routes_.AddAnswering("GET", pattern, access, answer, [services = services_, pattern, handle](const Call& call) {
    return GiveAgain(services, pattern, handle, call);
  });
}

}  // namespace volcanion::api
