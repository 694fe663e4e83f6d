#include "Api/Middleware/Call.h"

#include "Api/Middleware/Problem.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace volcanion::api {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxCorrelationIdBytes = 128;

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

struct Answer::State {
  Responder responder;
  Observers observers;
  std::string correlation_id;
  std::string method;
  std::string_view route = "(none)";
  bool is_hot = false;
  steady_clock::time_point begun = steady_clock::now();
  std::atomic<bool> answered = false;

  void Finish(Response& response) const {
    response.headers.Add("X-Correlation-ID", correlation_id);
    const auto seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
    observers.metrics.RequestAnswered(method, route, response.status, seconds);
    using Level = application::Log::Level;
    const auto level = response.status >= 500 ? Level::kWarning : is_hot ? Level::kDebug : Level::kInfo;
    observers.log.Write(level, "request",
                        {{"correlationId", std::string_view(correlation_id)},
                         {"method", std::string_view(method)},
                         {"route", route},
                         {"status", std::int64_t{response.status}},
                         {"milliseconds", seconds * 1000}});
  }
};

Answer::Answer(Responder responder, Observers observers, std::string correlation_id, std::string method)
    : state_(new State{std::move(responder), observers, std::move(correlation_id), std::move(method)}) {}

void Answer::SetRoute(std::string_view route, bool is_hot) {
  state_->route = route;
  state_->is_hot = is_hot;
}

const std::string& Answer::correlation_id() const { return state_->correlation_id; }

void Answer::Send(Response response) const {
  if (state_->answered.exchange(true)) return;
  state_->Finish(response);
  std::move(state_->responder).Send(std::move(response));
}

void Answer::SendMade(std::function<Response()> make) const {
  if (state_->answered.exchange(true)) return;
  std::move(state_->responder).SendMade([state = state_, make = std::move(make)] {
    auto response = make();
    state->Finish(response);
    return response;
  });
}

void Answer::SendProblem(const domain::Error& error) const {
  if (error.kind == domain::ErrorKind::kInternal) {
    state_->observers.log.Error(
        "a request failed for a fault of ours",
        {{"correlationId", std::string_view(correlation_id())}, {"reason", std::string_view(error.message)}});
  }
  Send(MakeProblem(error, correlation_id()));
}

void Answer::SendProblem(int status, std::string_view detail) const {
  Send(MakeProblem(status, detail, correlation_id()));
}

std::string_view AcceptableCorrelationId(const Headers& headers) {
  const auto id = headers.Find("X-Correlation-ID").value_or("");
  const bool acceptable = id.size() <= kMaxCorrelationIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
                            return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-';
                          });
  return acceptable ? id : std::string_view();
}

std::string MediaTypeOf(const Headers& headers) {
  auto value = headers.Find("Content-Type").value_or("");
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  std::string type(value);
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  return type;
}

bool IsJson(const Headers& headers) {
  const auto type = MediaTypeOf(headers);
  return type.empty() || type == "application/json";
}

std::string_view AcceptableTraceparent(const Headers& headers) {
  // https://www.w3.org/TR/trace-context/#traceparent-header: 00-<32 hex>-<16 hex>-<2 hex>, lower case
  constexpr std::string_view kForm = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
  const auto value = headers.Find("traceparent").value_or("");
  if (value.size() != kForm.size()) return {};
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool fits = kForm[i] == 'h' ? (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') : c == kForm[i];
    if (!fits) return {};
  }
  return value;
}

}  // namespace volcanion::api
