#include "tests/support/HttpClient.h"
#include "tests/support/processes/Ports.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace volcanion::test;
using namespace volcanion::test::processes;

/// A shop, and commands that an administrator gives.
struct Desk {
  Desk() : api(StartApi(shop.environment())) {}

  Ended operator()(std::vector<std::string> arguments) const {
    return Run(Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_TOKEN", kToken}}));
  }

  const Shop shop;
  const std::unique_ptr<Service> api;
};

void OnlyForMe(const fs::path& file) {
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, fs::perm_options::replace);
}

}  // namespace

TEST_CASE("partners and systems are made, listed, shown and changed; tables for people, JSON for programs") {
  const Desk desk;
  auto ended = desk({"partner", "create", "Café \"Ö\"", "--compatibility", "none", "--json"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  const auto partner = Member(ended.out, "partnerId");
  CHECK(Member(ended.out, "name") == "Café \"Ö\"");
  ended = desk({"partner", "list"});
  CHECK(ended.status == 0);
  CHECK(ended.out.starts_with("PARTNER ID                            NAME      ACTIVE  COMPATIBILITY  CREATED\n"));
  CHECK_MESSAGE(Contains(ended.out, "  Café \"Ö\"  true    none           20"), ended.out);
  CHECK(Contains(ended.out, "  Shop      true    backward       20"));

  ended = desk({"system", "create", "App", "--partner", "Café \"Ö\"", "--invalid-events", "reject", "--rate-limit",
                "100:200", "--json"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  CHECK(Member(Member(ended.out, "rateLimit"), "burst") == "200");
  CHECK(desk({"system", "change", "App", "--partner", partner, "--name", "Mobile", "--rate-limit", "none"}).status ==
        0);
  ended = desk({"system", "show", "Mobile", "--partner", partner, "--json"});
  CHECK(Member(ended.out, "rateLimit") == "null");
  CHECK(Member(ended.out, "invalidEvents") == "reject");
  CHECK(desk({"system", "deactivate", "Mobile", "--partner", partner}).status == 0);
  CHECK(Elements(desk({"system", "list", "--partner", partner, "--inactive", "--json"}).out).size() == 1);
  CHECK(Elements(desk({"system", "list", "--partner", partner, "--active", "--json"}).out).empty());
  CHECK(desk({"system", "activate", "Mobile", "--partner", partner}).status == 0);

  CHECK(desk({"partner", "deactivate", partner}).status == 0);
  CHECK(Member(desk({"partner", "show", partner, "--json"}).out, "isActive") == "false");
  CHECK(desk({"partner", "activate", partner}).status == 0);
  CHECK(Contains(desk({"partner", "change", partner, "--name", "Tea"}).out, "NAME           Tea\n"));

  CHECK(desk({"partner", "change", partner}).status == 2);
  ended = desk({"system", "list"});  // of which of the two partners?
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "--partner"));
  ended = desk({"audit", "--partner", partner, "--action", "partner.changed", "--json"});
  CHECK(ended.status == 0);
  CHECK(Member(ended.out.substr(0, ended.out.find('\n')), "action") == "partner.changed");
  CHECK(Contains(desk({"audit", "--partner", "Tea", "--limit", "1"}).out, "partner.changed"));
}

TEST_CASE("a key is alone on stdout when it is made, works, is rotated and revoked") {
  const Desk desk;
  HttpClient client(desk.api->port());
  const auto send = [&](const std::string& key) {
    return client.Post("/api/events/ingest", R"({"eventName":"purchase"})", {{"X-API-Key", key}}).status;
  };
  auto ended = desk({"key", "create", "Website", "--name", "ci"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  CHECK(ended.out.starts_with("vk_live_"));
  CHECK(ended.out.find('\n') == ended.out.size() - 1);
  const auto key = ended.out.substr(0, ended.out.size() - 1);
  CHECK_FALSE(Contains(ended.err, key));
  CHECK(send(key) == 202);

  ended = desk({"key", "create", kSystem, "--name", "test", "--environment", "test", "--json"});
  const auto made = Member(ended.out, "key");
  CHECK(made.starts_with("vk_test_"));
  CHECK(ended.err == "");
  ended = desk({"key", "rotate", "Website", Member(ended.out, "prefix"), "--overlap", "0", "--json"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  const auto rotated = Member(ended.out, "key");
  CHECK(send(made) == 401);
  CHECK(send(rotated) == 202);
  CHECK(desk({"key", "revoke", "Website", Member(ended.out, "apiKeyId")}).status == 0);
  CHECK(send(rotated) == 401);
  ended = desk({"key", "list", "Website"});
  CHECK(Contains(ended.out, "  revoked  "));
  for (const auto& secret : {key, made, rotated}) CHECK_FALSE(Contains(ended.out, secret));
  CHECK(desk({"key", "revoke", "Website", "vk_live_nobody"}).status == 1);
}

TEST_CASE("members are invited, listed, given another role and removed") {
  const Desk desk;
  auto ended = desk({"member", "invite", "ada@example.com", "--role", "analyst", "--json"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  CHECK(Member(ended.out, "state") == "invited");
  const auto id = Member(ended.out, "memberId");
  CHECK(desk({"member", "invite", "ada@example.com", "--role", "analyst"}).status == 1);
  CHECK(Contains(desk({"member", "list"}).out, "  ada@example.com  analyst  invited  "));
  ended = desk({"member", "change", "ada@example.com", "--role", "admin", "--json"});
  CHECK(Member(ended.out, "role") == "admin");
  CHECK(desk({"member", "change", id, "--role", "owner"}).status == 2);
  CHECK(desk({"member", "remove", id}).status == 0);
  CHECK(desk({"member", "list", "--json"}).out == "[]\n");
  CHECK(desk({"member", "remove", "ada@example.com"}).status == 1);
}

TEST_CASE("people are listed, shown, deactivated and let in again; tokens are made, listed and revoked") {
  const Desk desk;
  REQUIRE(desk({"member", "invite", "ada@example.com", "--role", "admin"}).status == 0);
  CHECK(Contains(desk({"whoami"}).out, "NAME            admin (tok)\n"));
  CHECK(Member(desk({"whoami", "--json"}).out, "kind") == "adminToken");
  CHECK(Contains(desk({"person", "list"}).out, "  ada@example.com  true    false "));
  auto ended = desk({"person", "show", "ADA@example.com"});
  CHECK_MESSAGE(Contains(ended.out, "  Shop     admin  invited\n"), ended.out);
  CHECK(Member(desk({"person", "deactivate", "ada@example.com", "--json"}).out, "isActive") == "false");
  CHECK(Elements(desk({"person", "list", "--inactive", "--json"}).out).size() == 1);
  CHECK(desk({"person", "activate", "ada@example.com"}).status == 0);
  CHECK(Elements(desk({"person", "list", "--inactive", "--json"}).out).empty());
  CHECK(desk({"person", "show", "nobody@example.com"}).status == 1);

  ended = desk({"token", "create", "--name", "ci", "--scope", "foo:bar"});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.err, "must be among events:read, "), ended.err);
  ended = desk({"token", "create", "--name", "ci", "--scope", "structures:write", "--scope", "events:read"});
  REQUIRE_MESSAGE(ended.status == 0, ended.err);
  const auto token = ended.out.substr(0, ended.out.size() - 1);
  CHECK(token.starts_with("vs_live_"));
  CHECK_FALSE(Contains(ended.err, token));
  const auto as_program = [&](std::vector<std::string> arguments) {
    return Run(Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(desk.api->port())}, {"VOLCANION_TOKEN", token}}));
  };
  CHECK(Contains(as_program({"whoami"}).out, "SCOPES      [\"events:read\",\"structures:write\"]\n"));
  CHECK(as_program({"person", "list"}).status == 1);
  ended = desk({"token", "list"});
  CHECK(Contains(ended.out, "  ci  "));
  CHECK_FALSE(Contains(ended.out, token));
  const auto listed = Elements(desk({"token", "list", "--json"}).out);
  REQUIRE(listed.size() == 1);
  CHECK(desk({"token", "revoke", Member(listed.front(), "prefix")}).status == 0);
  CHECK(as_program({"whoami"}).status == 1);

  Sql(desk.shop.write(),
      "INSERT INTO write.admin_tokens (token_hash, name, prefix) VALUES (sha256('o'), 'other', 'oth')");
  CHECK(Contains(desk({"token", "list", "--administrators"}).out, "  other  oth     "));
  CHECK(desk({"token", "revoke", "--administrators", "oth"}).status == 0);
  CHECK(desk({"token", "revoke", "--administrators", "oth"}).status == 1);
}

TEST_CASE("a list goes on behind the first page") {
  const Desk desk;
  Sql(desk.shop.write(),
      "INSERT INTO write.partners (partner_id, name, created_at) "
      "SELECT gen_random_uuid(), 'Partner ' || n, now() FROM generate_series(1, 1100) AS n");
  const auto ended = desk({"partner", "list"});
  CHECK(ended.status == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 1102);
}

TEST_CASE("a profile gives address and token, is refused when others can read it, and the environment goes before it") {
  const Desk desk;
  const TemporaryDirectory directory;
  const auto file = directory.path() / "profile";
  WriteFile(file, "# mine\nVOLCANION_URL=" + Url(desk.api->port()) + "/\nVOLCANION_TOKEN=" + kToken + "\n");
  auto ended = Run(Volcanion({"partner", "list", "--profile", file.string()}));
  CHECK(ended.status == 2);
  CHECK(ended.out == "");
  CHECK(Contains(ended.err, "chmod 600"));
  CHECK_FALSE(Contains(ended.err, kToken));

  OnlyForMe(file);
  CHECK(Run(Volcanion({"partner", "list", "--profile", file.string()})).status == 0);
  CHECK(Run(Volcanion({"partner", "list"}, {{"VOLCANION_PROFILE", file.string()}})).status == 0);
  fs::create_directories(directory.path() / ".config" / "volcanion");
  fs::copy_file(file, directory.path() / ".config" / "volcanion" / "profile");
  OnlyForMe(directory.path() / ".config" / "volcanion" / "profile");
  CHECK(Run(Volcanion({"partner", "list"}, {{"HOME", directory.path().string()}})).status == 0);
  ended = Run(Volcanion({"partner", "list", "--profile", file.string()}, {{"VOLCANION_ADMIN_TOKEN", "va_live_other"}}));
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.err, "status 401, correlation id "), ended.err);

  WriteFile(file, "VOLCANION_TOKEN=a\nVOLCANION_TOKN=b\nnothing\n");
  ended = Run(Volcanion({"partner", "list", "--profile", file.string()}));
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "VOLCANION_TOKN"));
  CHECK(Contains(ended.err, ":3 is not of the form NAME=value"));
  ended = Run(Volcanion({"partner", "list"}));
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "VOLCANION_TOKEN"));
  CHECK(Run(Volcanion({"partner", "list", "--profile", "/no/such/file"}, {{"VOLCANION_TOKEN", "a"}})).status == 2);
  CHECK(Run(Volcanion({"partner", "list"}, {{"VOLCANION_URL", "ftp://x"}, {"VOLCANION_TOKEN", "a"}})).status == 2);
}

