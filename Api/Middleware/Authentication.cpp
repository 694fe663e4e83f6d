#include "Api/Middleware/Authentication.h"

#include "Api/Middleware/RunBlocking.h"
#include "Application/Base64.h"

#include <string_view>
#include <utility>

namespace volcanion::api {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookUpInterval{100};

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
  if (const auto sender = directory->FindSender(hash, clock_.Now())) return {Who::kSender, *sender};
  if (directory->IsAdminToken(hash)) return {Who::kAdmin};
  return {};
}

bool Authentication::MayLookUpNow() {
  const auto now = steady_clock::now();
  auto last = looked_up_.load();
  return now - last >= kLookUpInterval && looked_up_.compare_exchange_strong(last, now);
}

void Authentication::WithIdentity(Call call, std::function<void(Call, Identity)> next) {
  const auto credential = CredentialOf(call.request.headers);
  if (!credential || credential->empty()) {
    return call.answer.SendProblem(401, "A key is needed: send it as X-API-Key or as Authorization: Bearer.");
  }
  const auto hash = secrets_.Hash(*credential);
  const auto identity = Identify(hash);
  if (identity.who != Who::kNobody) return next(std::move(call), identity);
  if (!MayLookUpNow()) {
    if (directory_.IsLoaded()) return next(std::move(call), identity);
    return call.answer.SendProblem(503, "The server does not know its keys yet. Try again in a moment.");
  }
  RunBlocking(blocking_, std::move(call), [this, hash, next = std::move(next)](Call& waiting) {
    if (const auto refreshed = directory_.Refresh(); !refreshed) return waiting.answer.SendProblem(refreshed.error());
    next(std::move(waiting), Identify(hash));
  });
}

void Authentication::RequireSender(Call call, std::function<void(Call, application::Sender)> next) {
  WithIdentity(std::move(call), [next = std::move(next)](Call found, Identity identity) {
    switch (identity.who) {
      case Who::kSender:
        return next(std::move(found), identity.sender);
      case Who::kAdmin:
        return found.answer.SendProblem(403, "Events are sent with a system's API key.");
      case Who::kNobody:
        return found.answer.SendProblem(401, "The key is not known, or not good any more.");
    }
  });
}

void Authentication::RequireAdmin(Call call, std::function<void(Call)> next) {
  WithIdentity(std::move(call), [next = std::move(next)](Call found, Identity identity) {
    switch (identity.who) {
      case Who::kAdmin:
        return next(std::move(found));
      case Who::kSender:
        return found.answer.SendProblem(403, "This needs an administrator's token, not an API key.");
      case Who::kNobody:
        return found.answer.SendProblem(401, "The token is not known, or not good any more.");
    }
  });
}

}  // namespace volcanion::api
