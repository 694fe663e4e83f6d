#include "tests/integration/ApiFixture.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace volcanion;
using namespace volcanion::test;
using api::Access;

namespace {

constexpr char kNobodysId[] = "01a1f8b5-2daa-7540-afa2-97ece2294f56";

/// What a partner has, to fill paths with.
struct Things {
  TestSender sender;
  std::string event_id;
};

/// Who calls, and with what.
struct CallerInTest {
  std::string name;
  HttpClient::Headers headers;
};

/// Two partners with people, programs and an event each; ours is the one whose things are asked for.
struct Matrix {
  TestStores stores;
  TestService service{stores};
  Things ours = Make("ours");
  Things theirs = Make("theirs");

  Things Make(const std::string& name) {
    Things things{service.NewSender(), ""};
    CHECK(service.Ingest(things.sender, R"({"eventName":"e"})").status == 202);
    things.event_id = JsonString(service.WaitForEvents(things.sender, 1), "trackingEventId");
    service.NewMember(things.sender.partner_id, "admin@" + name + ".example", "admin");
    return things;
  }

  HttpClient::Headers PersonAt(const std::string& email) {
    return TestService::As(JsonString(service.LogIn(email).body, "accessToken"));
  }

  HttpClient::Headers ProgramWith(const std::string& scopes) {
    const auto made = service.Post("/api/partners/" + ours.sender.partner_id + "/tokens",
                                   R"({"name":"t","scopes":[)" + scopes + "]}");
    CHECK(made.status == 201);
    return TestService::As(JsonString(made.body, "token"));
  }

  HttpClient::Headers Expired() {
    auto& people = service.people();
    const auto headers = PersonAt("admin@ours.example");
    const auto session = people.access_tokens.Read(headers.front().second.substr(7));
    const auto key = people.signing_keys.Current(domain::Timestamp(), domain::Timestamp(), [] {
      return domain::Result<application::SigningKey>(domain::Error{domain::ErrorKind::kInternal, "there is one"});
    });
    application::TokenClaims claims;
    claims.issuer = "volcanion";
    claims.audiences = {"volcanion-api"};
    claims.subject = session->user.ToString();
    claims.session = session->id.ToString();
    claims.expires_at = infrastructure::SystemClock().Now() - std::chrono::seconds(1);
    return TestService::As(people.jose.Sign(*key, claims).value());
  }

