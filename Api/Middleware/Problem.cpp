#include "Api/Middleware/Problem.h"

#include "Api/Json/JsonText.h"

#include <utility>

namespace volcanion::api {

int StatusOf(domain::ErrorKind kind) {
  switch (kind) {
    case domain::ErrorKind::kMalformed:
      return 400;
    case domain::ErrorKind::kUnauthenticated:
      return 401;
    case domain::ErrorKind::kForbidden:
      return 403;
    case domain::ErrorKind::kNotFound:
      return 404;
    case domain::ErrorKind::kConflict:
      return 409;
    case domain::ErrorKind::kChangedMeanwhile:
      return 412;
    case domain::ErrorKind::kTooLarge:
      return 413;
    case domain::ErrorKind::kUnsupportedMedia:
      return 415;
    case domain::ErrorKind::kInvalid:
      return 422;
    case domain::ErrorKind::kTooManyAttempts:
      return 429;
    case domain::ErrorKind::kUnavailable:
      return 503;
    case domain::ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

Response MakeProblem(const domain::Error& error, std::string_view correlation_id) {
  const bool ours = error.kind == domain::ErrorKind::kInternal;
  auto response =
      MakeProblem(StatusOf(error.kind), ours ? "Something went wrong on our side." : std::string_view(error.message),
                  correlation_id, error.faults);
  if (error.kind == domain::ErrorKind::kTooManyAttempts) response.headers.Add("Retry-After", "60");
  return response;
}

Response MakeProblem(int status, std::string_view detail, std::string_view correlation_id,
                     const std::vector<domain::Fault>& faults) {
  JsonText json;
  json.BeginObject();
  json.Name("type").Text("about:blank");
  json.Name("title").Text(ReasonPhrase(status));
  json.Name("status").Integer(status);
  json.Name("detail").Text(detail);
  json.Name("correlationId").Text(correlation_id);
  if (!faults.empty()) {
    json.Name("errors");
    WriteFaults(json, faults);
  }
  json.EndObject();
  Response response{status, {}, json.Take()};
  response.headers.Add("Content-Type", "application/problem+json");
  if (status == 401) response.headers.Add("WWW-Authenticate", "Bearer");
  if (status == 503) response.headers.Add("Retry-After", "1");
  return response;
}

Response MakeJson(int status, std::string body) {
  Response response{status, {}, std::move(body)};
  response.headers.Add("Content-Type", "application/json");
  return response;
}

}  // namespace volcanion::api
