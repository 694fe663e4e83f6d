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
  CHECK(Contains(ended.err, "VOLCANION_POLL_INTERVALL_MS"));
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
