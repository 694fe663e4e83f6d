#include "Infrastructure/Security/JoseTokens.h"
#include "tests/support/Base64Url.h"

#include <cjose/cjose.h>
#include <doctest/doctest.h>
#include <sodium.h>

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace volcanion;
using application::SigningKey;
using application::TokenClaims;
using infrastructure::JoseTokens;
using test::Base64Url;

namespace {

const JoseTokens kTokens;

/// Making one takes a while: once for all cases.
const SigningKey& OurKey() {
  static const SigningKey key = kTokens.NewKey("ours").value();
  return key;
}

const SigningKey& StrangersKey() {
  static const SigningKey key = kTokens.NewKey("ours").value();  // calls itself as ours does
  return key;
}

TokenClaims Claims() {
  TokenClaims claims;
  claims.issuer = "us";
  claims.audiences = {"ours"};
  claims.subject = "ada";
  claims.session = "s";
  claims.issued_at = claims.not_before = domain::ParseRfc3339("2026-11-20T10:00:00Z");
  claims.expires_at = domain::ParseRfc3339("2026-11-20T10:10:00Z");
  return claims;
}

std::string Signed(const SigningKey& key = OurKey()) { return kTokens.Sign(key, Claims()).value(); }

std::optional<TokenClaims> Read(std::string_view token) {
  return kTokens.Read(token, [](std::string_view kid) -> std::optional<std::string> {
    return kid == "ours" ? std::optional(OurKey().public_jwk) : std::nullopt;
  });
}

std::vector<std::string> PartsOf(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

/// Our payload under another header, with our signature of the true one.
std::string WithHeader(std::string_view header) {
  const auto parts = PartsOf(Signed());
  return Base64Url(header) + "." + parts[1] + "." + parts[2];
}

/// Our payload under a header of the stranger's choice, and truly signed by the stranger: whoever took a key, or the
/// place of one, out of the header would find the signature good. `more` are names and JSON values beside RS256.
std::string SignedByStranger(std::initializer_list<std::pair<const char*, std::string>> more) {
  cjose_err error{};
  const auto& jwk = StrangersKey().private_jwk;
  const std::unique_ptr<cjose_jwk_t, void (*)(cjose_jwk_t*)> key(cjose_jwk_import(jwk.data(), jwk.size(), &error),
                                                                 [](cjose_jwk_t* one) { cjose_jwk_release(one); });
  const std::unique_ptr<cjose_header_t, void (*)(cjose_header_t*)> header(cjose_header_new(&error),
                                                                          cjose_header_release);
  REQUIRE(cjose_header_set(header.get(), CJOSE_HDR_ALG, "RS256", &error));
  for (const auto& [name, value] : more) {
    const bool is_text = value.starts_with('"');
    REQUIRE((is_text ? cjose_header_set(header.get(), name, value.substr(1, value.size() - 2).c_str(), &error)
                     : cjose_header_set_raw(header.get(), name, value.c_str(), &error)));
  }
  const std::string payload = R"({"iss":"us","aud":"ours","sub":"eve","sid":"s","exp":9999999999})";
  const std::unique_ptr<cjose_jws_t, void (*)(cjose_jws_t*)> signature(
      cjose_jws_sign(key.get(), header.get(), reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size(),
                     &error),
      cjose_jws_release);
  const char* text = nullptr;
  REQUIRE(cjose_jws_export(signature.get(), &text, &error));
  return text;
}

/// What an attacker makes of a public key: signed by HMAC, with `secret` for the key.
std::string SignedByHmac(std::string_view header, std::string_view secret) {
  const auto text = Base64Url(header) + "." + PartsOf(Signed())[1];
  crypto_auth_hmacsha256_state state;
  unsigned char mac[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, mac);
  return text + "." + Base64Url({reinterpret_cast<const char*>(mac), sizeof mac});
}

}  // namespace

TEST_SUITE("signed tokens") {
  TEST_CASE("what our key has signed is read as it was written") {
    const auto claims = Read(Signed());
    REQUIRE(claims.has_value());
    CHECK(claims->issuer == "us");
    CHECK(claims->subject == "ada");
    CHECK(claims->session == "s");
    CHECK(claims->audiences == std::vector<std::string>{"ours"});
    CHECK(claims->expires_at == Claims().expires_at);
    CHECK(claims->not_before == Claims().not_before);
  }

  TEST_CASE("a token without a signature is none, however its alg is spelled") {
    const auto payload = PartsOf(Signed())[1];
    for (const std::string alg : {"none", "None", "NONE", "nOnE", "", " none", "rs256", "RS256 ", "null"}) {
      CAPTURE(alg);
      const auto header = R"({"alg":")" + alg + R"(","kid":"ours"})";
      CHECK_FALSE(Read(Base64Url(header) + "." + payload + ".").has_value());
      CHECK_FALSE(Read(Base64Url(header) + "." + payload).has_value());
      CHECK_FALSE(Read(WithHeader(header)).has_value());
    }
    for (const std::string header :
         {R"({"kid":"ours"})", R"({"alg":null,"kid":"ours"})", R"({"alg":["RS256"],"kid":"ours"})",
          R"({"alg":true,"kid":"ours"})", R"("RS256")", "", "{", "[]"}) {
      CAPTURE(header);
      CHECK_FALSE(Read(WithHeader(header)).has_value());
    }
  }

  TEST_CASE("a stripped, cut or changed signature is none") {
    const auto token = Signed();
    const auto parts = PartsOf(token);
    CHECK_FALSE(Read(parts[0] + "." + parts[1] + ".").has_value());
    CHECK_FALSE(Read(parts[0] + "." + parts[1]).has_value());
    CHECK_FALSE(Read(parts[0] + ".." + parts[2]).has_value());
    CHECK_FALSE(Read("").has_value());
    CHECK_FALSE(Read(".").has_value());
    CHECK_FALSE(Read("..").has_value());
    CHECK_FALSE(Read(token + ".x").has_value());
    for (std::size_t size = 0; size < token.size(); size += 7) CHECK_FALSE(Read(token.substr(0, size)).has_value());
    for (std::size_t i = 0; i + 1 < token.size(); i += 5) {  // the last character has bits to spare
      auto changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CAPTURE(i);
      CHECK_FALSE(Read(changed).has_value());
    }
    const auto other = Base64Url(R"({"iss":"us","aud":"ours","sub":"eve","exp":9999999999})");
    CHECK_FALSE(Read(parts[0] + "." + other + "." + parts[2]).has_value());
  }

  TEST_CASE("a public key is no secret to sign with") {
    for (const std::string alg : {"HS256", "HS384", "HS512"}) {
      const auto header = R"({"alg":")" + alg + R"(","kid":"ours"})";
      CHECK_FALSE(Read(SignedByHmac(header, OurKey().public_jwk)).has_value());
      CHECK_FALSE(Read(SignedByHmac(header, "")).has_value());
    }
    CHECK_FALSE(Read(SignedByHmac(R"({"alg":"RS256","kid":"ours"})", OurKey().public_jwk)).has_value());
    for (const std::string alg : {"RS384", "RS512", "PS256", "ES256", "EdDSA"}) {
      CHECK_FALSE(Read(WithHeader(R"({"alg":")" + alg + R"(","kid":"ours"})")).has_value());
    }
  }

  TEST_CASE("a stranger's signature is none, whatever the header says of keys") {
    CHECK_FALSE(Read(Signed(StrangersKey())).has_value());
    const auto& jwk = StrangersKey().public_jwk;
    for (const std::string& more :
         {R"("jwk":)" + jwk, std::string(R"("jku":"https://evil.example/jwks.json")"),
          std::string(R"("x5u":"https://evil.example/cert.pem")"), std::string(R"("x5c":["MIIB"])")}) {
      CAPTURE(more);
      for (const std::string kid : {R"("kid":"ours",)", ""}) {
        CHECK_FALSE(Read(WithHeader(R"({"alg":"RS256",)" + kid + more + "}")).has_value());
      }
    }
    const std::pair<const char*, std::string> keys[] = {{"jwk", jwk},
                                                        {"jku", R"("https://evil.example/jwks.json")"},
                                                        {"jku", R"("file:///tmp/jwks.json")"},
                                                        {"x5u", R"("https://evil.example/cert.pem")"},
                                                        {"x5c", R"(["MIIB"])"}};
    for (const auto& [name, value] : keys) {
      CAPTURE(name);
      CHECK_FALSE(Read(SignedByStranger({{name, value}})).has_value());
      CHECK_FALSE(Read(SignedByStranger({{"kid", R"("ours")"}, {name, value}})).has_value());
      CHECK_FALSE(Read(SignedByStranger({{"kid", R"("theirs")"}, {name, value}})).has_value());
    }
    CHECK(kTokens
              .Read(SignedByStranger({{"kid", R"("ours")"}}),
                    [](std::string_view) { return std::optional(StrangersKey().public_jwk); })
              .has_value());  // the signature is a good one, by a key that is not ours
  }

  TEST_CASE("a kid is looked up, and is nothing else") {
    for (const std::string kid : {"theirs", "", "../../../dev/null", "/dev/null", "ours' OR '1'='1", "OURS", "ours "}) {
      CAPTURE(kid);
      CHECK_FALSE(Read(WithHeader(R"({"alg":"RS256","kid":")" + kid + R"("})")).has_value());
      CHECK_FALSE(Read(SignedByStranger({{"kid", "\"" + kid + "\""}})).has_value());
      // Of a file that is empty, or a row that is made up, the secret would be known.
      for (const std::string secret : {"", "1", "AA=="}) {
        CHECK_FALSE(Read(SignedByHmac(R"({"alg":"HS256","kid":")" + kid + R"("})", secret)).has_value());
      }
    }
    CHECK_FALSE(Read(WithHeader(R"({"alg":"RS256"})")).has_value());
    CHECK_FALSE(Read(WithHeader(R"({"alg":"RS256","kid":1})")).has_value());
  }

  TEST_CASE("what a header declares critical is not passed over") {
    CHECK_FALSE(Read(WithHeader(R"({"alg":"RS256","kid":"ours","crit":["b64"],"b64":false})")).has_value());
  }

  TEST_CASE("a token is good for its issuer, its audience and its time") {
    const auto at = [](const char* text) { return *domain::ParseRfc3339(text); };
    const auto now = at("2026-11-20T10:05:00Z");
    CHECK(Claims().AreGood("us", "ours", now));
    CHECK_FALSE(Claims().AreGood("them", "ours", now));
    CHECK_FALSE(Claims().AreGood("us", "theirs", now));
    CHECK_FALSE(Claims().AreGood("us", "ours", at("2026-11-20T10:10:00Z")));  // expired
    CHECK(Claims().AreGood("us", "ours", at("2026-11-20T09:59:30Z")));        // as far as clocks may differ
    CHECK_FALSE(Claims().AreGood("us", "ours", at("2026-11-20T09:59:29Z")));  // not yet
    auto endless = Claims();
    endless.expires_at = std::nullopt;
    CHECK_FALSE(endless.AreGood("us", "ours", now));
    auto for_nobody = Claims();
    for_nobody.audiences.clear();
    CHECK_FALSE(for_nobody.AreGood("us", "ours", now));
  }

  TEST_CASE("the public key has nothing of the private one") {
    CHECK(OurKey().private_jwk.find("\"d\"") != std::string::npos);
    for (const char* member : {"\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\""}) {
      CHECK(OurKey().public_jwk.find(member) == std::string::npos);
    }
    CHECK(OurKey().public_jwk.find(R"("alg":"RS256","use":"sig")") != std::string::npos);
  }
}
