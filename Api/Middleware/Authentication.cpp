#include "Api/Middleware/Authentication.h"

#include "Api/Middleware/Problem.h"
#include "Application/Base64.h"

#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace volcanion::api {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookUpInterval{100};
constexpr std::size_t kMaxWaiting = 1'000;

std::string_view TrimmedLeft(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

/// What follows `scheme` and a space, where the header begins with it (RFC 9110, 11.1: in any case of letters).
std::optional<std::string_view> AfterScheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((header[i] | 0x20) != scheme[i]) return std::nullopt;
  }
  return TrimmedLeft(header.substr(scheme.size()));
}

domain::Result<domain::Done> RefreshCatching(application::DirectoryCache& directory) {
  try {
    return directory.Refresh();
  } catch (const std::exception& error) {
    return domain::Error{domain::ErrorKind::kInternal, error.what()};
  }
}

void SendTooManyFailures(const Answer& answer, std::chrono::seconds wait) {
  auto problem = MakeProblem(429, "Too many keys and tokens from this address were not good. Try again later.",
                             answer.correlation_id());
  problem.headers.Add("Retry-After", std::to_string(wait.count()));
  answer.Send(std::move(problem));
}

}  // namespace

std::optional<std::string> CredentialOf(const Headers& headers) {
  if (const auto key = headers.Find("X-API-Key")) return std::string(*key);
  const auto header = headers.Find("Authorization");
  if (!header) return std::nullopt;
  if (const auto token = AfterScheme(*header, "bearer")) return std::string(*token);
  if (const auto basic = AfterScheme(*header, "basic")) {
    if (const auto pair = application::DecodeBase64(*basic)) return pair->substr(0, pair->find(':'));
  }
  return std::nullopt;
}

std::optional<application::Principal> Authentication::PrincipalOf(std::string_view token) const {
  auto identity = identify_.With(token);
  if (auto* principal = std::get_if<application::Principal>(&identity)) return std::move(*principal);
  return std::nullopt;
}

Authentication::Identity Authentication::IdentifyOrNote(std::string_view credential, const Answer& client) {
  auto identity = identify_.With(credential);
  if (std::holds_alternative<std::monostate>(identity)) {
    failures_.NoteFailure(client.client_address(), steady_clock::now());
  }
  return identity;
}

void Authentication::WithIdentity(Call call, std::function<void(Call, Identity)> next) {
  const auto credential = CredentialOf(call.request.headers);
  if (!credential || credential->empty()) {
    return call.answer.SendProblem(401,
                                   "A key or a token is needed: send it as X-API-Key, as Authorization: Bearer, or as "
                                   "the user name of Authorization: Basic.");
  }
  const auto identity = identify_.With(*credential);
  if (!std::holds_alternative<std::monostate>(identity)) return next(std::move(call), identity);
  const auto answer = call.answer;
  if (const auto wait = failures_.WaitFor(answer.client_address(), steady_clock::now())) {
    return SendTooManyFailures(answer, *wait);
  }
  if (secrets_.IsMistyped(*credential)) return next(std::move(call), IdentifyOrNote(*credential, answer));
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back({std::move(call), *credential, std::move(next)});
      if (looking_up_ || SubmitLookUp()) return;
      waiting_.pop_back();
    }
  }
  answer.SendProblem(503, "The server is busy. Try again later.");
}

bool Authentication::SubmitLookUp() {
  looking_up_ = blocking_.Submit([this] { LookUp(); });
  return looking_up_;
}

void Authentication::LookUp() {
  std::this_thread::sleep_until(began_ + kLookUpInterval);
  std::vector<Waiting> served;
  {
    const std::lock_guard lock(mutex_);
    served.swap(waiting_);
    began_ = steady_clock::now();
  }
  for (const auto refreshed = RefreshCatching(directory_); auto& [call, credential, next] : served) {
    const auto answer = call.answer;
    try {
      refreshed ? next(std::move(call), IdentifyOrNote(credential, answer)) : answer.SendProblem(refreshed.error());
    } catch (const std::exception& error) {
      answer.SendProblem(domain::Error{domain::ErrorKind::kInternal, error.what()});
    }
  }
  std::vector<Waiting> unserved;
  {
    const std::lock_guard lock(mutex_);
    looking_up_ = false;
    if (!waiting_.empty() && !SubmitLookUp()) unserved.swap(waiting_);
  }
  for (const auto& [call, credential, next] : unserved)
    call.answer.SendProblem(503, "The server is busy. Try again later.");
}

void Authentication::RequireSender(Call call, std::function<void(Call, application::Sender)> next) {
  WithIdentity(std::move(call), [this, next = std::move(next)](Call found, Identity identity) {
    if (const auto* sender = std::get_if<application::Sender>(&identity)) {
      uses_.Note(sender->key, clock_.Now());
      if (UnpackBody(found)) next(std::move(found), *sender);
    } else if (const auto* principal = std::get_if<application::Principal>(&identity)) {
      found.answer.SetActor(principal->name);
      found.answer.SendProblem(403, "Events are sent with a system's API key.");
    } else {
      found.answer.SendProblem(401, "The key is not known, or not good any more.");
    }
  });
}

void Authentication::RequirePrincipal(Call call, std::function<void(Call)> next) {
  WithIdentity(std::move(call), [next = std::move(next)](Call found, Identity identity) {
    if (auto* principal = std::get_if<application::Principal>(&identity)) {
      found.principal = std::move(*principal);
      found.answer.SetActor(found.principal.name);
      next(std::move(found));
    } else if (const auto* sender = std::get_if<application::Sender>(&identity)) {
      found.answer.SetActor("API key " + sender->key.ToString());
      found.answer.SendProblem(403, "This needs a token, not an API key.");
    } else {
      found.answer.SendProblem(401, "The token is not known, or not good any more.");
    }
  });
}

}  // namespace volcanion::api
