#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <string>

using namespace volcanion;
using namespace volcanion::test;

namespace {

constexpr char kAda[] = "ada@example.com";

struct Members : Api {
  const std::string members = "/api/partners/" + sender.partner_id + "/members";
  const std::string tokens = "/api/partners/" + sender.partner_id + "/tokens";

  RawResponse Anyone(const std::string& path, const std::string& body) {
    return HttpClient(service.port()).Post(path, body);
  }
  RawResponse Invite(const std::string& email, const std::string& role = "analyst") {
    return service.Post(members, R"({"email":")" + email + R"(","role":")" + role + R"("})");
  }
  RawResponse Accept(const std::string& token, const std::string& password = TestService::kPassword) {
    return Anyone("/api/auth/accept-invitation", R"({"token":")" + token + R"(","password":")" + password + R"("})");
  }
  RawResponse Reset(const std::string& token, const std::string& password) {
    return Anyone("/api/auth/reset-password", R"({"token":")" + token + R"(","password":")" + password + R"("})");
  }
  std::string AccessOf(const std::string& email) { return JsonString(service.LogIn(email).body, "accessToken"); }
  int GetAs(const std::string& token, const std::string& path) {
    return HttpClient(service.port()).Get(path, TestService::As(token)).status;
  }
  std::string Audit(const std::string& partner_id) {
    return service.Get("/api/partners/" + partner_id + "/audit").body;
  }
};

}  // namespace

TEST_SUITE("members") {
  TEST_CASE("who is invited becomes a member by the link, once") {
    Members api;
    const auto invited = api.Invite("Ada@Example.com", "admin");
    CHECK(invited.status == 201);
    CHECK(Has(invited.body, R"("email":"ada@example.com","role":"admin","state":"invited",)"));
    CHECK(Has(invited.body, R"("acceptedAt":null})"));
    const auto token = api.service.messages().TokenFor(kAda);
    CHECK_FALSE(Has(invited.body, token));
    CHECK(api.Invite(kAda).status == 409);
    CHECK(api.service.LogIn(kAda).status == 401);
    const auto weak = api.Accept(token, "short").body;
    CHECK(Has(weak, R"("detail":"The password will not do: it must have at least 12 characters.")"));
    CHECK(Has(weak, R"("pointer":"/password","code":"too_short")"));
    CHECK(Has(api.Anyone("/api/auth/accept-invitation", R"({"token":")" + token + "\"}").body, "A password is needed"));
    CHECK(Has(api.Accept("vo_live_guessed").body, R"("pointer":"/token","code":"not_good")"));
    CHECK(api.Reset(token, TestService::kPassword).status == 422);  // it is for an invitation
    CHECK(api.Accept(token).status == 204);
    CHECK(api.Accept(token).status == 422);
    CHECK(Has(api.service.Get(api.members).body, R"("state":"active")"));
    CHECK(api.GetAs(api.AccessOf(kAda), api.members) == 200);
    const auto audit = api.Audit(api.sender.partner_id);
    CHECK(Has(audit, R"("action":"member.invited","target":"ada@example.com")"));
    CHECK(Has(audit, R"("actor":"ada@example.com","action":"member.joined")"));
    CHECK_FALSE(Has(audit, token));
  }

  TEST_CASE("an invitation does not tell whether we knew the person, who agrees first and keeps the password") {
    Members api;
    api.service.NewMember(api.sender.partner_id, kAda, "analyst");
    const auto other = api.service.NewSender();
    const auto theirs = "/api/partners/" + other.partner_id;
    const auto invited = api.service.Post(theirs + "/members", R"({"email":"ada@example.com","role":"admin"})");
    CHECK(invited.status == 201);
    CHECK(Has(invited.body, R"("state":"invited")"));
    CHECK_FALSE(Has(invited.body, JsonString(api.service.Get(api.members).body, "memberId")));
    const auto access = api.AccessOf(kAda);
    CHECK(api.GetAs(access, theirs) == 404);
    CHECK(api.Accept(api.service.messages().TokenFor(kAda), "another long password").status == 204);
    CHECK(api.GetAs(access, theirs) == 200);
    CHECK(api.service.LogIn(kAda).status == 200);
  }

  TEST_CASE("a role changes, and an end of membership, are in force at once and written down") {
    Members api;
    api.service.NewMember(api.sender.partner_id, kAda, "analyst");
    const auto member = api.members + "/" + JsonString(api.service.Get(api.members).body, "memberId");
    const auto access = api.AccessOf(kAda);
    CHECK(api.GetAs(access, api.members) == 403);
    CHECK(api.service.Send("PATCH", member, R"({"role":"admin"})").status == 200);
    CHECK(api.GetAs(access, api.members) == 200);
    CHECK(api.service.Send("PATCH", member, R"({"role":"owner"})").status == 422);
    CHECK(api.service.Send("PATCH", member, R"({"role":"admin"})").status == 200);  // changes nothing
    const auto other = api.service.NewSender();
    const auto elsewhere = "/api/partners/" + other.partner_id + member.substr(member.find("/members"));
    CHECK(api.service.Send("PATCH", elsewhere, R"({"role":"analyst"})").status == 404);
    CHECK(api.service.Send("DELETE", elsewhere, "").status == 404);
    CHECK(api.service.Send("DELETE", member, "").status == 204);
    CHECK(api.GetAs(access, api.members) == 404);
    CHECK(api.service.Send("DELETE", member, "").status == 404);
    const auto audit = api.Audit(api.sender.partner_id);
    CHECK(Has(audit, R"("action":"member.changed","target":"ada@example.com")"));
    CHECK(Has(audit, R"("before":{"role":"analyst"},"after":{"role":"admin"})"));
    CHECK(Has(audit, R"("before":{"role":"admin","state":"active"},"after":null)"));  // removed
    CHECK(Has(audit, R"("before":null,"after":{"role":"analyst","state":"invited"})"));
    CHECK(Has(audit, R"("before":{"state":"invited"},"after":{"state":"active"})"));
    const auto of_member = api.service.Get("/api/partners/" + api.sender.partner_id +
                                           "/audit?target=" + member.substr(member.rfind('/') + 1));
    for (const char* action : {"member.invited", "member.joined", "member.changed", "member.removed"}) {
      CHECK(Has(of_member.body, action));
    }
    CHECK(Has(audit, R"("action":"member.removed","target":"ada@example.com")"));
    CHECK(api.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'member.changed'") == "1");
  }

  TEST_CASE("members are listed page by page, and a cursor is good for its own partner alone") {
    Members api;
    for (const char* name : {"c", "a", "b"}) CHECK(api.Invite(std::string(name) + "@example.com").status == 201);
    const auto first = api.service.Get(api.members + "?limit=2").body;
    CHECK(Has(first, "a@example.com"));
    CHECK(Has(first, "b@example.com"));
    CHECK_FALSE(Has(first, "c@example.com"));
    const auto cursor = "?limit=2&cursor=" + JsonString(first, "nextCursor");
    const auto second = api.service.Get(api.members + cursor).body;
    CHECK(Has(second, "c@example.com"));
    CHECK(Has(second, R"("nextCursor":null)"));
    const auto other = api.service.NewSender();
    CHECK(api.service.Get("/api/partners/" + other.partner_id + "/members" + cursor).status == 422);
    CHECK(api.service.Get(api.tokens + cursor).status == 422);
    CHECK(api.service.Get(api.members + "?limit=0").status == 422);
    CHECK(api.service.Get("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/members").status == 404);
    CHECK(api.service
              .Post("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/members",
                    R"({"email":"a@example.com","role":"admin"})")
              .status == 404);
    CHECK(Has(api.Invite("nonsense").body, R"("pointer":"/email","code":"malformed_email")"));
  }
}

