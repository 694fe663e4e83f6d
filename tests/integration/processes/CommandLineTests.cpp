#include "tests/support/HttpClient.h"
#include "tests/support/Process.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace volcanion::test;
using namespace volcanion::test::processes;

}  // namespace

TEST_CASE("commands that need stores say what to do when there are none") {
  const TemporaryDirectory directory;
  for (const auto* command : {"api", "sync", "migrate", "admin-token"}) {
    CAPTURE(command);
    const auto ended = Run(Volcanion({command}, {{"VOLCANION_DATA_DIR", directory.path().string()}}));
    CHECK(ended.status == 1);
    CHECK(ended.out == "");
    for (const auto* piece : {"VOLCANION_WRITE_DSN", "VOLCANION_READ_DSN", "volcanion up", directory.path().c_str()}) {
      CHECK_MESSAGE(Contains(ended.err, piece), ended.err);
    }
  }
}

TEST_CASE("a configuration with three mistakes reports all three") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "volcanion.conf";
  WriteFile(file, "# how we run\nVOLCANION_LOG_LEVEL=loud\n");
  for (const auto* command : {"up", "api", "config"}) {
    const auto ended = Run(Volcanion({command, "--config", file.string()},
                                     {{"VOLCANION_LISTEN", "nowhere"}, {"VOLCANION_HTTP_WORKERS", "0"}}));
    CHECK(ended.status == 2);
    for (const auto* piece : {"VOLCANION_LISTEN", "VOLCANION_HTTP_WORKERS", "VOLCANION_LOG_LEVEL", "nowhere", "loud"}) {
      CHECK_MESSAGE(Contains(ended.err, piece), ended.err);
    }
  }
}

TEST_CASE("a VOLCANION_ variable that nobody knows is reported") {
  const auto ended = Run(Volcanion({"config"}, {{"VOLCANION_POLL_INTERVALL_MS", "5"}}));
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "\n  VOLCANION_POLL_INTERVALL_MS (environment) is not a setting\n"));
  // What clients use is no mistake of a server.
  CHECK(Run(Volcanion({"config"}, {{"VOLCANION_API_KEY", "key"}, {"VOLCANION_URL", "http://localhost"}})).status == 0);
}

TEST_CASE("one connection string without the other is reported") {
  const auto ended = Run(Volcanion({"config"}, {{"VOLCANION_WRITE_DSN", "host=db"}}));
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "VOLCANION_READ_DSN"));
}

TEST_CASE("config prints the values in force, with every password masked") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "volcanion.conf";
  WriteFile(file, "VOLCANION_POLL_INTERVAL_MS=77\nVOLCANION_HTTP_WORKERS=3\n");
  const std::array<std::pair<const char*, const char*>, 5> kStrings = {{
      {"postgresql://shop:hunter2@db.example/events?sslmode=require", "db.example/events"},
      {"postgresql://db.example/events?user=shop&password=hunter2", "db.example/events"},
      {"host=db.example password=hunter2 dbname=events", "host=db.example"},
      {"host=db.example password = 'hunter2 \\' hunter2'", "host=db.example"},
      {"host=db.example password=a\\ hunter2 dbname=events", "host=db.example"},
  }};
  for (const auto& [dsn, visible] : kStrings) {
    CAPTURE(std::string(dsn));
    const auto ended =
        Run(Volcanion({"--config", file.string(), "config"},
                      {{"VOLCANION_WRITE_DSN", dsn}, {"VOLCANION_READ_DSN", dsn}, {"VOLCANION_HTTP_WORKERS", "5"}}));
    CHECK(ended.status == 0);
    CHECK(ended.err == "");
    CHECK_FALSE(Contains(ended.out, "hunter2"));
    CHECK(Contains(ended.out, visible));
    CHECK(Contains(ended.out, "VOLCANION_POLL_INTERVAL_MS=77\n"));
    CHECK(Contains(ended.out, "VOLCANION_HTTP_WORKERS=5\n"));  // the environment goes before the file
    CHECK(Contains(ended.out, "VOLCANION_LISTEN=127.0.0.1:8080\n"));
  }
}

