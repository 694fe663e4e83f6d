#include "Api/Middleware/Call.h"

#include "Api/Http/Gzip.h"
#include "Api/Middleware/Problem.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace volcanion::api {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxCorrelationIdBytes = 128;
constexpr std::size_t kMaxMethodInLog = 32;

/// Takes what is before the separator, or all, without the white space around it.
std::string_view TakePart(std::string_view& text, char separator) {
  auto part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
  part.remove_suffix(part.size() - (part.find_last_not_of(" \t") + 1));
  return part;
}

bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

struct Answer::State {
  Responder responder;
  const CallSettings& settings;
  std::string correlation_id;
  std::string traceparent;
  std::string client_address;
  std::string method;
  std::string origin;
  bool accepts_gzip;
  std::string_view route = "(none)";
  bool is_hot = false;
  steady_clock::time_point begun = steady_clock::now();
  std::atomic<bool> answered = false;
  application::RefusedAttempt attempt = {};  // as far as it is known, should it be refused
  bool is_stranger = false;

  /// Whether it is to be noted in the audit log.
  bool IsRefusal(int status) const {
    if (settings.refused == nullptr || attempt.route.empty()) return false;
    if (status == 401 || status == 403) return true;
    // A partner system that sends faster than it may is no news, and the metrics count it.
    return (status == 429 && !is_hot) || (status == 404 && is_stranger);
  }

  void NoteRefusal(int status) const {
    auto refused = attempt;
    refused.status = status;
    refused.author.correlation_id = correlation_id;
    refused.author.client_address = client_address;
    settings.refused->Note(std::move(refused));
  }

  void Finish(Response& response) const {
    const bool is_packed = response.headers.Find("Content-Encoding").has_value();
    if (!response.rest && (is_packed || response.body.size() >= kMinPackedBytes)) {
      response.headers.Add("Vary", "Accept-Encoding");
      if (accepts_gzip && !is_packed) {
        response.body = GzipPack(response.body);
        response.headers.Add("Content-Encoding", "gzip");
      }
    }
    settings.cors.AddTo(response, origin);
    response.headers.Add("X-Correlation-ID", correlation_id);
    const auto seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
    settings.metrics.RequestAnswered(method, route, response.status, seconds);
    if (IsRefusal(response.status)) NoteRefusal(response.status);
    using Level = application::Log::Level;
    const auto level = response.status >= 500 ? Level::kWarning : is_hot ? Level::kDebug : Level::kInfo;
    settings.log.Write(level, "request",
                       {{"correlationId", std::string_view(correlation_id)},
                        {"traceparent", std::string_view(traceparent)},
                        {"clientAddress", std::string_view(client_address)},
                        {"method", std::string_view(method).substr(0, kMaxMethodInLog)},
                        {"route", route},
                        {"status", std::int64_t{response.status}},
                        {"milliseconds", seconds * 1000}});
  }
};

Answer::Answer(Responder responder, const CallSettings& settings, const Request& request, std::string correlation_id)
    : state_(new State{std::move(responder), settings, std::move(correlation_id),
                       std::string(AcceptableTraceparent(request.headers)), ClientAddress(request, settings.proxies),
                       request.method, std::string(request.headers.Find("Origin").value_or("")),
                       AcceptsGzip(request.headers)}) {}

void Answer::SetRoute(std::string_view route, bool is_hot) {
  state_->route = route;
  state_->is_hot = is_hot;
}

void Answer::SetPlace(std::string_view method, Access::Owner owner, const std::vector<std::string>& path_parameters) {
  using Thing = application::RefusedAttempt::Thing;
  auto& attempt = state_->attempt;
  attempt.method = method;
  attempt.route = state_->route;
  const auto id = path_parameters.empty() ? std::nullopt : domain::Uuid::Parse(path_parameters[0]);
  if (!id || (owner != Access::Owner::kPartner && owner != Access::Owner::kSystem)) return;
  attempt.thing = owner == Access::Owner::kPartner ? Thing::kPartner : Thing::kSystem;
  attempt.id = *id;
}

void Answer::SetActor(std::string actor) { state_->attempt.author.actor = std::move(actor); }

void Answer::SetPerson(std::string email) const { state_->attempt.person = std::move(email); }

void Answer::SetStranger(domain::PartnerId owner) {
  state_->is_stranger = true;
  auto& attempt = state_->attempt;
  if (attempt.thing != application::RefusedAttempt::Thing::kNone) return;
  attempt.thing = application::RefusedAttempt::Thing::kPartner;
  attempt.id = owner.value;
}

const std::string& Answer::correlation_id() const { return state_->correlation_id; }
const CallSettings& Answer::settings() const { return state_->settings; }
bool Answer::accepts_gzip() const { return state_->accepts_gzip; }
const std::string& Answer::traceparent() const { return state_->traceparent; }
const std::string& Answer::client_address() const { return state_->client_address; }

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
    state_->settings.log.Error(
        "a request failed for a fault of ours",
        {{"correlationId", std::string_view(correlation_id())}, {"reason", std::string_view(error.message)}});
  }
  Send(MakeProblem(error, correlation_id()));
}

void Answer::SendProblem(int status, std::string_view detail) const {
  Send(MakeProblem(status, detail, correlation_id()));
}

bool UnpackBody(Call& call) {
  const auto failure = Unpack(call.request, call.answer.settings().max_body_bytes);
  if (failure) call.answer.SendProblem(failure->status, failure->detail);
  return !failure;
}

std::string_view AcceptableCorrelationId(const Headers& headers) {
  const auto id = headers.Find("X-Correlation-ID").value_or("");
  const bool acceptable = id.size() <= kMaxCorrelationIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
                            return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-';
                          });
  return acceptable ? id : std::string_view();
}

// RFC 9110, 12.4.2: the name of a weight has no case, and 0 means never.
bool AcceptsGzip(const Headers& headers) {
  auto accepted = headers.Find("Accept-Encoding").value_or("");
  while (!accepted.empty()) {
    auto parameters = TakePart(accepted, ',');
    const auto coding = TakePart(parameters, ';');
    if (!IsSameHeader(coding, "gzip") && !IsSameHeader(coding, "x-gzip")) continue;
    while (!parameters.empty()) {
      auto value = TakePart(parameters, ';');
      if (IsSameHeader(TakePart(value, '='), "q")) return value.find_first_of("123456789") != std::string_view::npos;
    }
    return true;
  }
  return false;
}

bool Accepts(const Headers& headers, std::string_view type) {
  for (auto accepted = headers.Find("Accept").value_or(""); !accepted.empty();) {
    auto range = accepted.substr(0, accepted.find(','));
    accepted.remove_prefix(std::min(range.size() + 1, accepted.size()));
    range.remove_prefix(std::min(range.find_first_not_of(" \t"), range.size()));
    if (IsSameHeader(range.substr(0, range.find_first_of("; \t")), type)) return true;
  }
  return false;
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