TEST_CASE("what a server refuses is told with its reason and the correlation id, and one that is away is told, too") {
  const Desk desk;
  auto ended = desk({"partner", "create", "Shop"});
  CHECK(ended.status == 1);
  CHECK(ended.out == "");
  CHECK_MESSAGE(Contains(ended.err, "(status 409, correlation id "), ended.err);
  CHECK(Contains(ended.err, "\n  /name  "));
  CHECK(desk({"partner", "show", "Nobody"}).status == 1);
  CHECK(desk({"partner", "show", "00000000-0000-7000-8000-00000000000f"}).status == 1);

  const auto url = Url(UnusedPort());
  ended = Run(Volcanion({"partner", "list"}, {{"VOLCANION_URL", url}, {"VOLCANION_TOKEN", "va_live_secret"}}));
  CHECK(ended.status == 1);
  CHECK(ended.out == "");
  CHECK_MESSAGE(ended.err.starts_with("volcanion: No answer from " + url + ": "), ended.err);
  CHECK_FALSE(Contains(ended.err, "va_live_secret"));
}

TEST_CASE("a mistake in the command line ends with status 2, and help with 0") {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"erupt"},
                                                    {"partner"},
                                                    {"partner", "show"},
                                                    {"partner", "change", "x"},
                                                    {"key", "create", "Website"},
                                                    {"partner", "create", "x", "--compatibility", "sideways"},
                                                    {"structure", "push", "/no/such/folder"},
                                                    {"ingest"},
                                                    {"ingest", "-", "--batch", "0"},
                                                    {"up", "--no-such-option"}}) {
    const auto ended = Run(Volcanion(arguments));
    CHECK_MESSAGE(ended.status == 2, ended.err);
    CHECK(ended.err != "");
  }
  for (const auto* noun : {"partner", "system", "key", "member", "person", "token", "structure", "job", "audit"}) {
    CHECK(Run(Volcanion({noun, "--help"})).status == 0);
  }
  const auto help = Run(Volcanion({"structure", "push", "--help"}));
  for (const auto* piece : {"--dry-run", "--allow-breaking", "schema.json", "VOLCANION_TOKEN"}) {
    CHECK_MESSAGE(Contains(help.out, piece), help.out);
  }
}