TEST_CASE("a connection string that nobody can read does not give its password away") {
  for (const auto* command : {"config", "api"}) {
    for (const auto* dsn : {"host=db.example password='never closed hunter2", "host=db.example password=a hunter2",
                            "host=db.example PASSWORD=hunter2", "postgresql://shop:hunter2@[db.example/events"}) {
      CAPTURE(std::string(dsn));
      Process process(Volcanion({command}, EnvironmentFor(dsn, dsn)));
      CHECK(process.Wait() != 126);
      CHECK_FALSE(Contains(process.out() + process.err(), "hunter2"));
    }
  }
}

TEST_CASE("help and version are told without a configuration") {
  const auto help = Run(Volcanion({"--help"}));
  CHECK(help.status == 0);
  for (const auto* command : {"up", "api", "sync", "migrate", "config", "ingest", "admin-token"}) {
    CHECK_MESSAGE(Contains(help.out, std::string("\n  ") + command + " "), command);
    const auto ended = Run(Volcanion({command, "--help"}));
    CHECK(ended.status == 0);
    CHECK(Contains(ended.out, command));
  }
  const auto version = Run(Volcanion({"--version"}));
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("volcanion "));
  CHECK(Run(Volcanion({})).status == 2);
  CHECK(Run(Volcanion({"erupt"})).status == 2);
}

TEST_CASE("migrate fills two empty databases, and finds nothing to do the second time") {
  const TestDatabase write, read;
  const auto environment = EnvironmentFor(write.dsn(), read.dsn());
  Service early("api", environment);
  CHECK(early.Readiness().status == 503);
  const auto first = Run(Volcanion({"migrate"}, environment));
  CHECK_MESSAGE(first.status == 0, first.err);
  const auto second = Run(Volcanion({"migrate"}, environment));
  CHECK(second.status == 0);
  CHECK(Contains(second.err, "write store is up to date (0 applied now"));
  CHECK(Contains(second.err, "read store is up to date (0 applied now"));
  early.WaitUntilReady();
}

TEST_CASE("a role that row level security binds can own both stores, as where nobody gets BYPASSRLS") {
  const TestDatabase write, read;
  const auto role = "bound_owner_of_" + write.name();
  Sql(write.dsn(), "CREATE ROLE " + role + " CREATEROLE; ALTER DATABASE " + write.name() + " OWNER TO " + role +
                       "; ALTER DATABASE " + read.name() + " OWNER TO " + role);
  const auto as_owner = " options='-c role=" + role + "'";
  const auto write_dsn = write.dsn() + as_owner, read_dsn = read.dsn() + as_owner;
  const auto environment = EnvironmentFor(write_dsn, read_dsn);
  const auto migrated = Run(Volcanion({"migrate"}, environment));
  REQUIRE_MESSAGE(migrated.status == 0, migrated.err);
  AddShop(write_dsn);
  const auto api = StartApi(environment);
  const Service sync("sync", environment);
  HttpClient client(api->port());
  const auto send = [&](const char* event) { return client.Post("/api/events/ingest", event, kAsShop); };
  for (const auto* amount : {"1", "-1"}) {
    const auto event =
        R"({"eventId":")" + std::string(amount) + R"(","eventName":"purchase","properties":{"amount":)" + amount + "}}";
    CHECK(Member(send(event.c_str()).body, "status") == "stored");
    CHECK(Member(send(event.c_str()).body, "status") == "duplicate");
  }
  CHECK(send("{}").status == 422);  // a rejected payload
  const std::string events = std::string("/api/events/partner-system/") + kSystem;
  const auto count = [&] { return Elements(Member(client.Get(events, kAsAdministrator).body, "items")).size(); };
  WaitUntil("both can be read", [&] { return count() == 2; });
  const std::string partner = "/api/partners/00000000-0000-7000-8000-000000000001";
  REQUIRE(client.Send("PATCH", partner, R"({"name":"Renamed"})", kAsAdministrator).status == 200);
  WaitUntil("the new name is there",
            [&] { return Contains(client.Get(events, kAsAdministrator).body, R"("partnerName":"Renamed")"); });
  const auto job =
      client.Post(partner + "/structures/purchase/versions/1/judge-again",
                  R"({"from":"2020-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z","apply":true})", kAsAdministrator);
  REQUIRE_MESSAGE(job.status == 202, job.body);
  const auto path = partner + "/jobs/" + Member(job.body, "jobId");
  WaitUntil("the job has succeeded",
            [&] { return Member(client.Get(path, kAsAdministrator).body, "state") == "succeeded"; });
}

