#include "tests/support/HttpClient.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace volcanion::test;
using namespace volcanion::test::processes;

const std::string kKeys = std::string("/api/systems/") + kSystem + "/keys";

int Send(HttpClient& client, const std::string& key) {
  return client.Post("/api/events/ingest", R"({"eventName":"purchase"})", {{"X-API-Key", key}}).status;
}

}  // namespace

TEST_CASE("a key that one API process revokes is refused by the other within 2 seconds") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  HttpClient admin(one->port()), sender(other->port());
  for (int round = 0; round < 3; ++round) {
    const auto issued = admin.Post(kKeys, R"({"name":"ci"})", kAsAdministrator);
    REQUIRE_MESSAGE(issued.status == 201, issued.body);
    const auto key = Member(issued.body, "key");
    REQUIRE(Send(sender, key) == 202);  // looked up, as the other process has just issued it
    REQUIRE(admin.Send("DELETE", kKeys + "/" + Member(issued.body, "apiKeyId"), "", kAsAdministrator).status == 204);
    WaitUntil(
        "the other process refuses it", [&] { return Send(sender, key) == 401; }, 2s);
  }
}

TEST_CASE("a partner that one API process deactivates is refused by the other within 2 seconds") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  HttpClient admin(one->port()), sender(other->port());
  REQUIRE(Send(sender, kKey) == 202);
  const auto partner = "/api/partners/00000000-0000-7000-8000-000000000001";
  REQUIRE(admin.Send("PATCH", partner, R"({"isActive":false})", kAsAdministrator).status == 200);
  WaitUntil(
      "the other process refuses its keys", [&] { return Send(sender, kKey) == 401; }, 2s);
}

TEST_CASE("tokens and people that one API process stops are refused by the other within 2 seconds") {
  const Shop shop;
  REQUIRE(Run(Volcanion({"admin", "create", "--email", "ada@example.com"},
                        [&] {
                          auto environment = shop.environment();
                          environment["VOLCANION_ADMIN_PASSWORD"] = "a horse, a staple and a lamp";
                          return environment;
                        }()))
              .status == 0);
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  HttpClient admin(one->port()), elsewhere(other->port());
  const auto status = [&](const std::string& token) {
    return elsewhere.Get("/api/auth/me", {{"Authorization", "Bearer " + token}}).status;
  };
  const auto refused = [&](const std::string& token) {
    WaitUntil(
        "the other process refuses it", [&] { return status(token) == 401; }, 2s);
  };

  const std::string tokens = "/api/partners/00000000-0000-7000-8000-000000000001/tokens";
  const auto issued = admin.Post(tokens, R"({"name":"ci","scopes":["events:read"]})", kAsAdministrator);
  const auto program = Member(issued.body, "token");
  REQUIRE(status(program) == 200);
  REQUIRE(admin.Send("DELETE", tokens + "/" + Member(issued.body, "serviceTokenId"), "", kAsAdministrator).status ==
          204);
  refused(program);

  const auto log_in = [&] {
    return admin.Post("/api/auth/token", R"({"email":"ada@example.com","password":"a horse, a staple and a lamp"})");
  };
  const auto session = log_in().body, next = log_in().body;
  REQUIRE(status(Member(session, "accessToken")) == 200);
  REQUIRE(status(Member(next, "accessToken")) == 200);
  REQUIRE(admin.Post("/api/auth/logout", R"({"refreshToken":")" + Member(session, "refreshToken") + R"("})").status ==
          204);
  refused(Member(session, "accessToken"));
  const auto people = admin.Get("/api/people?email=ada@example.com", kAsAdministrator).body;
  const auto person = "/api/people/" + Member(Elements(Member(people, "items")).at(0), "personId");
  REQUIRE(admin.Send("PATCH", person, R"({"isActive":false})", kAsAdministrator).status == 200);
  refused(Member(next, "accessToken"));

  const auto listed = admin.Get("/api/admin-tokens", kAsAdministrator).body;
  const auto token = "/api/admin-tokens/" + Member(Elements(Member(listed, "items")).at(0), "adminTokenId");
  REQUIRE(admin.Send("DELETE", token, "", kAsAdministrator).status == 204);
  refused(kToken);
}
