#include "Api/Middleware/Authentication.h"

#include "Application/Base64.h"

#include <exception>
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

Authentication::Identity Authentication::Identify(const domain::SecretHash& hash) const {
  const auto directory = directory_.Current();
  if (const auto sender = directory->FindSender(hash, clock_.Now())) return *sender;
  if (auto principal = directory->FindPrincipal(hash)) return *std::move(principal);
  return {};
}

void Authentication::WithIdentity(Call call, std::function<void(Call, Identity)> next) {
  const auto credential = CredentialOf(call.request.headers);
  if (!credential || credential->empty()) {
    return call.answer.SendProblem(401, "A key is needed: send it as X-API-Key or as Authorization: Bearer.");
  }
  const auto hash = secrets_.Hash(*credential);
  const auto identity = Identify(hash);
  if (!std::holds_alternative<std::monostate>(identity)) return next(std::move(call), identity);
  const auto answer = call.answer;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back({std::move(call), hash, std::move(next)});
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
  for (const auto refreshed = RefreshCatching(directory_); auto& [call, hash, next] : served) {
    const auto answer = call.answer;
    try {
      refreshed ? next(std::move(call), Identify(hash)) : answer.SendProblem(refreshed.error());
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
  for (const auto& [call, hash, next] : unserved) call.answer.SendProblem(503, "The server is busy. Try again later.");
}

void Authentication::RequireSender(Call call, std::function<void(Call, application::Sender)> next) {
  WithIdentity(std::move(call), [next = std::move(next)](Call found, Identity identity) {
    if (const auto* sender = std::get_if<application::Sender>(&identity)) {
      if (UnpackBody(found)) next(std::move(found), *sender);
    } else if (std::holds_alternative<application::Principal>(identity)) {
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
      next(std::move(found));
    } else if (std::holds_alternative<application::Sender>(identity)) {
      found.answer.SendProblem(403, "This needs a token, not an API key.");
    } else {
      found.answer.SendProblem(401, "The token is not known, or not good any more.");
    }
  });
}

}  // namespace volcanion::api