TEST_SUITE("forgotten passwords") {
  TEST_CASE("a link leads to a new password, once, and ends all sessions") {
    Members api;
    api.service.NewMember(api.sender.partner_id, kAda, "analyst");
    const auto session = api.service.LogIn(kAda).body;
    const auto invitation = api.service.messages().TokenFor(kAda);
    const auto ask = [&](const std::string& email) {
      return api.Anyone("/api/auth/forgot-password", R"({"email":")" + email + R"("})");
    };
    CHECK(ask(kAda).status == 202);
    WaitUntil("the link is sent", [&] { return api.service.messages().TokenFor(kAda) != invitation; });
    const auto token = api.service.messages().TokenFor(kAda);
    CHECK(Has(api.Reset(token, "passwordpassword").body, R"("pointer":"/password","code":"too_common")"));
    CHECK(api.Reset(token, "quite another one").status == 204);
    CHECK(api.Reset(token, "and one more again").status == 422);
    CHECK(api.service.LogIn(kAda).status == 401);
    CHECK(api.Anyone("/api/auth/token", R"({"email":"ada@example.com","password":"quite another one"})").status == 200);
    CHECK(api.GetAs(JsonString(session, "accessToken"), "/api/partners/" + api.sender.partner_id) == 401);
    CHECK(api.Anyone("/api/auth/refresh", R"({"refreshToken":")" + JsonString(session, "refreshToken") + R"("})")
              .status == 401);
    CHECK(api.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'person.password_reset'") == "1");
  }

  TEST_CASE("the answer is the same for everybody, and a newer link makes older ones void") {
    Members api;
    api.service.NewMember(api.sender.partner_id, kAda, "analyst");
    const auto ask = [&](const std::string& email) {
      return HttpClient(api.service.port())
          .Post("/api/auth/forgot-password", R"({"email":")" + email + R"("})", {{"X-Correlation-ID", "same"}});
    };
    CHECK(ask("nobody@example.com").status == 202);
    CHECK(ask("nobody@example.com").body == ask(kAda).body);
    const auto count = [&] {
      return api.Ask("SELECT count(*) FROM write.one_time_tokens WHERE membership_id IS NULL");
    };
    WaitUntil("there is a link", [&] { return count() == "1"; });
    const auto sent = [&] { return api.service.messages().TokenFor(kAda); };
    WaitUntil("it is sent", [&] { return api.Reset(sent(), "short").body.find("too_short") != std::string::npos; });
    const auto older = sent();
    CHECK(ask(kAda).status == 202);
    WaitUntil("the next one is sent", [&] { return sent() != older; });
    CHECK(api.Reset(older, "quite another one").status == 422);
    CHECK(api.service.messages().TokenFor("nobody@example.com").empty());
    CHECK(ask("nonsense").status == 422);
    for (int i = 0; i < 3; ++i) CHECK(ask(kAda).status == 202);
    CHECK(ask(kAda).status == 429);
    CHECK(ask("bob@example.com").status == 202);
  }

  TEST_CASE("a link that has expired is none") {
    Members api;
    CHECK(api.Invite(kAda).status == 201);
    (void)api.Ask("UPDATE write.one_time_tokens SET expires_at = now()");
    CHECK(api.Accept(api.service.messages().TokenFor(kAda)).status == 422);
  }
}

TEST_SUITE("service tokens") {
  TEST_CASE("a token is shown once, does what its scopes say, and nothing when it is revoked or has expired") {
    Members api;
    const auto made = api.service.Post(api.tokens, R"({"name":"ci","scopes":["structures:write","events:read"]})");
    CHECK(made.status == 201);
    CHECK(made.Header("Cache-Control") == "no-store");
    CHECK(Has(made.body, R"("scopes":["events:read","structures:write"])"));
    const auto token = JsonString(made.body, "token");
    CHECK(token.starts_with("vs_live_"));
    CHECK(api.Ask("SELECT count(*) FROM write.service_tokens WHERE service_tokens::text LIKE '%" + token.substr(20) +
                  "%'") == "0");
    const auto structures = "/api/partners/" + api.sender.partner_id + "/structures";
    const auto published =
        HttpClient(api.service.port()).Post(structures, R"({"eventName":"e","schema":{}})", TestService::As(token));
    CHECK(published.status == 201);
    CHECK(api.GetAs(token, structures) == 200);
    const auto beyond = HttpClient(api.service.port()).Get(api.members, TestService::As(token));
    CHECK(beyond.status == 403);
    CHECK(Has(beyond.body, "It is for: partner admin of the partner, or a service token with members:read."));
    CHECK(api.GetAs(token, api.tokens) == 403);
    const auto listed = api.service.Get(api.tokens).body;
    CHECK(Has(listed, R"("name":"ci")"));
    CHECK_FALSE(Has(listed, token));
    (void)api.Ask("UPDATE write.service_tokens SET expires_at = now() - interval '1 s'");
    WaitUntil("it has expired", [&] { return api.GetAs(token, structures) == 401; });
    (void)api.Ask("UPDATE write.service_tokens SET expires_at = NULL");
    WaitUntil("it is good again", [&] { return api.GetAs(token, structures) == 200; });
    const auto path = api.tokens + "/" + JsonString(made.body, "serviceTokenId");
    CHECK(api.service.Send("DELETE", path, "").status == 204);
    CHECK(api.GetAs(token, structures) == 401);
    CHECK(api.service.Send("DELETE", path, "").status == 404);
    CHECK(Has(api.service.Get(api.tokens).body, R"("items":[])"));
    const auto audit = api.Audit(api.sender.partner_id);
    CHECK(Has(audit, R"("action":"service_token.issued","target":"ci")"));
    CHECK(Has(audit, R"("action":"service_token.revoked","target":"ci","targetId":")" +
                         JsonString(made.body, "serviceTokenId") + "\""));
    CHECK(Has(audit, R"("scopes":"events:read structures:write","expiresAt":null})"));
    CHECK(Has(audit, R"("before":{"revokedAt":null},"after":{"revokedAt":"2)"));
    CHECK_FALSE(Has(audit, token));
  }

  TEST_CASE("a token needs a name, scopes that there are, and an end in the future") {
    Members api;
    const auto refused = api.service.Post(api.tokens, R"({"name":"","scopes":[],"expiresAt":"2020-01-01T00:00:00Z"})");
    CHECK(refused.status == 422);
    for (const char* pointer : {"/name", "/scopes", "/expiresAt"}) CHECK(Has(refused.body, pointer));
    const auto unknown = api.service.Post(api.tokens, R"({"name":"ci","scopes":["everything"]})");
    CHECK(unknown.status == 422);
    CHECK(Has(unknown.body, "must be among events:read, partners:read, "));
    CHECK(Has(unknown.body, R"(, audit:read; has \"everything\")"));
    CHECK(api.service.Post(api.tokens, R"({"name":"ci","scopes":[1]})").status == 422);
    CHECK(api.service.Post(api.tokens, R"({"name":"ci"})").status == 422);
    CHECK(api.service
              .Post("/api/partners/01a1f8b5-2daa-7540-afa2-97ece2294f56/tokens",
                    R"({"name":"ci","scopes":["events:read"]})")
              .status == 404);
  }
}
