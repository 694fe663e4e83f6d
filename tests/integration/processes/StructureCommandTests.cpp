#include "tests/support/HttpClient.h"
#include "tests/support/processes/Ports.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace volcanion::test;
using namespace volcanion::test::processes;

constexpr char kFrom0[] = R"({"type":"object","properties":{"amount":{"type":"number","minimum":0}}})";
constexpr char kFrom1[] = R"({"type":"object","properties":{"amount":{"type":"number","minimum":1}}})";
constexpr char kSystemsOwn[] = R"({"type":"object","properties":{"amount":{"type":"integer","minimum":0}}})";

/// A shop, its API, and a folder with its structures.
struct Repository {
  Repository() { api = StartApi(shop.environment()); }

  Ended Structure(std::vector<std::string> arguments, std::string input = {}) const {
    arguments.insert(arguments.begin(), "structure");
    return Run(Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_TOKEN", kToken}},
                         std::move(input)));
  }
  Ended Push(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"push", folder()});
    return Structure(std::move(arguments));
  }
  /// Where no events are there to try a change on.
  Ended PushUntried(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--impact-days", "0"});
    return Push(std::move(arguments));
  }
  std::string folder() const { return directory.path().string(); }
  void Write(const std::string& file, const std::string& text) const {
    fs::create_directories((directory.path() / file).parent_path());
    WriteFile(directory.path() / file, text);
  }
  std::string Read(const std::string& file) const {
    std::ifstream stream(directory.path() / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// As in "purchase 1 active".
  std::string Versions() const {
    return shop.Written(
        "SELECT string_agg(event_name || ' ' || version || ' ' || state, ', ' ORDER BY partner_system_id NULLS FIRST, "
        "event_name, version) FROM write.event_structures");
  }
  std::string AuditEntries() const { return shop.Written("SELECT count(*) FROM write.audit_log"); }

  const Shop shop;
  const TemporaryDirectory directory;
  std::unique_ptr<Service> api;
};

}  // namespace

