#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;

namespace {

constexpr char kAda[] = "ada@example.com";
constexpr char kBob[] = "bob@example.com";

struct Office : Api {
  const std::string partner = "/api/partners/" + sender.partner_id;
  const std::string members = partner + "/members";

  RawResponse As(const std::string& token, const std::string& method, const std::string& path,
                 const std::string& body = "", HttpClient::Headers more = {}) {
    auto headers = TestService::As(token);
    headers.insert(headers.end(), more.begin(), more.end());
    return HttpClient(service.port()).Send(method, path, body, headers);
  }
  std::string Enter(const std::string& email, const std::string& role) {
    service.NewMember(sender.partner_id, email, role);
    return JsonString(service.LogIn(email).body, "accessToken");
  }
  std::string MemberPath(const std::string& email) {
    const auto list = service.Get(members).body;
    const auto at = list.find("\"email\":\"" + email);
    REQUIRE(at != std::string::npos);
    const std::string mark = "\"memberId\":\"";
    return members + "/" + list.substr(list.rfind(mark, at) + mark.size(), 36);
  }
  std::string PersonPath(const std::string& email) {
    return "/api/people/" + JsonString(service.Get("/api/people?email=" + email).body, "personId");
  }
  std::string ProgramWith(const std::string& scopes) {
    const auto made = service.Post(partner + "/tokens", R"({"name":"ci","scopes":[)" + scopes + "]}");
    REQUIRE(made.status == 201);
    return JsonString(made.body, "token");
  }
  /// How many entries of an action the partner's log has, with that text in them.
  int Entries(const std::string& action, const std::string& with = "") {
    const auto page = service.Get(partner + "/audit?action=" + action).body;
    int count = 0;
    for (auto at = page.find("\"auditId\""); at != std::string::npos;) {
      const auto next = page.find("\"auditId\"", at + 1);
      if (Has(page.substr(at, next == std::string::npos ? next : next - at), with)) ++count;
      at = next;
    }
    return count;
  }
};

}  // namespace

TEST_SUITE("the last admin of a partner") {
  TEST_CASE("is neither removed nor made an analyst by the partner itself, but by a platform admin") {
    Office office;
    const auto ada = office.Enter(kAda, "admin");
    const auto member = office.MemberPath(kAda);
    const auto demoted = office.As(ada, "PATCH", member, R"({"role":"analyst"})");
    CHECK(demoted.status == 409);
    CHECK(Has(demoted.body, "Make somebody else an admin first"));
    CHECK(office.As(ada, "DELETE", member).status == 409);
    CHECK(office.As(ada, "PATCH", member, R"({"role":"admin"})").status == 200);  // changes nothing
    // Whoever is invited has not agreed yet.
    CHECK(office.service.Post(office.members, R"({"email":"eve@example.com","role":"admin"})").status == 201);
    CHECK(office.As(ada, "DELETE", member).status == 409);
    CHECK(office.As(ada, "DELETE", office.MemberPath("eve@example.com")).status == 204);  // an invitation
    (void)office.Enter(kBob, "admin");
    CHECK(office.As(ada, "PATCH", member, R"({"role":"analyst"})").status == 200);
    CHECK(office.service.Send("DELETE", office.MemberPath(kBob), "").status == 204);
    CHECK(office.Entries("member.removed") == 2);
  }

  TEST_CASE("stays one of two who remove each other at the same time") {
    Office office;
    const auto ada = office.Enter(kAda, "admin"), bob = office.Enter(kBob, "admin");
    const auto adas = office.MemberPath(kAda), bobs = office.MemberPath(kBob);
    std::vector<int> statuses(2);
    std::thread one([&] { statuses[0] = office.As(ada, "DELETE", bobs).status; });
    std::thread other([&] { statuses[1] = office.As(bob, "DELETE", adas).status; });
    one.join();
    other.join();
    CHECK(std::count(statuses.begin(), statuses.end(), 204) == 1);
    CHECK(office.Ask("SELECT count(*) FROM write.memberships WHERE role = 'admin'") == "1");
  }

  TEST_CASE("two who change a member do not overwrite each other") {
    Office office;
    (void)office.Enter(kAda, "analyst");
    const auto member = office.MemberPath(kAda);
    const auto tag = office.service.Get(member).Header("ETag").value();
    const auto changed = office.service.Send("PATCH", member, R"({"role":"admin"})", {{"If-Match", tag}});
    CHECK(changed.status == 200);
    CHECK(changed.Header("ETag").value() != tag);
    CHECK(office.service.Send("PATCH", member, R"({"role":"admin"})", {{"If-Match", tag}}).status == 412);
    CHECK(office.service.Send("DELETE", member, "", {{"If-Match", tag}}).status == 412);
    const auto elsewhere = office.service.NewSender();
    CHECK(office.service.Get("/api/partners/" + elsewhere.partner_id + member.substr(member.find("/members"))).status ==
          404);
    CHECK(office.service.Send("DELETE", member, "", {{"If-Match", changed.Header("ETag").value()}}).status == 204);
  }

  TEST_CASE("a program looks after analysts, but neither makes an admin nor takes that away") {
    Office office;
    (void)office.Enter(kAda, "analyst");
    const auto program = office.ProgramWith(R"("members:write")");
    CHECK(office.As(program, "POST", office.members, R"({"email":"bob@example.com","role":"admin"})").status == 403);
    CHECK(office.As(program, "POST", office.members, R"({"email":"bob@example.com","role":"analyst"})").status == 201);
    CHECK(office.As(program, "PATCH", office.MemberPath(kAda), R"({"role":"admin"})").status == 403);
    for (const auto* email : {"eve@example.com", "joe@example.com"}) (void)office.Enter(email, "admin");
    const auto eve = office.MemberPath("eve@example.com");
    CHECK(office.As(program, "PATCH", eve, R"({"role":"analyst"})").status == 403);
    CHECK(office.As(program, "DELETE", eve).status == 403);
    CHECK(Has(office.service.Get(eve).body, R"("role":"admin")"));
    CHECK(office.As(program, "DELETE", office.MemberPath(kAda)).status == 204);
  }
}

