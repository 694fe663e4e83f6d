#include "Infrastructure/Security/OidcIssuer.h"

#include "Application/Pause.h"
#include "Domain/Email.h"

#include <curl/curl.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using domain::Done;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kLeastPause{10'000};

std::size_t Append(char* bytes, std::size_t size, std::size_t count, void* text) {
  auto& body = *static_cast<std::string*>(text);
  if (body.size() + size * count > kMaxBytes) return 0;  // which ends the transfer
  body.append(bytes, size * count);
  return size * count;
}

Result<std::string> Fetch(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return Error{ErrorKind::kInternal, "libcurl cannot be initialized"};
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const auto code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return Error{ErrorKind::kUnavailable, curl_easy_strerror(code)};
  return body;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::kUnavailable, path + " cannot be read"};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool HasText(const rapidjson::Value& key, const char* name, std::string_view text) {
  const auto member = key.FindMember(name);
  return member != key.MemberEnd() && member->value.IsString() && member->value.GetString() == text;
}

/// The keys of a set (RFC 7517, 5) that are for RS256 and have a kid.
std::optional<std::map<std::string, std::string, std::less<>>> ParseKeys(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  const auto keys = document.FindMember("keys");
  if (keys == document.MemberEnd() || !keys->value.IsArray()) return std::nullopt;
  std::map<std::string, std::string, std::less<>> read;
  for (const auto& key : keys->value.GetArray()) {
    if (!key.IsObject() || !HasText(key, "kty", "RSA") || !key.HasMember("kid") || !key["kid"].IsString()) continue;
    if (key.HasMember("use") && !HasText(key, "use", "sig")) continue;
    if (key.HasMember("alg") && !HasText(key, "alg", "RS256")) continue;
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    key.Accept(writer);
    read.emplace(key["kid"].GetString(), std::string(buffer.GetString(), buffer.GetSize()));
  }
  return read;
}

}  // namespace

OidcIssuer::OidcIssuer(OidcSettings settings, const application::SignedTokens& tokens, const application::Clock& clock,
                       application::Log& log)
    : settings_(std::move(settings)), tokens_(tokens), clock_(clock), log_(log), loader_([this](std::stop_token stop) {
        Reload(stop);
      }) {}

std::optional<std::string> OidcIssuer::VerifiedEmailOf(std::string_view token) const {
  std::shared_ptr<const Keys> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
  }
  const auto claims = tokens_.Read(token, [&](std::string_view kid) -> std::optional<std::string> {
    if (const auto found = keys->find(kid); found != keys->end()) return found->second;
    const std::lock_guard lock(mutex_);
    is_wanted_ = true;
    wanted_.notify_one();
    return std::nullopt;
  });
  if (!claims || !claims->email_is_verified || !claims->AreGood(settings_.issuer, settings_.audience, clock_.Now())) {
    return std::nullopt;
  }
  const auto email = domain::Email::Parse(claims->email);
  return email ? std::optional(email->text()) : std::nullopt;
}

Result<Done> OidcIssuer::Load() {
  const bool is_url = settings_.jwks.starts_with("https://") || settings_.jwks.starts_with("http://");
  auto text = is_url ? Fetch(settings_.jwks) : ReadFile(settings_.jwks);
  if (!text) return std::move(text).error();
  auto keys = ParseKeys(*text);
  if (!keys) return Error{ErrorKind::kUnavailable, "it is no set of JSON Web Keys"};
  auto next = std::make_shared<const Keys>(*std::move(keys));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(next);
  return Done{};
}

void OidcIssuer::Reload(std::stop_token stop) {
  do {
    if (const auto loaded = Load(); !loaded) {
      log_.Warning(
          "keys of the external issuer cannot be loaded; the last ones stay in force",
          {{"issuer", std::string_view(settings_.issuer)}, {"reason", std::string_view(loaded.error().message)}});
    }
    if (!application::Pause(stop, kLeastPause)) return;
    std::unique_lock lock(mutex_);
    wanted_.wait_for(lock, stop, settings_.reload, [this] { return is_wanted_; });
    is_wanted_ = false;
  } while (!stop.stop_requested());
}

}  // namespace volcanion::infrastructure
