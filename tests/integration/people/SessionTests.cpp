#include "Infrastructure/Postgres/PqConnection.h"
#include "tests/integration/ApiFixture.h"
#include "tests/support/Base64Url.h"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

constexpr char kAda[] = "ada@example.com";

/// The service with an analyst, and what tests of log-ins ask it.
struct People : Api {
  People() { service.NewMember(sender.partner_id, kAda, "analyst"); }

  RawResponse Post(const std::string& path, const std::string& body) {
    return HttpClient(service.port()).Post(path, body);
  }
  RawResponse Refresh(const std::string& token) {
    return Post("/api/auth/refresh", R"({"refreshToken":")" + token + R"("})");
  }
  int LogOut(const std::string& token) {
    return Post("/api/auth/logout", R"({"refreshToken":")" + token + R"("})").status;
  }
  RawResponse LogInWith(const std::string& email, const std::string& password) {
    return Post("/api/auth/token", R"({"email":")" + email + R"(","password":")" + password + R"("})");
  }
  int Read(const std::string& token, std::uint16_t port = 0) {
    return HttpClient(port == 0 ? service.port() : port)
        .Get("/api/partners/" + sender.partner_id, TestService::As(token))
        .status;
  }
  /// Signed by the key that is in use.
  std::string Signed(const application::TokenClaims& claims) {
    const auto key = service.people().signing_keys.Current(domain::Timestamp(), domain::Timestamp(), [] {
      return domain::Result<application::SigningKey>(domain::Error{domain::ErrorKind::kInternal, "there is one"});
    });
    return service.people().jose.Sign(*key, claims).value();
  }
};

application::TokenClaims ClaimsOf(const std::string& access_token, People& people) {
  const auto session = people.service.people().access_tokens.Read(access_token);
  application::TokenClaims claims;
  claims.issuer = "volcanion";
  claims.audiences = {"volcanion-api"};
  claims.subject = session->user.ToString();
  claims.session = session->id.ToString();
  const auto now = infrastructure::SystemClock().Now();
  claims.issued_at = claims.not_before = now;
  claims.expires_at = now + std::chrono::minutes(5);
  return claims;
}

}  // namespace

