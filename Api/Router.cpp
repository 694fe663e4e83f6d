#include "Api/Router.h"

#include "Api/Middleware/Problem.h"
#include "Application/Utf8.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

namespace volcanion::api {
namespace {

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, path.find('/'));
    segments.push_back(segment);
    path.remove_prefix(segment.size());
  }
  return segments;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    }
  }
  return decoded;
}

/// The decoded parameters when the path fits the pattern.
std::optional<std::vector<std::string>> Match(const std::vector<std::string_view>& pattern,
                                              const std::vector<std::string_view>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::vector<std::string> parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      auto decoded = PercentDecode(path[i], false);
      if (!decoded) return std::nullopt;
      parameters.push_back(*std::move(decoded));
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, const Access& access, RouteHandler handler,
                 bool is_hot) {
  routes_.push_back({{method, pattern, access}, SplitPath(pattern), std::move(handler), is_hot});
}

std::vector<DeclaredRoute> Router::Routes() const {
  std::vector<DeclaredRoute> routes;
  for (const auto& route : routes_) routes.push_back(route.declared);
  return routes;
}

std::string Router::CorrelationIdOf(const Headers& headers) const {
  const auto given = AcceptableCorrelationId(headers);
  return given.empty() ? secrets_.NewId(clock_.Now()).ToString() : std::string(given);
}

void Router::Dispatch(Request request, Responder responder) const {
  Answer answer(std::move(responder), settings_, request, CorrelationIdOf(request.headers));
  if (request.method == "OPTIONS" && request.path == "*")
    return AnswerOptions(request, answer, "GET, HEAD, POST, PATCH, DELETE");

  // A HEAD is answered like a GET; the server leaves the body out.
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto path = SplitPath(request.path);
  // A path that is spelled out is not taken for a parameter of another.
  const bool is_literal = std::any_of(routes_.begin(), routes_.end(),
                                      [&](const Route& route) { return route.declared.pattern == request.path; });
  std::string allowed;
  for (const auto& route : routes_) {
    if (is_literal && route.declared.pattern != request.path) continue;
    auto parameters = Match(route.segments, path);
    if (!parameters) continue;
    if (const auto other = route.declared.method; other != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(other) + (other == "GET" ? ", HEAD" : "");
      continue;
    }
    answer.SetRoute(route.declared.pattern, route.is_hot);
    try {
      return route.handler({std::move(request), *std::move(parameters), answer});
    } catch (const std::exception& error) {
      return answer.SendProblem(domain::Error{domain::ErrorKind::kInternal, error.what()});
    }
  }
  if (allowed.empty()) return answer.SendProblem(404, "There is nothing at this path.");
  if (request.method == "OPTIONS") return AnswerOptions(request, answer, allowed);
  auto problem = MakeProblem(405, "This path takes " + allowed + ", OPTIONS.", answer.correlation_id());
  problem.headers.Add("Allow", allowed + ", OPTIONS");
  answer.Send(std::move(problem));
}

void Router::AnswerOptions(const Request& request, const Answer& answer, const std::string& allowed) const {
  Response response{204, {}, ""};
  response.headers.Add("Allow", allowed + ", OPTIONS");
  if (request.headers.Find("Access-Control-Request-Method")) {
    settings_.cors.AddPreflightTo(response, request.headers.Find("Origin").value_or(""), allowed);
  }
  answer.Send(std::move(response));
}

Response Router::AnswerProtocolError(int status, std::string_view detail, const Headers& headers) const {
  const auto correlation_id = CorrelationIdOf(headers);
  auto problem = MakeProblem(status, detail, correlation_id);
  settings_.cors.AddTo(problem, headers.Find("Origin").value_or(""));
  problem.headers.Add("X-Correlation-ID", correlation_id);
  settings_.metrics.RequestAnswered("other", "(protocol)", status, 0);
  settings_.log.Info(
      "request refused by the protocol",
      {{"correlationId", std::string_view(correlation_id)}, {"status", std::int64_t{status}}, {"reason", detail}});
  return problem;
}

std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || !application::IsUtf8(*name) || !application::IsUtf8(*value)) return std::nullopt;
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

}  // namespace volcanion::api
