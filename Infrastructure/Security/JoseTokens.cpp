#include "Infrastructure/Security/JoseTokens.h"

#include <cjose/cjose.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

namespace volcanion::infrastructure {
namespace {

using application::SigningKey;
using application::TokenClaims;
using domain::Error;
using domain::ErrorKind;
using domain::Result;

constexpr char kAlgorithm[] = "RS256";
constexpr std::size_t kKeyBits = 2'048;
constexpr std::size_t kMaxTokenBytes = 8 * 1024;
constexpr double kLastSecond = 253'402'300'799;  // of the year 9999

struct ReleaseKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseSignature {
  void operator()(cjose_jws_t* signature) const { cjose_jws_release(signature); }
};
struct ReleaseHeader {
  void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
struct Free {
  void operator()(char* text) const { std::free(text); }
};
using Key = std::unique_ptr<cjose_jwk_t, ReleaseKey>;
using Signature = std::unique_ptr<cjose_jws_t, ReleaseSignature>;
using Header = std::unique_ptr<cjose_header_t, ReleaseHeader>;
using Text = std::unique_ptr<char, Free>;

Error Failed(const char* what, const cjose_err& error) {
  return {ErrorKind::kInternal, std::string(what) + ": " + (error.message != nullptr ? error.message : "unknown")};
}

std::string Written(const rapidjson::Document& document) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// A key as JSON; the public one says what it is for.
std::string KeyJson(const cjose_jwk_t* key, bool is_private, cjose_err& error) {
  const Text text(cjose_jwk_to_json(key, is_private, &error));
  if (!text) return {};
  if (is_private) return text.get();
  rapidjson::Document document;
  document.Parse(text.get());
  if (!document.IsObject()) return {};
  document.AddMember("alg", kAlgorithm, document.GetAllocator());
  document.AddMember("use", "sig", document.GetAllocator());
  return Written(document);
}

std::int64_t Seconds(domain::Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string ClaimsJson(const TokenClaims& claims) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto text = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    writer.Key(name);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto time = [&](const char* name, const std::optional<domain::Timestamp>& value) {
    if (!value) return;
    writer.Key(name);
    writer.Int64(Seconds(*value));
  };
  writer.StartObject();
  text("iss", claims.issuer);
  text("sub", claims.subject);
  if (!claims.audiences.empty()) text("aud", claims.audiences.front());
  time("iat", claims.issued_at);
  time("nbf", claims.not_before);
  time("exp", claims.expires_at);
  text("sid", claims.session);
  text("email", claims.email);
  if (!claims.email.empty()) {
    writer.Key("email_verified");
    writer.Bool(claims.email_is_verified);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string TextOf(const rapidjson::Document& document, const char* name) {
  const auto member = document.FindMember(name);
  if (member == document.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

/// False for what is there and no time.
bool ReadTime(const rapidjson::Document& document, const char* name, std::optional<domain::Timestamp>& time) {
  const auto member = document.FindMember(name);
  if (member == document.MemberEnd()) return true;
  if (!member->value.IsNumber()) return false;
  const double seconds = member->value.GetDouble();
  if (!(seconds >= 0 && seconds <= kLastSecond)) return false;
  time = domain::Timestamp(std::chrono::seconds(static_cast<std::int64_t>(std::floor(seconds))));
  return true;
}

bool ReadAudiences(const rapidjson::Document& document, std::vector<std::string>& audiences) {
  const auto member = document.FindMember("aud");
  if (member == document.MemberEnd()) return true;
  if (member->value.IsString()) {
    audiences.push_back(TextOf(document, "aud"));
    return true;
  }
  if (!member->value.IsArray()) return false;
  for (const auto& audience : member->value.GetArray()) {
    if (!audience.IsString()) return false;
    audiences.emplace_back(audience.GetString(), audience.GetStringLength());
  }
  return true;
}

std::optional<TokenClaims> ParseClaims(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  TokenClaims claims;
  claims.issuer = TextOf(document, "iss");
  claims.subject = TextOf(document, "sub");
  claims.session = TextOf(document, "sid");
  claims.email = TextOf(document, "email");
  const auto verified = document.FindMember("email_verified");
  claims.email_is_verified = verified != document.MemberEnd() && verified->value.IsBool() && verified->value.GetBool();
  if (!ReadAudiences(document, claims.audiences) || !ReadTime(document, "iat", claims.issued_at) ||
      !ReadTime(document, "nbf", claims.not_before) || !ReadTime(document, "exp", claims.expires_at)) {
    return std::nullopt;
  }
  return claims;
}

/// The kid of a header that says RS256 and asks for nothing that we do not know; nothing of any other header.
std::optional<std::string> AcceptableKeyId(cjose_header_t* header) {
  cjose_err error{};
  const char* algorithm = cjose_header_get(header, CJOSE_HDR_ALG, &error);
  if (algorithm == nullptr || std::string_view(algorithm) != kAlgorithm) return std::nullopt;
  const Text critical(cjose_header_get_raw(header, "crit", &error));  // RFC 7515, 4.1.11
  if (critical) return std::nullopt;
  const char* id = cjose_header_get(header, CJOSE_HDR_KID, &error);
  return id == nullptr ? std::nullopt : std::optional<std::string>(id);
}

}  // namespace

Result<SigningKey> JoseTokens::NewKey(std::string id) const {
  constexpr std::uint8_t kExponent[] = {1, 0, 1};
  cjose_err error{};
  const Key key(cjose_jwk_create_RSA_random(kKeyBits, kExponent, sizeof kExponent, &error));
  if (!key || !cjose_jwk_set_kid(key.get(), id.data(), id.size(), &error)) {
    return Failed("no signing key could be made", error);
  }
  SigningKey made{std::move(id), KeyJson(key.get(), true, error), KeyJson(key.get(), false, error)};
  if (made.private_jwk.empty() || made.public_jwk.empty()) return Failed("a signing key could not be written", error);
  return made;
}

Result<std::string> JoseTokens::Sign(const SigningKey& key, const TokenClaims& claims) const {
  cjose_err error{};
  const Key imported(cjose_jwk_import(key.private_jwk.data(), key.private_jwk.size(), &error));
  const Header header(cjose_header_new(&error));
  if (!imported || !header || !cjose_header_set(header.get(), CJOSE_HDR_ALG, kAlgorithm, &error) ||
      !cjose_header_set(header.get(), CJOSE_HDR_KID, key.id.c_str(), &error) ||
      !cjose_header_set(header.get(), "typ", "JWT", &error)) {
    return Failed("a token could not be prepared", error);
  }
  const auto json = ClaimsJson(claims);
  const Signature signature(cjose_jws_sign(imported.get(), header.get(),
                                           reinterpret_cast<const std::uint8_t*>(json.data()), json.size(), &error));
  const char* text = nullptr;
  if (!signature || !cjose_jws_export(signature.get(), &text, &error)) return Failed("a token was not signed", error);
  return std::string(text);  // the text is the signature's own
}

std::optional<TokenClaims> JoseTokens::Read(std::string_view token, const FindKey& find_key) const {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  cjose_err error{};
  const Signature signature(cjose_jws_import(token.data(), token.size(), &error));
  if (!signature) return std::nullopt;
  const auto id = AcceptableKeyId(cjose_jws_get_protected(signature.get()));
  const auto jwk = id ? find_key(*id) : std::nullopt;
  if (!jwk) return std::nullopt;
  const Key key(cjose_jwk_import(jwk->data(), jwk->size(), &error));
  if (!key || cjose_jwk_get_kty(key.get(), &error) != CJOSE_JWK_KTY_RSA ||
      cjose_jwk_get_keysize(key.get(), &error) < kKeyBits || !cjose_jws_verify(signature.get(), key.get(), &error)) {
    return std::nullopt;
  }
  std::uint8_t* payload = nullptr;
  std::size_t bytes = 0;
  if (!cjose_jws_get_plaintext(signature.get(), &payload, &bytes, &error)) return std::nullopt;
  return ParseClaims({reinterpret_cast<const char*>(payload), bytes});
}

}  // namespace volcanion::infrastructure
