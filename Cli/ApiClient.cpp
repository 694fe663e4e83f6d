#include "Cli/ApiClient.h"

#include "Cli/PercentEncoding.h"

#include <algorithm>
#include <utility>

namespace volcanion::cli {
namespace {

using domain::Error;
using domain::ErrorKind;
using domain::Fault;
using domain::Result;

constexpr std::size_t kPageItems = 1'000;

ErrorKind KindOf(long status) {
  switch (status) {
    case 401:
      return ErrorKind::kUnauthenticated;
    case 403:
      return ErrorKind::kForbidden;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return ErrorKind::kConflict;
    case 412:
      return ErrorKind::kChangedMeanwhile;
    default:
      return status == 429 || status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kMalformed;
  }
}

/// What a person can do about it; empty where the server's own sentence says so.
std::string AdviceFor(const HttpAnswer& answer) {
  const auto seconds =
      answer.retry_after ? std::chrono::duration_cast<std::chrono::seconds>(*answer.retry_after).count() : 0;
  if (answer.status == 401) return " Is the token the right one for this server, and not expired or revoked?";
  if (answer.status == 429 || answer.status == 503) {
    return " Try again" + (seconds > 0 ? " in " + std::to_string(seconds) + " s." : std::string(" later."));
  }
  return "";
}

/// The refusal of a server: application/problem+json (RFC 9457), or whatever stands between us and it.
Error RefusalOf(const HttpAnswer& answer, const std::string& url) {
  auto problem = JsonObject::Parse(answer.body);
  if (!problem || !problem->Has("title")) {
    return {KindOf(answer.status), url + " answered with status " + std::to_string(answer.status) +
                                       " and not as a Volcanion server does; is VOLCANION_URL right?"};
  }
  Error error{KindOf(answer.status), problem->Has("detail") ? problem->Text("detail") : problem->Text("title")};
  error.message += AdviceFor(answer) + " (status " + std::to_string(answer.status) + ", correlation id " +
                   problem->Text("correlationId") + ")";
  for (const auto& fault : problem->Objects("errors")) {
    error.faults.push_back({fault.Text("pointer"), fault.Text("code"), fault.Text("message")});
  }
  return error;
}

}  // namespace

ApiClient::ApiClient(const Profile& profile)
    : url_(profile.url),
      connection_(profile.url, {"Authorization: Bearer " + profile.token, "Content-Type: application/json"}) {}

Result<ApiAnswer> ApiClient::Patch(const std::string& target, const std::string& json, const std::string& etag) {
  std::vector<std::string> headers;
  if (!etag.empty()) headers.push_back("If-Match: " + etag);
  return Ask("PATCH", target, json, headers);
}

Result<ApiAnswer> ApiClient::Ask(const std::string& method, const std::string& target, const std::string& json,
                                 const std::vector<std::string>& headers) {
  auto answer = connection_.Send(method, target, json, headers);
  if (answer.status == 0) {
    return Error{ErrorKind::kUnavailable, "No answer from " + url_ + ": " + answer.failure + "."};
  }
  if (answer.status < 200 || answer.status > 299) return RefusalOf(answer, url_);
  ApiAnswer read{static_cast<int>(answer.status), {}, std::move(answer.etag)};
  if (answer.body.empty()) return read;
  auto body = JsonObject::Parse(std::move(answer.body));
  if (!body) {
    return Error{ErrorKind::kMalformed, "The answer of " + url_ +
                                            " cannot be read; is VOLCANION_URL right? (correlation id " +
                                            answer.correlation_id + ")"};
  }
  read.body = *std::move(body);
  return read;
}

Result<domain::Done> ApiClient::Download(const std::string& target, const std::function<bool(std::string_view)>& take) {
  const auto answer = connection_.Receive(target, take);
  if (answer.status == 0) {
    return Error{ErrorKind::kUnavailable, "No answer from " + url_ + ": " + answer.failure + "."};
  }
  if (answer.status != 200) return RefusalOf(answer, url_);
  if (answer.failure.empty()) return domain::Done{};
  return Error{ErrorKind::kUnavailable, "The answer of " + url_ + " was cut: " + answer.failure + " (correlation id " +
                                            answer.correlation_id + ")."};
}

Result<std::vector<JsonObject>> ApiClient::List(const std::string& target, std::size_t most) {
  std::vector<JsonObject> items;
  std::string cursor;
  while (items.size() < most) {
    auto page_target = target + (target.find('?') == std::string::npos ? "?" : "&") +
                       "limit=" + std::to_string(std::min(kPageItems, most - items.size()));
    if (!cursor.empty()) page_target += "&cursor=" + UrlEncoded(cursor);
    auto page = Get(page_target);
    if (!page) return std::move(page).error();
    for (auto& item : page->body.Objects("items")) items.push_back(std::move(item));
    auto next = page->body.Text("nextCursor");
    if (next.empty()) break;
    if (next == cursor) return Error{ErrorKind::kMalformed, "The pages of " + url_ + target + " do not end."};
    cursor = std::move(next);
  }
  return items;
}

}  // namespace volcanion::cli