TEST_CASE("structures live in a folder: pull, push, push again, a breaking change, and one that is allowed") {
  const Repository repository;
  Service sync("sync", repository.shop.environment());
  HttpClient client(repository.api->port());
  for (const auto* amount : {"0.5", "5"}) {
    const auto event = R"({"eventName":"purchase","properties":{"amount":)" + std::string(amount) + "}}";
    REQUIRE(client.Post("/api/events/ingest", event, kAsShop).status == 202);
  }
  WaitUntil("the events can be read",
            [&] { return repository.shop.Read("SELECT count(*) FROM read.tracking_events_read_model") == "2"; });

  auto ended = repository.Structure({"pull", repository.folder()});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(ended.out == "purchase.schema.json: written (version 1, active)\n");
  CHECK(repository.Read("purchase.schema.json") == std::string(kFrom0) + "\n");
  ended = repository.Push({"--activate"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(ended.out == "purchase.schema.json: unchanged (version 1, active)\n0 changed, 1 unchanged, 0 breaking\n");
  repository.Write(
      "purchase.schema.json",
      "\n{ \"type\": \"object\",\n  \"properties\": { \"amount\": {\"type\":\"number\",\"minimum\": 0} } }\n");
  CHECK(Contains(repository.Push({"--activate"}).out, "unchanged (version 1, active)"));  // blanks are no change

  repository.Write("refund.schema.json", R"({"required":["reason"]})");
  ended = repository.Push({"--activate"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(Contains(ended.out, "refund.schema.json: published as version 1, active\n"));
  CHECK(repository.Versions() == "purchase 1 active, refund 1 active");

  repository.Write("purchase.schema.json", kFrom1);
  repository.Write("return.schema.json", "{}");
  const auto audited = repository.AuditEntries();
  ended = repository.Push({"--activate", "--dry-run"});
  CHECK(ended.status == 3);
  CHECK_MESSAGE(Contains(ended.out,
                         "purchase.schema.json: a new version, active\n"
                         "  breaks backward compatibility with version 1:\n"
                         "    /properties/amount  minimum_raised  /properties/amount: minimum raised from 0 to 1\n"
                         "  of 2 events of the last 7 days 1 would turn invalid, 0 valid\n"
                         "    1  /amount  minimum, as in: must be at least 1; was 0.5\n"),
                ended.out);
  CHECK(Contains(ended.out, "2 changed, 1 unchanged, 1 breaking; a dry run: nothing was published\n"));
  CHECK(Contains(ended.err, "--allow-breaking"));
  CHECK(repository.Push({"--activate"}).status == 3);  // the new one, which breaks nothing, waits for the other
  CHECK(repository.Versions() == "purchase 1 active, refund 1 active");
  CHECK(repository.AuditEntries() == audited);

  ended = repository.Push({"--activate", "--dry-run", "--json"});
  CHECK(ended.status == 3);
  CHECK(Member(ended.out, "isBreaking") == "true");
  const auto files = Elements(Member(ended.out, "files"));
  REQUIRE(files.size() == 3);
  CHECK(Member(files[0], "step") == "new-version");
  CHECK(Member(files[0], "published") == "null");
  CHECK(Member(Member(files[0], "comparison"), "isCompatible") == "false");
  CHECK(Member(Member(files[0], "impact"), "turnedInvalid") == "1");
  CHECK(Member(files[1], "step") == "none");

  ended = repository.Push({"--activate", "--allow-breaking", "agreed with the shop"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(repository.Versions() == "purchase 1 active, purchase 2 active, refund 1 active, return 1 active");
  CHECK(repository.shop.Written("SELECT count(*) FROM write.audit_log WHERE details::text LIKE '%agreed with%'") ==
        "1");
  ended = repository.Push({"--activate", "--dry-run"});
  CHECK(ended.status == 0);
  CHECK(Contains(ended.out, "0 changed, 3 unchanged, 0 breaking; a dry run: nothing was published\n"));
}

TEST_CASE("a draft that is pushed again changes, and is activated when that is asked for") {
  const Repository repository;
  repository.Write("refund.schema.json", "{}");
  CHECK(repository.PushUntried({}).status == 0);
  CHECK(Contains(repository.PushUntried({}).out, "refund.schema.json: unchanged (version 1, draft)\n"));
  repository.Write("refund.schema.json", R"({"type":"object"})");
  auto ended = repository.PushUntried({});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(Contains(ended.out, "refund.schema.json: the draft, version 1, changes\n  nothing to compare with\n"));
  CHECK(Contains(ended.out, "purchase.schema.json: no such file; left as it is\n"));
  CHECK(repository.Versions() == "purchase 1 active, refund 1 draft");
  CHECK(repository.shop.Written("SELECT schema FROM write.event_structures WHERE event_name = 'refund'") ==
        R"({"type":"object"})");
  ended = repository.PushUntried({"--activate"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(Contains(ended.out, "the draft, version 1, becomes active\n"));
  CHECK(repository.Versions() == "purchase 1 active, refund 1 active");
}

TEST_CASE("a folder in the folder holds a system's own structures, and names of files may be encoded") {
  const Repository repository;
  repository.Write("Website/purchase.schema.json", kSystemsOwn);
  repository.Write("page%2Fview.schema.json", "true");
  repository.Write("README.md", "not a schema");
  repository.Write(".git/x.schema.json", "{}");
  auto ended = repository.PushUntried({"--activate"});
  CHECK(ended.status == 3);  // compared with the partner's, whose amount may be any number
  CHECK(Contains(ended.out, "page%2Fview.schema.json: a new version, active\n"));
  CHECK_MESSAGE(Contains(ended.out, "Website/purchase.schema.json: a new version, active\n  breaks backward"),
                ended.out);
  CHECK(repository.PushUntried({"--activate", "--allow-breaking", "whole numbers only"}).status == 0);
  CHECK(repository.Versions() == "page/view 1 active, purchase 1 active, purchase 1 active");
  CHECK(repository.shop.Written("SELECT event_name FROM write.event_structures WHERE partner_system_id = '" +
                                std::string(kSystem) + "'") == "purchase");

  const auto other = repository.directory.path() / "pulled";
  ended = repository.Structure({"pull", other.string()});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(repository.Read("pulled/Website/purchase.schema.json") == std::string(kSystemsOwn) + "\n");
  CHECK(repository.Read("pulled/page%2Fview.schema.json") == "true\n");
  CHECK(Contains(repository.Structure({"push", other.string()}).out, "0 changed, 3 unchanged"));

  repository.Write("pulled/purchase.schema.json", "{}");
  ended = repository.Structure({"pull", other.string()});
  CHECK(ended.status == 1);
  CHECK(Contains(ended.err, "pulled/purchase.schema.json"));
  CHECK(repository.Read("pulled/purchase.schema.json") == "{}");
  CHECK(repository.Structure({"pull", other.string(), "--force"}).status == 0);
  CHECK(repository.Read("pulled/purchase.schema.json") == std::string(kFrom0) + "\n");

  repository.Write("pulled/Nowhere/purchase.schema.json", "{}");
  ended = repository.Structure({"push", other.string()});
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "no system \"Nowhere\""));
}

TEST_CASE("files that are no schemas are named, every one, and nothing is published") {
  const Repository repository;
  auto ended = repository.Push({});
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "no file that ends in .schema.json"));
  repository.Write("refund.schema.json", "{}");
  repository.Write("a.schema.json", R"({"type":"objekt"})");
  repository.Write("b.schema.json", R"({"properties":{"x":{"pattern":"("}}})");
  ended = repository.PushUntried({});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.err, "a.schema.json /schema/type: "), ended.err);
  CHECK_MESSAGE(Contains(ended.err, "b.schema.json /schema/properties/x/pattern: "), ended.err);
  repository.Write("a.schema.json", R"({"type":"object")");
  repository.Write("%zz.schema.json", "{}");
  ended = repository.PushUntried({});
  CHECK(ended.status == 2);
  CHECK(Contains(ended.err, "a.schema.json: "));
  CHECK(Contains(ended.err, "%zz.schema.json: "));
  CHECK(repository.Versions() == "purchase 1 active");
}

TEST_CASE("versions are listed, shown, activated and retired; documents are validated against a file") {
  const Repository repository;
  repository.Write("purchase.schema.json", kFrom1);
  REQUIRE(repository.PushUntried({"--allow-breaking", "a draft"}).status == 0);
  auto ended = repository.Structure({"list"});
  CHECK(ended.status == 0);
  CHECK(ended.out.starts_with("EVENT NAME  VERSION  STATE   SYSTEM"));
  CHECK(Contains(ended.out, "\npurchase    2        draft   -"));
  CHECK(Elements(repository.Structure({"list", "--json", "--state", "active"}).out).size() == 1);
  CHECK(repository.Structure({"activate", "purchase", "2"}).status == 3);
  ended = repository.Structure({"activate", "purchase", "2", "--allow-breaking", "agreed"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(Contains(repository.Structure({"show", "purchase"}).out, kFrom1));
  CHECK(Member(repository.Structure({"show", "purchase", "--version", "1", "--json"}).out, "schema") == kFrom0);
  CHECK(repository.Structure({"retire", "purchase", "1"}).status == 0);
  CHECK(repository.Versions() == "purchase 1 retired, purchase 2 active");
  ended = repository.Structure({"retire", "purchase", "2"});
  CHECK(ended.status == 3);
  CHECK_MESSAGE(Contains(ended.err, "no other version judges these events"), ended.err);
  CHECK(repository.Versions() == "purchase 1 retired, purchase 2 active");
  CHECK(repository.Structure({"show", "purchase", "--version", "9"}).status == 1);

  const auto schema = repository.folder() + "/purchase.schema.json";
  repository.Write("good.json", R"({"amount":1})");
  repository.Write("bad.json", R"({"amount":0})");
  const auto good = repository.folder() + "/good.json", bad = repository.folder() + "/bad.json";
  CHECK(repository.Structure({"validate", schema, good}).status == 0);
  ended = repository.Structure({"validate", schema, good, bad});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.out, "bad.json: invalid\n  /amount  must be at least 1; was 0 ("), ended.out);
  CHECK(repository.Structure({"validate", "-", good}, "{}\n").status == 0);

  CHECK(repository.Structure({"retire", "purchase", "2", "--allow-breaking", "sold no more"}).status == 0);
  CHECK(repository.Versions() == "purchase 1 retired, purchase 2 retired");
}

TEST_CASE("unknown events are listed, and a schema is suggested into a file that was not there") {
  const Repository repository;
  Service sync("sync", repository.shop.environment());
  HttpClient client(repository.api->port());
  REQUIRE(client.Post("/api/events/ingest", R"({"eventName":"view","properties":{"page":"x"}})", kAsShop).status ==
          202);
  WaitUntil("the event can be read", [&] { return Contains(repository.Structure({"unknown"}).out, "\nview "); });
  const auto file = repository.folder() + "/view.schema.json";
  auto ended = repository.Structure({"suggest", "view", "--output", file});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(Contains(repository.Read("view.schema.json"), "\"page\""));
  CHECK(repository.Structure({"suggest", "view", "--output", file}).status == 2);
  ended = repository.Push({"--activate"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK_MESSAGE(Contains(ended.out, "of 1 events of the last 7 days 0 would turn invalid, 1 valid\n"), ended.out);

  const auto jobs = Run(Volcanion({"job", "list", "--json"},
                                  {{"VOLCANION_URL", Url(repository.api->port())}, {"VOLCANION_TOKEN", kToken}}));
  REQUIRE(Elements(jobs.out).size() == 1);
  const auto id = Member(Elements(jobs.out)[0], "jobId");
  for (const auto* command : {"show", "wait", "cancel"}) {
    const auto job = Run(
        Volcanion({"job", command, id}, {{"VOLCANION_URL", Url(repository.api->port())}, {"VOLCANION_TOKEN", kToken}}));
    CHECK_MESSAGE(job.status == 0, job.err);
    CHECK(Contains(job.out, "succeeded"));
  }
}

TEST_CASE("a service token pushes structures when its scopes say so, to its own partner, and not when it is revoked") {
  const Repository repository;
  HttpClient client(repository.api->port());
  const std::string tokens = "/api/partners/00000000-0000-7000-8000-000000000001/tokens";
  const auto issue = [&](const std::string& scopes) {
    return client.Post(tokens, R"({"name":"ci","scopes":[)" + scopes + "]}", kAsAdministrator).body;
  };
  const auto push = [&](const std::string& token, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"structure", "push", repository.folder(), "--activate"});
    return Run(
        Volcanion(std::move(more), {{"VOLCANION_URL", Url(repository.api->port())}, {"VOLCANION_TOKEN", token}}));
  };
  repository.Write("refund.schema.json", R"({"required":["reason"]})");
  const auto writes = issue(R"("structures:write")");
  auto ended = push(Member(writes, "token"), {"--dry-run"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(repository.Versions() == "purchase 1 active");
  ended = push(Member(writes, "token"), {"--partner", "Shop"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(repository.Versions() == "purchase 1 active, refund 1 active");
  CHECK(Contains(push(Member(writes, "token")).out, "1 unchanged"));
  CHECK(repository.shop.Written("SELECT actor FROM write.audit_log WHERE action = 'structure.published'")
            .starts_with("ci (vs_live_"));

  repository.Write("return.schema.json", "{}");
  for (const auto* scopes : {R"("structures:read")", R"("events:read","systems:write")"}) {
    CAPTURE(scopes);
    ended = push(Member(issue(scopes), "token"));
    CHECK(ended.status == 1);
    CHECK_MESSAGE(Contains(ended.err, "status 403"), ended.err);
  }
  Sql(repository.shop.write(),
      "INSERT INTO write.partners (partner_id, name, created_at) "
      "VALUES ('00000000-0000-7000-8000-00000000000a', 'Tea', now())");
  ended = push(Member(writes, "token"), {"--partner", "00000000-0000-7000-8000-00000000000a"});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.err, "status 404"), ended.err);
  CHECK(push(Member(writes, "token"), {"--partner", "Tea"}).status == 1);
  REQUIRE(client.Send("DELETE", tokens + "/" + Member(writes, "serviceTokenId"), "", kAsAdministrator).status == 204);
  ended = push(Member(writes, "token"));
  CHECK(ended.status == 1);
  CHECK_MESSAGE(Contains(ended.err, "status 401"), ended.err);
  CHECK(repository.Versions() == "purchase 1 active, refund 1 active");
}
