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