TEST_CASE("admin-token prints a token that opens the routes of administrators") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const auto ended = Run(Volcanion({"admin-token", "--name", "Ada"}, shop.environment()));
  CHECK(ended.status == 0);
  REQUIRE(ended.out.ends_with('\n'));
  const auto token = ended.out.substr(0, ended.out.size() - 1);
  CHECK(token.find_first_of(" \n") == std::string::npos);
  const auto path = std::string("/api/events/partner-system/") + kSystem;
  HttpClient client(api->port());
  CHECK(client.Get(path).status == 401);
  CHECK(client.Get(path, {{"Authorization", "Bearer " + token + "x"}}).status == 401);
  CHECK(client.Get(path, kAsShop).status == 403);
  WaitUntil(
      "the token is known",
      [&] {
        return client.Get(path, {{"Authorization", "Bearer " + token}}).status == 200;
      },
      5s);
  CHECK(shop.Written("SELECT count(*) FROM write.admin_tokens WHERE name = 'Ada'") == "1");
}

TEST_CASE("admin create makes somebody who can log in, with a password that is not on the command line") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const auto create = [&](Environment environment, const std::string& email, const std::string& input) {
    return Run(Volcanion({"admin", "create", "--email", email}, std::move(environment), input));
  };
  const auto created = create(shop.environment(), "Ada@example.com", "a horse, a staple\n");
  CHECK_MESSAGE(created.status == 0, created.err);
  auto with_password = shop.environment();
  with_password["VOLCANION_ADMIN_PASSWORD"] = "a lamp and a horse";
  CHECK(create(with_password, "bob@example.com", "").status == 0);
  const auto twice = create(with_password, "bob@example.com", "");
  CHECK(twice.status == 1);
  CHECK(Contains(twice.err, "There is a person with this e-mail already."));
  CHECK(Contains(create(shop.environment(), "eve@example.com", "short\n").err, "must have at least 12 characters"));
  CHECK(create(shop.environment(), "eve@example.com", "").status == 1);
  CHECK(create(shop.environment(), "eve", "a horse, a staple\n").status == 1);
  CHECK(Run(Volcanion({"admin", "create"}, shop.environment())).status != 0);

  HttpClient client(api->port());
  const auto log_in = [&](const std::string& email, const std::string& password) {
    return client.Post("/api/auth/token", R"({"email":")" + email + R"(","password":")" + password + R"("})");
  };
  CHECK(log_in("ada@example.com", "a horse, a staple").status == 200);
  const auto tokens = log_in("bob@example.com", "a lamp and a horse");
  const HttpClient::Headers as_bob = {{"Authorization", "Bearer " + Member(tokens.body, "accessToken")}};
  const auto path = std::string("/api/events/partner-system/") + kSystem;
  WaitUntil(
      "bob is known", [&] { return client.Get(path, as_bob).status == 200; }, 5s);
  CHECK(Run(Volcanion({"admin", "deactivate", "--email", "bob@example.com"}, shop.environment())).status == 0);
  WaitUntil(
      "bob is out", [&] { return client.Get(path, as_bob).status == 401; }, 5s);
  CHECK(log_in("bob@example.com", "a lamp and a horse").status == 401);
  CHECK(Run(Volcanion({"admin", "deactivate", "--email", "nobody@example.com"}, shop.environment())).status == 1);
  CHECK(Run(Volcanion({"admin", "rotate-signing-key"}, shop.environment())).status == 0);
  CHECK(shop.Written("SELECT count(*) FROM write.signing_keys") == "2");
  CHECK(shop.Written("SELECT string_agg(action || ' ' || target, ', ' ORDER BY audit_id) FROM write.audit_log "
                     "WHERE action LIKE 'person%'") ==
        "person.created ada@example.com, person.created bob@example.com, person.logged_in ada@example.com, "
        "person.logged_in bob@example.com, person.deactivated bob@example.com");
}