  HttpClient::Headers RevokedKey() {
    const auto key = JsonString(
        service.Post("/api/systems/" + ours.sender.system_id + "/keys", R"({"name":"revoked"})").body, "key");
    (void)Sql(stores.write_dsn(), "UPDATE write.api_keys SET revoked_at = now() WHERE name = 'revoked'");
    CHECK(service.management().directory.Refresh().ok());
    return {{"X-API-Key", key}};
  }
};

/// The route's path for a partner's things. What the rest of a path names is not there: the handler says so.
std::string PathOf(const api::DeclaredRoute& route, const Things* things) {
  std::string first = kNobodysId;
  if (things != nullptr) {
    first = route.access.owner == Access::Owner::kSystem  ? things->sender.system_id
            : route.access.owner == Access::Owner::kEvent ? things->event_id
                                                          : things->sender.partner_id;
  }
  std::string path(route.pattern);
  for (auto at = path.find('{'); at != std::string::npos; at = path.find('{')) {
    path.replace(at, path.find('}') - at + 1, first);
    first = kNobodysId;
  }
  return path;
}

/// What the way to a handler answers: 401, 403, 404 for what is not the caller's own; "in" for what the handler says.
std::string OutcomeOf(const RawResponse& answer) {
  if (answer.status == 401) return "401";
  if (answer.status == 403) return "403";
  const auto detail = JsonString(answer.body, "detail");
  const bool is_stranger =
      answer.status == 404 && (detail == "There is no such partner." || detail == "There is no such partner system." ||
                               detail == "There is no such event in the read model.");
  return is_stranger ? "404" : "in";
}

/// The row of the matrix that a declaration means, for our things, by name of caller.
std::map<std::string, std::string> Expected(const Access& access) {
  using enum Access::Caller;
  const std::string no_owner_or = access.owner == Access::Owner::kNone ? "" : "404";
  std::map<std::string, std::string> row = {{"nobody", "401"}, {"expired", "401"}, {"revoked key", "401"}};
  row["key"] = access.caller == kSender ? "in" : "403";
  row["platform admin"] = access.caller == kSender ? "403" : "in";
  const bool is_for_tokens = access.caller == kToken;
  row["analyst"] = is_for_tokens || access.caller == kMember || access.caller == kPrincipal ? "in" : "403";
  row["admin"] = access.caller == kPartnerAdmin ? "in" : row["analyst"];
  row["their admin"] = no_owner_or.empty() ? row["analyst"] : "404";
  row["with scope"] = is_for_tokens || access.scope ? "in" : "403";
  row["without scope"] = is_for_tokens ? "in" : "403";
  return row;
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

TEST_CASE("every route lets in exactly whom it declares") {
  Matrix matrix;
  matrix.service.NewMember(matrix.ours.sender.partner_id, "analyst@ours.example", "analyst");
  std::vector<CallerInTest> callers = {
      {"nobody", {}},
      {"expired", matrix.Expired()},
      {"revoked key", matrix.RevokedKey()},
      {"key", {{"X-API-Key", matrix.ours.sender.key}}},
      {"platform admin", matrix.service.AsAdmin()},
      {"analyst", matrix.PersonAt("analyst@ours.example")},
      {"admin", matrix.PersonAt("admin@ours.example")},
      {"their admin", matrix.PersonAt("admin@theirs.example")},
  };
  std::map<std::string, HttpClient::Headers> with, without;
  for (const auto scope : domain::kAllScopes) {
    const std::string name(domain::ToString(scope));
    const auto kind = name.substr(0, name.find(':'));
    with[name] = matrix.ProgramWith(Quoted(name));
    std::string others;
    for (const auto other : domain::kAllScopes) {
      if (domain::ToString(other).starts_with(kind + ":write") && !name.ends_with(":write")) continue;  // reads, too
      if (other != scope) others += (others.empty() ? "" : ",") + Quoted(domain::ToString(other));
    }
    without[name] = matrix.ProgramWith(others);
  }
  HttpClient client(matrix.service.port());
  const auto send = [&](const api::DeclaredRoute& route, const Things* things, HttpClient::Headers headers) {
    headers.emplace_back("X-Correlation-ID", "same");
    return client.Send(route.method, PathOf(route, things), route.method == "GET" ? "" : "{}", headers);
  };
  int routes = 0;
  for (const auto& route : matrix.service.Routes()) {
    if (route.access.caller == Access::Caller::kAnyone) continue;
    ++routes;
    const std::string name = std::string(route.method) + " " + std::string(route.pattern);
    MESSAGE(name << ": " << api::ToString(route.access));
    CAPTURE(name);
    auto expected = Expected(route.access);
    auto those = callers;
    const std::string scope(route.access.scope ? domain::ToString(*route.access.scope) : "events:read");
    those.push_back({"with scope", with[scope]});
    those.push_back({"without scope", without[scope]});
    for (const auto& caller : those) {
      CAPTURE(caller.name);
      const auto answer = send(route, &matrix.ours, caller.headers);
      CHECK_MESSAGE(OutcomeOf(answer) == expected[caller.name], answer.body);
      if (OutcomeOf(answer) != "404" || caller.name == "platform admin") continue;
      const auto missing = send(route, nullptr, caller.headers);
      CHECK(missing.status == 404);
      CHECK(missing.body == answer.body);  // another partner's is what is not there
    }
  }
  CHECK(routes > 20);
}

TEST_CASE("routes that anyone may call are those that must be") {
  TestStores stores;
  TestService service(stores, {.sync = false});
  std::vector<std::string> open;
  for (const auto& route : service.Routes()) {
    if (route.access.caller == Access::Caller::kAnyone) open.emplace_back(route.pattern);
  }
  for (const auto& pattern : open) {
    CAPTURE(pattern);
    CHECK((pattern.starts_with("/api/auth/") || pattern == "/.well-known/jwks.json" || pattern == "/metrics" ||
           pattern.starts_with("/health/") || pattern == "/api/docs" || pattern.starts_with("/api/docs/") ||
           pattern == "/api/openapi.json"));
  }
}

TEST_CASE("a cursor of one partner's events is useless for another's") {
  Matrix matrix;
  const auto more = [&](const TestSender& sender) {
    CHECK(matrix.service.Ingest(sender, R"({"eventName":"e"})").status == 202);
    (void)matrix.service.WaitForEvents(sender, 2);
  };
  more(matrix.ours.sender);
  more(matrix.theirs.sender);
  const auto ours = "/api/events/partner-system/" + matrix.ours.sender.system_id + "?limit=1";
  const auto theirs = "/api/events/partner-system/" + matrix.theirs.sender.system_id + "?limit=1";
  const auto cursor = JsonString(matrix.service.Get(theirs).body, "nextCursor");
  REQUIRE_FALSE(cursor.empty());
  const auto as_admin = matrix.PersonAt("admin@ours.example");
  HttpClient client(matrix.service.port());
  CHECK(client.Get(ours + "&cursor=" + cursor, as_admin).status == 422);
  CHECK(client.Get(theirs + "&cursor=" + cursor, as_admin).status == 404);
  CHECK(client.Get(ours, as_admin).status == 200);
}