TEST_SUITE("who am I") {
  TEST_CASE("each kind of token is told whose it is and what it is good for") {
    Office office;
    const auto ada = office.Enter(kAda, "analyst");
    const auto me = [&](const std::string& token) { return office.As(token, "GET", "/api/auth/me").body; };
    CHECK(me(ada) ==
          R"({"kind":"person","name":"ada@example.com","isPlatformAdmin":false,"memberships":[{"partnerId":")" +
              office.sender.partner_id + R"(","partnerName":"Partner 1","role":"analyst"}],"service":null})");
    const auto program = me(office.ProgramWith(R"("events:read","keys:write")"));
    CHECK(Has(program, R"("kind":"serviceToken","name":"ci (vs_live_)"));
    CHECK(Has(program, R"("memberships":[],"service":{"partnerId":")" + office.sender.partner_id +
                           R"(","partnerName":"Partner 1","scopes":["events:read","keys:write"]})"));
    const auto admin = me(office.service.admin_token());
    CHECK(Has(admin, R"("kind":"adminToken","name":"test (va_live_)"));
    CHECK(Has(admin, R"("isPlatformAdmin":true,"memberships":[],"service":null)"));
    CHECK(HttpClient(office.service.port()).Get("/api/auth/me", {{"X-API-Key", office.sender.key}}).status == 403);
  }
}

TEST_SUITE("everybody") {
  TEST_CASE("a platform admin deactivates a person, who is out of all partners at once, and lets them in again") {
    Office office;
    const auto other = office.service.NewSender();
    office.service.NewMember(other.partner_id, kBob, "analyst");
    const auto ada = office.Enter(kAda, "admin");
    office.service.Post("/api/partners/" + other.partner_id + "/members",
                        R"({"email":"ada@example.com","role":"analyst"})");
    const auto person = office.PersonPath(kAda);
    const auto read = office.service.Get(person);
    CHECK(Has(read.body, R"("isActive":true,"isPlatformAdmin":false,)"));
    CHECK(Has(read.body, R"("memberships":[{"partnerId":")" + office.sender.partner_id +
                             R"(","partnerName":"Partner 1","role":"admin","state":"active"},{"partnerId":")" +
                             other.partner_id + R"(","partnerName":"Partner 2","role":"analyst","state":"invited"}])"));
    const auto tag = read.Header("ETag").value();
    CHECK(office.As(ada, "GET", person).status == 403);
    CHECK(office.As(ada, "PATCH", person, R"({"isActive":false})").status == 403);
    CHECK(office.service.Send("PATCH", person, R"({"isActive":false})", {{"If-Match", "\"9\""}}).status == 412);
    CHECK(office.service.Send("PATCH", person, R"({"isActive":false})", {{"If-Match", tag}}).status == 200);
    CHECK(office.service.Send("PATCH", person, R"({"isActive":false})", {{"If-Match", tag}}).status == 412);
    CHECK(office.As(ada, "GET", office.partner).status == 401);
    CHECK(office.service.LogIn(kAda).status == 401);
    CHECK(office.service.Send("PATCH", person, R"({"isActive":false})").status == 200);  // changes nothing
    CHECK(Has(office.service.Get("/api/people?isActive=false").body, kAda));
    CHECK_FALSE(Has(office.service.Get("/api/people?isActive=false").body, kBob));
    CHECK(office.service.Send("PATCH", person, R"({"isActive":true})").status == 200);
    CHECK(office.As(ada, "GET", office.partner).status == 401);  // that session is over
    CHECK(office.service.LogIn(kAda).status == 200);
    CHECK(office.Entries("person.deactivated", R"("target":"ada@example.com")") == 1);
    CHECK(office.Entries("person.deactivated", R"("before":{"isActive":true},"after":{"isActive":false})") == 1);
    CHECK(office.Entries("person.activated") == 1);
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'person.deactivated'") == "1");
    const auto nobody = "/api/people/01a1f8b5-2daa-7540-afa2-97ece2294f56";
    CHECK(office.service.Get(nobody).status == 404);
    CHECK(office.service.Send("PATCH", nobody, R"({"isActive":true})").status == 404);
  }

  TEST_CASE("people are listed page by page, by e-mail") {
    Office office;
    for (const auto* email : {"c@example.com", "a@example.com", "b@example.com"}) {
      CHECK(office.service.Post(office.members, R"({"role":"analyst","email":")" + std::string(email) + "\"}").status ==
            201);
    }
    const auto first = office.service.Get("/api/people?limit=2").body;
    CHECK(first.find("a@example.com") < first.find("b@example.com"));
    CHECK_FALSE(Has(first, "c@example.com"));
    const auto second = office.service.Get("/api/people?limit=2&cursor=" + JsonString(first, "nextCursor")).body;
    CHECK(Has(second, "c@example.com"));
    CHECK(Has(second, R"("nextCursor":null)"));
    CHECK(Has(office.service.Get("/api/people?email=B@Example.com").body, "b@example.com"));
    CHECK(office.service.Get("/api/people?limit=0").status == 422);
    CHECK(office.service.Get("/api/people?isActive=true&cursor=" + JsonString(first, "nextCursor")).status == 422);
  }

  TEST_CASE("administrators' tokens are listed without their hashes, and revoked for good") {
    Office office;
    auto& management = office.service.management();
    const auto other = infrastructure::SodiumSecrets().NewAdminToken();
    REQUIRE(cli::AddAdminToken(management.store, "other", other, {"test", ""}).ok());
    CHECK(office.As(other.text, "GET", "/api/auth/me").status == 200);
    std::vector<std::string> names;
    std::string id, cursor;
    do {
      const auto page = office.service.Get("/api/admin-tokens?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(page.status == 200);
      names.push_back(JsonString(page.body, "name"));
      if (names.back() == "other") id = JsonString(page.body, "adminTokenId");
      cursor = JsonString(page.body, "nextCursor");
    } while (!cursor.empty());
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"other", "test"});
    CHECK(office.service.Send("DELETE", "/api/admin-tokens/" + id, "").status == 204);
    CHECK(office.As(other.text, "GET", "/api/auth/me").status == 401);
    CHECK(office.service.Send("DELETE", "/api/admin-tokens/" + id, "").status == 404);
    CHECK(office.service.Get("/api/admin-tokens?cursor=bWFkZSB1cA").status == 422);
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'admin_token.revoked' AND target LIKE "
                     "'other (va_live_%' AND target_id = '" +
                     id + R"(' AND before::jsonb = '{"isRevoked":false}' AND after::jsonb = '{"isRevoked":true}')") ==
          "1");
  }
}