TEST_CASE("a process that cannot open the signing key says so at its start and at log-ins, until there is a new one") {
  const Shop shop;
  const TemporaryDirectory directory;
  const auto file = directory.path() / "signing.key";
  WriteFile(file, std::string(64, 'a') + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  auto sealing = shop.environment();
  sealing["VOLCANION_SIGNING_KEY_FILE"] = file.string();
  REQUIRE(Run(Volcanion({"admin", "create", "--email", "ada@example.com"}, sealing, "a horse, a staple\n")).status ==
          0);
  REQUIRE(Run(Volcanion({"admin", "rotate-signing-key"}, sealing)).status == 0);
  const auto log_in = [](std::uint16_t port) {
    return HttpClient(port).Post("/api/auth/token", R"({"email":"ada@example.com","password":"a horse, a staple"})");
  };
  const auto with_key = StartApi(sealing);
  CHECK(log_in(with_key->port()).status == 200);
  CHECK_FALSE(Contains(with_key->process().out() + with_key->process().err(), "signing key"));

  Service without("api", shop.environment());  // as after a restore of the store alone
  const auto said = without.process().WaitForLine("nobody can log in");
  CHECK_MESSAGE(Contains(said, "volcanion admin rotate-signing-key"), said);
  CHECK_FALSE(Contains(without.process().out() + without.process().err(), "lie in the write store as they are"));
  without.WaitUntilReady();
  const auto refused = log_in(without.port());
  CHECK(refused.status == 503);
  CHECK_MESSAGE(Contains(refused.body, "Tell its operator"), refused.body);
  CHECK(Run(Volcanion({"admin", "rotate-signing-key"}, shop.environment())).status == 0);
  CHECK(log_in(without.port()).status == 200);
}

TEST_CASE("a server that others can reach does not start while credentials of a demo are good") {
  const Shop shop;
  auto environment = shop.environment();
  environment["VOLCANION_LISTEN"] = "0.0.0.0:0";
  const auto up = Run(Volcanion({"up"}, environment));
  CHECK(up.status == 1);
  CHECK(Contains(up.err, "set VOLCANION_DEMO=false"));
  environment["VOLCANION_DEMO"] = "false";
  (void)Run(Volcanion({"admin-token", "--name", "demo"}, shop.environment()));
  (void)shop.Written("UPDATE write.admin_tokens SET is_demo = true");
  (void)shop.Written("UPDATE write.partners SET is_demo = true");
  (void)shop.Written(
      "INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at, expires_at) "
      "SELECT gen_random_uuid(), partner_system_id, 'past', 'past', sha256('past'), now(), now() - interval '1 s' "
      "FROM write.partner_systems");
  const auto api = Run(Volcanion({"api"}, environment));
  CHECK(api.status == 1);
  CHECK(Contains(api.err, "administrator's tokens"));
  CHECK_MESSAGE(Contains(api.err, "1 API keys"), api.err);  // without what has expired
  CHECK(Run(Volcanion({"admin", "revoke-demo"}, shop.environment())).status == 0);
  Service reachable("api", environment);
  reachable.WaitUntilReady();
  // What a process on this machine makes for its demo later is good there alone.
  const auto own = StartApi(shop.environment());
  const auto make_token = [&](const std::string& name) {
    const auto made = Run(Volcanion({"admin-token", "--name", name}, shop.environment())).out;
    return made.substr(0, made.find('\n'));
  };
  const auto demo = make_token("later"), other = make_token("ops");
  (void)shop.Written("UPDATE write.admin_tokens SET is_demo = true WHERE name = 'later'");
  const auto status = [](std::uint16_t port, const std::string& token) {
    return HttpClient(port).Get("/api/partners", {{"Authorization", "Bearer " + token}}).status;
  };
  WaitUntil(
      "the demo's token is refused", [&] { return status(reachable.port(), demo) == 401; }, 5s);
  CHECK(status(reachable.port(), other) == 200);
  CHECK(status(own->port(), demo) == 200);
}