TEST_SUITE("log-in") {
  TEST_CASE("who logs in gets tokens that are good for what the person may do") {
    People people;
    const auto answer = people.service.LogIn("Ada@Example.com");
    CHECK(answer.status == 200);
    CHECK(answer.Header("Cache-Control") == "no-store");
    CHECK(Has(answer.body, R"("tokenType":"Bearer","expiresIn":600,)"));
    const auto access = JsonString(answer.body, "accessToken");
    CHECK(people.Read(access) == 200);
    CHECK(people.Ask("SELECT count(*) FROM write.refresh_tokens WHERE refresh_tokens::text LIKE '%vr_live%'") == "0");
    CHECK(people.Ask("SELECT count(*) FROM write.users WHERE password_hash LIKE '$argon2id$v=19$m=65536,t=2,p=1$%'") ==
          "1");
    const auto keys = HttpClient(people.service.port()).Get("/.well-known/jwks.json");
    CHECK(keys.status == 200);
    CHECK(Has(keys.body, R"("kty":"RSA")"));
    CHECK(Has(keys.body, R"("alg":"RS256","use":"sig"})"));
    CHECK_FALSE(Has(keys.body, "\"d\""));
    CHECK(people.Ask("SELECT count(*) FROM write.signing_keys") == "1");
  }

  TEST_CASE("a wrong password and an unknown e-mail get the same answer") {
    People people;
    const auto body_of = [&](const std::string& email) {
      auto headers = HttpClient::Headers{{"X-Correlation-ID", "same"}};
      const auto answer =
          HttpClient(people.service.port())
              .Post("/api/auth/token", R"({"email":")" + email + R"(","password":"not this one"})", headers);
      CHECK(answer.status == 401);
      return answer.body;
    };
    CHECK(body_of(kAda) == body_of("nobody@example.com"));
    CHECK(body_of(kAda) == body_of("no address at all"));
    CHECK(people.Post("/api/auth/token", R"({"email":"ada@example.com"})").status == 422);
    CHECK(people.Post("/api/auth/token", "{").status == 400);
  }

  TEST_CASE("a log-in that is under way while the password changes, or the person is deactivated, begins no session") {
    for (const std::string change : {"password_hash = 'another'", "is_active = false"}) {
      CAPTURE(change);
      People people;
      infrastructure::PqConnection other(people.stores.write_dsn());
      (void)other.Execute(("BEGIN; UPDATE write.users SET " + change).c_str());
      std::atomic<int> status = 0;
      std::jthread log_in([&] { status = people.service.LogIn(kAda).status; });
      WaitUntil("the log-in waits for the change, or is over", [&] {
        return status != 0 || people.Ask(
                                  "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                  "AND wait_event_type = 'Lock'") == "1";
      });
      (void)other.Execute("COMMIT");
      log_in.join();
      CHECK(status == 401);
      CHECK(people.Ask("SELECT count(*) FROM write.sessions") == "0");
    }
  }

  TEST_CASE("an account is left alone for a while after too many failures, and others are not") {
    People people;
    people.service.NewMember(people.sender.partner_id, "bob@example.com", "analyst");
    for (int i = 0; i < 10; ++i) CHECK(people.LogInWith(kAda, "wrong").status == 401);
    const auto refused = people.service.LogIn("ADA@example.com");
    CHECK(refused.status == 429);
    CHECK(refused.Header("Retry-After") == "60");
    CHECK(people.service.LogIn("bob@example.com").status == 200);
  }

  TEST_CASE("an address is left alone after too many failures, whomever it tries") {
    People people;
    auto& throttle = people.service.people().throttle.by_address;
    for (int i = 0; i < 50; ++i)
      throttle.Try(application::NeighbourhoodOf("127.0.0.1"), std::chrono::steady_clock::now());
    CHECK(people.service.LogIn(kAda).status == 429);
  }

  TEST_CASE("a body that is packed is not unpacked for whom we do not know") {
    People people;
    CHECK(
        HttpClient(people.service.port()).Post("/api/auth/token", "\x1f\x8b", {{"Content-Encoding", "gzip"}}).status ==
        415);
  }
}

TEST_SUITE("sessions") {
  TEST_CASE("a refresh token is good once, and its second use ends the session") {
    People people;
    const auto first = JsonString(people.service.LogIn(kAda).body, "refreshToken");
    const auto answer = people.Refresh(first);
    CHECK(answer.status == 200);
    const auto second = JsonString(answer.body, "refreshToken");
    const auto access = JsonString(answer.body, "accessToken");
    CHECK(second != first);
    CHECK(people.Read(access) == 200);
    CHECK(people.Refresh(first).status == 401);   // stolen, by one of the two
    CHECK(people.Refresh(second).status == 401);  // so neither goes on
    CHECK(people.Read(access) == 401);
    CHECK(people.Refresh("vr_live_guessed").status == 401);
    CHECK(people.service.LogIn(kAda).status == 200);
  }

  TEST_CASE("of many that use a refresh token at once, one gets new ones") {
    People people;
    const auto token = JsonString(people.service.LogIn(kAda).body, "refreshToken");
    std::vector<int> statuses(6);
    std::vector<std::thread> users;
    for (auto& status : statuses) users.emplace_back([&] { status = people.Refresh(token).status; });
    for (auto& user : users) user.join();
    CHECK(std::count(statuses.begin(), statuses.end(), 200) == 1);
    CHECK(std::count(statuses.begin(), statuses.end(), 401) == 5);
  }

  TEST_CASE("after a log-out nothing of the session is good, in no process") {
    People people;
    const TestService other(people.stores, {.sync = false});
    const auto body = people.service.LogIn(kAda).body;
    const auto access = JsonString(body, "accessToken");
    const auto refresh = JsonString(body, "refreshToken");
    const auto kept = JsonString(people.service.LogIn(kAda).body, "accessToken");
    CHECK(people.Read(access, other.port()) == 200);  // signed elsewhere
    CHECK(people.LogOut(refresh) == 204);
    CHECK(people.Read(access) == 401);
    WaitUntil("it is known elsewhere", [&] { return people.Read(access, other.port()) == 401; });
    CHECK(people.Refresh(refresh).status == 401);
    CHECK(people.LogOut(refresh) == 204);
    CHECK(people.LogOut("unknown") == 204);
    CHECK(people.Read(kept) == 200);
  }

  TEST_CASE("what ends no session has no process load its directory anew") {
    People people;
    const auto refresh = JsonString(people.service.LogIn(kAda).body, "refreshToken");
    const auto revision = [&] { return people.Ask("SELECT revision FROM write.directory_revision"); };
    const auto before = revision();
    CHECK(people.LogOut("unknown") == 204);
    CHECK(people.Refresh("unknown").status == 401);
    CHECK(people.Post("/api/auth/reset-password", R"({"token":"unknown","password":"a long password"})").status == 422);
    CHECK(people.Post("/api/auth/accept-invitation", R"({"token":"unknown","password":"a long one"})").status == 422);
    CHECK(revision() == before);
    CHECK(people.LogOut(refresh) == 204);
    const auto after = revision();
    CHECK(after != before);
    CHECK(people.LogOut(refresh) == 204);
    CHECK(revision() == after);
  }

  TEST_CASE("a session that has expired goes on no more") {
    People people;
    const auto refresh = JsonString(people.service.LogIn(kAda).body, "refreshToken");
    (void)people.Ask("UPDATE write.sessions SET expires_at = now()");
    CHECK(people.Refresh(refresh).status == 401);
  }

  TEST_CASE("who is deactivated is out at once, and forgotten links do not help") {
    People people;
    const auto body = people.service.LogIn(kAda).body;
    const auto access = JsonString(body, "accessToken");
    (void)people.Ask("UPDATE write.users SET is_active = false WHERE email = 'ada@example.com'");
    WaitUntil("the token is refused", [&] { return people.Read(access) == 401; });
    CHECK(people.Refresh(JsonString(body, "refreshToken")).status == 401);
    CHECK(people.service.LogIn(kAda).status == 401);
    CHECK(people.Post("/api/auth/forgot-password", R"({"email":"ada@example.com"})").status == 202);
  }

  TEST_CASE("a new key signs, and the old one verifies until what it signed has expired") {
    People people;
    const auto before = JsonString(people.service.LogIn(kAda).body, "accessToken");
    REQUIRE(people.service.people().access_tokens.ChangeKey().ok());
    const auto after = JsonString(people.service.LogIn(kAda).body, "accessToken");
    CHECK(before.substr(0, before.find('.')) != after.substr(0, after.find('.')));
    CHECK(people.Read(before) == 200);
    CHECK(people.Read(after) == 200);
    (void)people.Ask(
        "UPDATE write.signing_keys SET retired_at = retired_at - interval '601 s' WHERE retired_at < now()");
    REQUIRE(people.service.management().directory.Refresh().ok());
    CHECK(people.Read(before) == 401);
    CHECK(people.Read(after) == 200);
    CHECK(people.Ask("SELECT count(*) FROM write.signing_keys WHERE retired_at IS NULL") == "1");
  }

  TEST_CASE(
      "signing keys are sealed in the store where there is a key for that, and the private half goes when one "
      "retires") {
    People people;  // without one
    const auto before = JsonString(people.service.LogIn(kAda).body, "accessToken");
    const auto is_sealed = [&](const std::string& text) { return infrastructure::SecretBox::IsSealed(text); };
    const std::string in_use = "SELECT private_jwk FROM write.signing_keys WHERE retired_at IS NULL";
    CHECK_FALSE(is_sealed(people.Ask(in_use)));
    const auto box = [] { return infrastructure::SecretBox({infrastructure::SecretBox::Key{7}}); };
    const auto now = infrastructure::SystemClock().Now();
    const auto current = [&](infrastructure::SecretBox with) {
      infrastructure::PostgresSigningKeyStore keys(people.service.management().pool, std::move(with));
      return keys.Current(now - std::chrono::hours(1), now,
                          [&] { return people.service.people().jose.NewKey("sealed"); });
    };
    const auto sealed = current(box());
    REQUIRE(sealed.ok());
    CHECK(sealed->id == "sealed");  // the one that lay open is replaced
    CHECK(Has(sealed->private_jwk, "\"d\""));
    CHECK(is_sealed(people.Ask(in_use)));
    CHECK(people.Ask("SELECT count(*) FROM write.signing_keys WHERE private_jwk LIKE '%\"d\"%'") == "0");
    CHECK(people.Ask("SELECT count(*) FROM write.signing_keys WHERE retired_at IS NOT NULL AND private_jwk = ''") ==
          "1");
    CHECK(current(box())->private_jwk == sealed->private_jwk);
    CHECK_FALSE(current(infrastructure::SecretBox({infrastructure::SecretBox::Key{8}})).ok());
    CHECK(people.Read(before) == 200);                // verified by the public half
    const auto refused = people.service.LogIn(kAda);  // this process has no key to open it with
    CHECK(refused.status == 503);
    CHECK(Has(refused.body, "Tell its operator"));
    REQUIRE(people.service.people().access_tokens.ChangeKey().ok());
    CHECK(people.service.LogIn(kAda).status == 200);
  }

  TEST_CASE("a token of ours with another issuer, audience, time or person is none") {
    People people;
    const auto access = JsonString(people.service.LogIn(kAda).body, "accessToken");
    const auto good = ClaimsOf(access, people);
    const auto status = [&](auto change) {
      auto claims = good;
      change(claims);
      return people.Read(people.Signed(claims));
    };
    const auto now = *good.issued_at;
    CHECK(status([](auto&) {}) == 200);
    CHECK(status([](auto& claims) { claims.issuer = "someone"; }) == 401);
    CHECK(status([](auto& claims) { claims.audiences = {"another-api"}; }) == 401);
    CHECK(status([](auto& claims) { claims.audiences.clear(); }) == 401);
    CHECK(status([&](auto& claims) { claims.expires_at = now - std::chrono::seconds(1); }) == 401);
    CHECK(status([&](auto& claims) { claims.expires_at = std::nullopt; }) == 401);
    CHECK(status([&](auto& claims) { claims.not_before = now + std::chrono::minutes(5); }) == 401);
    CHECK(status([](auto& claims) { claims.subject = "01a1f8b5-2daa-7540-afa2-97ece2294f56"; }) == 401);
    CHECK(status([](auto& claims) { claims.subject = "' OR true"; }) == 401);
    CHECK(status([](auto& claims) { claims.session = ""; }) == 401);
    const auto none = Base64Url(R"({"alg":"none"})") + access.substr(access.find('.'));
    CHECK(people.Read(none) == 401);
    CHECK(people.Read(access.substr(0, access.rfind('.') + 1)) == 401);
  }
}

TEST_SUITE("an external issuer") {
  TEST_CASE("its tokens are good for members whose address it has verified, by the configured keys alone") {
    const infrastructure::JoseTokens jose;
    const auto key = jose.NewKey("idp").value();
    const auto other_key = jose.NewKey("idp").value();
    const std::string file = "/tmp/volcanion-jwks-" + std::to_string(::getpid()) + ".json";
    std::ofstream(file) << R"({"keys":[{"kty":"oct","kid":"idp2","k":"c2VjcmV0"},)" << key.public_jwk << "]}";
    TestStores stores;
    TestService service(stores, {.sync = false, .configure = [&](auto& settings) {
                                   settings.oidc_issuer = "https://idp.example";
                                   settings.oidc_audience = "volcanion";
                                   settings.oidc_jwks = file;
                                 }});
    const auto sender = service.NewSender();
    service.NewMember(sender.partner_id, kAda, "analyst");
    REQUIRE(service.people().external->Load().ok());
    std::remove(file.c_str());
    application::TokenClaims good;
    good.issuer = "https://idp.example";
    good.audiences = {"volcanion"};
    good.subject = "whatever";
    good.expires_at = infrastructure::SystemClock().Now() + std::chrono::minutes(5);
    good.email = "Ada@Example.com";
    good.email_is_verified = true;
    const auto status = [&](auto change, const application::SigningKey& by) {
      auto claims = good;
      change(claims);
      return HttpClient(service.port())
          .Get("/api/partners/" + sender.partner_id, TestService::As(jose.Sign(by, claims).value()))
          .status;
    };
    CHECK(status([](auto&) {}, key) == 200);
    CHECK(status([](auto&) {}, other_key) == 401);
    CHECK(status([](auto& claims) { claims.email_is_verified = false; }, key) == 401);
    CHECK(status([](auto& claims) { claims.email = "nobody@example.com"; }, key) == 401);
    CHECK(status([](auto& claims) { claims.email = ""; }, key) == 401);
    CHECK(status([](auto& claims) { claims.issuer = "https://evil.example"; }, key) == 401);
    CHECK(status([](auto& claims) { claims.audiences = {"another"}; }, key) == 401);
    CHECK(status([](auto& claims) { claims.expires_at = domain::Timestamp(); }, key) == 401);
    // Ours and theirs are told apart by the key: neither speaks for the other.
    CHECK(status([](auto& claims) { claims.issuer = "volcanion"; }, key) == 401);
  }

  TEST_CASE("its keys may be fetched from a URL, and stay in force while that fails") {
    TestStores their_stores, stores;
    std::optional<TestService> issuer;
    issuer.emplace(their_stores, TestService::Options{.sync = false});
    REQUIRE(issuer->people().access_tokens.ChangeKey().ok());
    const auto key = issuer->people().signing_keys.Current(domain::Timestamp(), domain::Timestamp(), nullptr).value();
    const auto url = "http://127.0.0.1:" + std::to_string(issuer->port()) + "/.well-known/jwks.json";
    TestService service(stores, {.sync = false, .configure = [&](auto& settings) {
                                   settings.oidc_issuer = "https://idp.example";
                                   settings.oidc_audience = "volcanion";
                                   settings.oidc_jwks = url;
                                 }});
    const auto sender = service.NewSender();
    service.NewMember(sender.partner_id, kAda, "analyst");
    REQUIRE(service.people().external->Load().ok());
    application::TokenClaims claims;
    claims.issuer = "https://idp.example";
    claims.audiences = {"volcanion"};
    claims.expires_at = infrastructure::SystemClock().Now() + std::chrono::minutes(5);
    claims.email = kAda;
    claims.email_is_verified = true;
    const auto token = service.people().jose.Sign(key, claims).value();
    const auto status = [&] {
      return HttpClient(service.port()).Get("/api/partners/" + sender.partner_id, TestService::As(token)).status;
    };
    CHECK(status() == 200);
    issuer.reset();
    CHECK_FALSE(service.people().external->Load().ok());
    CHECK(status() == 200);
  }
}