TEST_SUITE("log-ins in the audit log") {
  TEST_CASE("log-ins, log-outs and copies of refresh tokens are in the log of the member's partner") {
    Office office;
    const auto other = office.service.NewSender();
    (void)office.Enter(kAda, "analyst");
    CHECK(office.Entries("person.logged_in", R"("actor":"ada@example.com")") == 1);
    CHECK(office.Entries("person.logged_in", R"("clientAddress":"127.0.0.1")") == 1);
    CHECK(office.Entries("member.joined", R"("clientAddress":"127.0.0.1")") == 1);
    const auto refresh = JsonString(office.service.LogIn(kAda).body, "refreshToken");
    const auto use = [&](const std::string& path) {
      return HttpClient(office.service.port())
          .Post("/api/auth/" + path, R"({"refreshToken":")" + refresh + R"("})")
          .status;
    };
    CHECK(use("refresh") == 200);
    CHECK(use("refresh") == 401);
    CHECK(use("refresh") == 401);  // it is over: told once
    CHECK(office.Entries("session.ended", R"("actor":"ada@example.com")") == 1);
    CHECK(use("logout") == 204);
    CHECK(office.Entries("person.logged_out") == 0);
    const auto next = JsonString(office.service.LogIn(kAda).body, "refreshToken");
    CHECK(HttpClient(office.service.port()).Post("/api/auth/logout", R"({"refreshToken":")" + next + R"("})").status ==
          204);
    CHECK(office.Entries("person.logged_out", R"("target":"ada@example.com")") == 1);
    CHECK(office.Entries("person.logged_in") == 3);
    const auto theirs = office.service.Get("/api/partners/" + other.partner_id + "/audit").body;
    CHECK_FALSE(Has(theirs, kAda));
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log AS entry WHERE entry::text LIKE '%" + next.substr(8) +
                     "%'") == "0");
  }

  TEST_CASE("refused log-ins are in the log of the member's partner; what a stranger types is nowhere") {
    Office office;
    (void)office.Enter(kAda, "analyst");
    const auto log_in = [&](const std::string& email) {
      return HttpClient(office.service.port())
          .Post("/api/auth/token", R"({"email":")" + email + R"(","password":"not this one"})")
          .status;
    };
    for (int i = 0; i < 3; ++i) CHECK(log_in(kAda) == 401);
    CHECK(log_in("my-secret-password@example.com") == 401);
    WaitUntil("they are written down", [&] {
      return office.Ask("SELECT sum((details->>'times')::int) FROM write.audit_log WHERE details->>'status' = '401'") ==
             "4";
    });
    CHECK(office.Entries("person.log_in_refused", R"("target":"ada@example.com")") >= 1);
    CHECK(office.Ask("SELECT sum((details->>'times')::int) FROM write.audit_log WHERE action = "
                     "'person.log_in_refused' AND partner_id = '" +
                     office.sender.partner_id + "'") == "3");
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log AS entry WHERE entry::text LIKE '%my-secret-password%'") ==
          "0");
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log WHERE action = 'request.refused' AND target = "
                     "'POST /api/auth/token' AND partner_id IS NULL") == "1");
  }

  TEST_CASE("links that are not good are in the log when somebody tries them, and their tokens are not") {
    Office office;
    (void)office.Enter(kAda, "analyst");
    const auto used = office.service.messages().TokenFor(kAda);
    const auto attempt = [&](const std::string& route, const std::string& token) {
      return HttpClient(office.service.port())
          .Post("/api/auth/" + route, R"({"token":")" + token + R"(","password":"another long password"})")
          .status;
    };
    CHECK(attempt("accept-invitation", used) == 422);
    CHECK(attempt("reset-password", used) == 422);
    CHECK(attempt("reset-password", "vo_live_guessed") == 422);
    const auto noted = [&](const std::string& route) {
      return office.Ask(
          "SELECT coalesce(sum((details->>'times')::int), 0) FROM write.audit_log WHERE action = "
          "'request.refused' AND details->>'status' = '422' AND target = 'POST /api/auth/" +
          route + "'");
    };
    WaitUntil("they are written down",
              [&] { return noted("accept-invitation") == "1" && noted("reset-password") == "2"; });
    CHECK(office.Ask("SELECT count(*) FROM write.audit_log AS entry WHERE entry::text LIKE '%" + used.substr(8) +
                     "%' OR entry::text LIKE '%guessed%'") == "0");
  }
}
