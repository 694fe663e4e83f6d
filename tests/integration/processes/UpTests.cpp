#include "tests/support/HttpClient.h"
#include "tests/support/Process.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using namespace volcanion::test;
using namespace volcanion::test::processes;

std::vector<std::string> ReadGzipLines(const fs::path& file) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> in(gzopen(file.c_str(), "rb"), &gzclose);
  REQUIRE(in != nullptr);
  std::vector<std::string> lines;
  std::vector<char> buffer(64 * 1024);
  while (gzgets(in.get(), buffer.data(), static_cast<int>(buffer.size())) != nullptr) {
    lines.emplace_back(buffer.data());
    if (lines.back().ends_with('\n')) lines.back().pop_back();
  }
  return lines;
}

Environment ReadVariables(const fs::path& file) {
  Environment variables;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto equals = line.find('=');
    if (!line.starts_with('#') && equals != std::string::npos)
      variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return variables;
}

mode_t ModeOf(const fs::path& file) {
  struct stat found {};
  REQUIRE(stat(file.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

Process::Settings UpIn(const TemporaryDirectory& directory) {
  return Volcanion({"up"}, {{"VOLCANION_DATA_DIR", (directory.path() / "var").string()},
                            {"VOLCANION_LISTEN", "127.0.0.1:0"},
                            {"VOLCANION_ADMIN_LISTEN", "127.0.0.1:0"}});
}

/// A running `volcanion up`, and a client of its demo.
class Up {
 public:
  explicit Up(const TemporaryDirectory& directory) : data_(directory.path() / "var"), process_(UpIn(directory)) {
    process_.WaitForLine("Ctrl-C stops it", 60s);
    demo_ = ReadVariables(data_ / "demo.env");
  }

  Process& process() { return process_; }
  const fs::path& data() const { return data_; }
  const std::string& demo(const char* name) const { return demo_.at(name); }

  std::uint16_t port() const {
    const auto& url = demo("VOLCANION_URL");
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  HttpClient::Headers as_system() const { return {{"X-API-Key", demo("VOLCANION_API_KEY")}}; }
  HttpClient::Headers as_administrator() const {
    return {{"Authorization", "Bearer " + demo("VOLCANION_ADMIN_TOKEN")}};
  }

  /// Sends one event; its position.
  std::int64_t Send(const std::string& id) const {
    const auto answer = HttpClient(port()).Post(
        "/api/events/ingest", R"({"eventId":")" + id + R"(","eventName":"hello","properties":{"who":"world"}})",
        as_system());
    REQUIRE_MESSAGE(answer.status == 202, answer.body);
    return std::stoll(Member(answer.body, "position"));
  }
  RawResponse List(const std::string& question) const {
    auto answer =
        HttpClient(port(), {.timeout = 20s})
            .Get("/api/events/partner-system/" + demo("VOLCANION_PARTNER_SYSTEM_ID") + question, as_administrator());
    REQUIRE_MESSAGE(answer.status == 200, answer.body);
    return answer;
  }
  /// Waits until reads reflect `position`.
  void WaitForRead(std::int64_t position, milliseconds deadline) const {
    WaitUntil(
        "the event can be read",
        [&] { return std::stoll(Member(Member(List("?limit=1").body, "asOf"), "position")) >= position; }, deadline);
  }
  /// All events of a name, page by page.
  std::vector<std::string> ReadAll(const std::string& event_name) const {
    std::vector<std::string> events;
    std::string cursor;
    do {
      const auto page = List("?limit=1000&eventName=" + event_name + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (auto& event : Elements(Member(page.body, "items"))) events.push_back(std::move(event));
      cursor = Member(page.body, "nextCursor");
    } while (cursor != "null" && !cursor.empty());
    return events;
  }

 private:
  fs::path data_;
  Process process_;
  Environment demo_;
};

}  // namespace

TEST_CASE(
    "a newcomer starts everything with one command, sends the demo's 10,000 reports and reads each of them once") {
  const TemporaryDirectory directory;
  Up up(directory);
  const auto welcome = up.process().out();
  for (const auto& piece : {up.demo("VOLCANION_URL"), std::string("/health/ready"), std::string("/metrics"),
                            (up.data() / "demo.env").string(), std::string("volcanion ingest"), std::string("curl")}) {
    CHECK_MESSAGE(Contains(welcome, piece), piece);
  }
  CHECK(ModeOf(up.data() / "demo.env") == 0600);
  CHECK(ModeOf(up.data() / "stores.env") == 0600);
  for (const auto* name : {"VOLCANION_URL", "VOLCANION_API_KEY", "VOLCANION_PARTNER_ID", "VOLCANION_PARTNER_SYSTEM_ID",
                           "VOLCANION_ADMIN_TOKEN", "VOLCANION_DEMO_ADMIN_EMAIL", "VOLCANION_DEMO_ADMIN_PASSWORD"}) {
    CHECK_MESSAGE(up.demo(name) != "", name);
  }
  CHECK_FALSE(Contains(welcome + up.process().err(), up.demo("VOLCANION_API_KEY")));
  CHECK_FALSE(Contains(welcome + up.process().err(), up.demo("VOLCANION_ADMIN_TOKEN")));
  up.WaitForRead(up.Send("first"), 2s);
  CHECK(up.ReadAll("hello").size() == 1);

  const auto file = fs::path(VOLCANION_SOURCE) / "db/demo/wildlife_strikes.ndjson.gz";
  const auto ingest = Volcanion({"ingest", file.string()}, {{"VOLCANION_URL", up.demo("VOLCANION_URL")},
                                                            {"VOLCANION_API_KEY", up.demo("VOLCANION_API_KEY")}});
  const auto sent = Run(ingest);
  const auto last = up.Send("last");
  up.WaitForRead(last, 2s);
  CHECK(sent.status == 0);
  CHECK(Contains(sent.out, "stored      10000\n"));
  CHECK(Contains(sent.out, "flagged   15\n"));
  CHECK(Contains(sent.out, "duplicates  0\n"));
  CHECK(Contains(sent.out, "rejected    0\n"));
  CHECK(Contains(sent.err, "10000 events"));

  std::map<std::string, std::string> reports;  // properties by event id
  for (const auto& line : ReadGzipLines(file)) reports[Member(line, "eventId")] = Member(line, "properties");
  REQUIRE(reports.size() == 10'000);
  const auto events = up.ReadAll("wildlife_strike_reported");
  CHECK(events.size() == 10'000);
  int flagged = 0, altered = 0;
  for (const auto& event : events) {
    const bool is_valid = Member(event, "isValid") == "true";
    flagged += is_valid ? 0 : 1;
    if (is_valid != (Member(event, "validationErrors") == "[]")) CHECK_MESSAGE(false, event);
    const auto report = reports.extract(Member(event, "eventId"));  // each of them once
    altered += report.empty() || report.mapped() != Member(event, "properties") ? 1 : 0;
  }
  CHECK(flagged == 15);
  CHECK(altered == 0);
  CHECK(reports.empty());
  CHECK(Elements(Member(up.List("?isValid=false&eventName=wildlife_strike_reported").body, "items")).size() == 15);

  const auto again = Run(ingest);
  CHECK(again.status == 0);
  CHECK(Contains(again.out, "stored      0\n"));
  CHECK(Contains(again.out, "duplicates  10000\n"));
}

TEST_CASE("the demo's platform admin logs in and invites somebody, whose link is in the log of `up`") {
  const TemporaryDirectory directory;
  {
    Up first(directory);
    CHECK(ModeOf(first.data() / "signing.key") == 0600);
    fs::remove(first.data() / "demo.env");  // what is lost is made anew
    first.process().Signal(SIGINT);
    CHECK(first.process().Wait() == 0);
  }
  Up up(directory);
  HttpClient client(up.port());
  const auto log_in = [&](const std::string& email, const std::string& password) {
    return client.Post("/api/auth/token", R"({"email":")" + email + R"(","password":")" + password + R"("})");
  };
  const auto tokens = log_in(up.demo("VOLCANION_DEMO_ADMIN_EMAIL"), up.demo("VOLCANION_DEMO_ADMIN_PASSWORD"));
  REQUIRE_MESSAGE(tokens.status == 200, tokens.body);
  const HttpClient::Headers as_admin = {{"Authorization", "Bearer " + Member(tokens.body, "accessToken")}};
  const auto partner = "/api/partners/" + up.demo("VOLCANION_PARTNER_ID");
  CHECK(client.Post(partner + "/members", R"({"email":"ada@example.com","role":"analyst"})", as_admin).status == 201);
  const auto token = Member(up.process().WaitForLine("/api/auth/accept-invitation"), "token");
  CHECK(client.Post("/api/auth/accept-invitation", R"({"token":")" + token + R"(","password":"a horse, a staple"})")
            .status == 204);
  CHECK(log_in("ada@example.com", "a horse, a staple").status == 200);
  CHECK_FALSE(Contains(up.process().err() + up.process().out(), up.demo("VOLCANION_DEMO_ADMIN_PASSWORD")));
  CHECK_FALSE(Contains(up.process().err() + up.process().out(), Member(tokens.body, "refreshToken")));
}

TEST_CASE("Ctrl-C stops all of it, and the next start finds the data, the key and the token") {
  const TemporaryDirectory directory;
  Environment before;
  {
    Up up(directory);
    up.WaitForRead(up.Send("before"), 10s);
    before = ReadVariables(up.data() / "demo.env");
    REQUIRE_FALSE(directory.ProcessesInside().empty());
    up.process().Signal(SIGINT);
    CHECK(up.process().Wait() == 0);
    CHECK(directory.ProcessesInside().empty());
  }
  Up up(directory);
  for (const auto& [name, value] : before) {
    if (name != "VOLCANION_URL") CHECK_MESSAGE(up.demo(name.c_str()) == value, name);
  }
  up.WaitForRead(up.Send("after"), 10s);
  CHECK(up.ReadAll("hello").size() == 2);

  SUBCASE("and the API of another process serves the same stores") {
    const auto api = StartApi({{"VOLCANION_DATA_DIR", up.data().string()},
                               {"VOLCANION_LISTEN", "127.0.0.1:0"},
                               {"VOLCANION_ADMIN_LISTEN", "127.0.0.1:0"}});
    const auto answer =
        HttpClient(api->port())
            .Post("/api/events/ingest", R"({"eventId":"before","eventName":"hello","properties":{"who":"world"}})",
                  up.as_system());
    CHECK(answer.status == 202);
    CHECK(Member(answer.body, "status") == "duplicate");
  }
  SUBCASE("and a second one on the same directory is refused, which the first one does not notice") {
    const auto refused = Run(UpIn(directory));
    CHECK(refused.status == 1);
    CHECK(Contains(refused.err, "in use by another process"));
    CHECK(Contains(refused.err, std::to_string(up.process().id())));
    up.WaitForRead(up.Send("later"), 10s);
    CHECK(ReadVariables(up.data() / "demo.env").at("VOLCANION_URL") == up.demo("VOLCANION_URL"));
  }
}

TEST_CASE(
    "the demo is made once: names and structures that an admin has changed stay so, and it is found all the same") {
  const TemporaryDirectory directory;
  Environment before;
  const auto stop = [](Up& up) {
    up.process().Signal(SIGTERM);
    CHECK(up.process().Wait() == 0);
  };
  {
    Up up(directory);
    before = ReadVariables(up.data() / "demo.env");
    HttpClient client(up.port());
    const auto partner = "/api/partners/" + up.demo("VOLCANION_PARTNER_ID");
    const auto rename = [&](const std::string& path, const std::string& name) {
      CHECK(client.Send("PATCH", path, R"({"name":")" + name + R"("})", up.as_administrator()).status == 200);
    };
    rename(partner, "Strikes");
    rename("/api/systems/" + up.demo("VOLCANION_PARTNER_SYSTEM_ID"), "Form");
    const auto other = "/api/partners/" + up.demo("VOLCANION_DEMO_AMERICAN_PARTNER_ID");
    CHECK(client
              .Post(other + "/structures",
                    R"({"eventName":"wildlife_strike_reported","schema":{"required":["cost"]},"state":"active",)"
                    R"("override":{"reason":"a new form"}})",
                    up.as_administrator())
              .status == 201);
    for (const auto* version : {"1", "2"}) {
      const auto path = other + "/structures/wildlife_strike_reported/versions/" + version;
      CHECK(
          client.Send("PATCH", path, R"({"state":"retired","override":{"reason":"no longer"}})", up.as_administrator())
              .status == 200);
    }
    stop(up);
  }
  for (const bool is_file_lost : {false, true}) {
    CAPTURE(is_file_lost);
    if (is_file_lost) fs::remove(directory.path() / "var/demo.env");
    Up up(directory);
    for (const auto* name :
         {"VOLCANION_PARTNER_ID", "VOLCANION_PARTNER_SYSTEM_ID", "VOLCANION_DEMO_DELTA_PARTNER_ID"}) {
      CHECK_MESSAGE(up.demo(name) == before.at(name), name);
    }
    CHECK((up.demo("VOLCANION_API_KEY") == before.at("VOLCANION_API_KEY")) != is_file_lost);
    HttpClient client(up.port());
    CHECK(Elements(Member(client.Get("/api/partners", up.as_administrator()).body, "items")).size() == 5);
    const auto versions =
        Elements(Member(client
                            .Get("/api/partners/" + before.at("VOLCANION_DEMO_AMERICAN_PARTNER_ID") + "/structures",
                                 up.as_administrator())
                            .body,
                        "items"));
    CHECK(versions.size() == 2);
    for (const auto& version : versions) CHECK(Member(version, "state") == "retired");
    stop(up);
  }
}

TEST_CASE("where a port is taken, a first start says which setting names it, and makes nothing") {
  const TemporaryDirectory directory;
  const Process::Settings settings = UpIn(directory);
  for (const auto* setting : {"VOLCANION_LISTEN", "VOLCANION_ADMIN_LISTEN"}) {
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(taken, 1) == 0);
    REQUIRE(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    auto refused = settings;
    refused.environment[setting] = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    const auto ended = Run(refused);
    ::close(taken);
    CHECK(ended.status == 1);
    CHECK_MESSAGE(Contains(ended.err, std::string(setting) + ": cannot listen on 127.0.0.1 port "), ended.err);
    CHECK_FALSE(fs::exists(directory.path() / "var/postgres"));
  }
}

TEST_CASE("after kill -9 of everything the next start recovers, and all that was acknowledged can be read") {
  const TemporaryDirectory directory;
  std::vector<std::string> sent;
  const auto send_some = [&](const Up& up) {
    std::int64_t last = 0;
    for (int i = 0; i < 20; ++i) last = up.Send(sent.emplace_back("event-" + std::to_string(sent.size())));
    return last;
  };
  {
    Up up(directory);
    send_some(up);
    up.process().Kill();  // its PostgreSQL notices, and ends by itself
  }
  {
    Up up(directory);
    send_some(up);
    const auto servers = directory.ProcessesInside();
    up.process().Kill();
    for (const auto id : servers) kill(id, SIGKILL);  // as when the machine stops
  }
  Up up(directory);
  up.WaitForRead(send_some(up), 10s);
  std::multiset<std::string> read;
  for (const auto& event : up.ReadAll("hello")) read.insert(Member(event, "eventId"));
  CHECK(read == std::multiset<std::string>(sent.begin(), sent.end()));
  up.process().Signal(SIGTERM);
  CHECK(up.process().Wait() == 0);
  CHECK(directory.ProcessesInside().empty());
}

TEST_CASE("when its PostgreSQL ends, everything ends, with a status that tells of a failure") {
  const TemporaryDirectory directory;
  Up up(directory);
  std::ifstream pid_file(up.data() / "postgres/data/postmaster.pid");
  pid_t server = 0;
  pid_file >> server;
  REQUIRE(server > 0);
  REQUIRE(kill(server, SIGKILL) == 0);
  CHECK(up.process().Wait() == 1);
  CHECK(Contains(up.process().err(), "has ended by itself"));
}

TEST_CASE("a first start that is interrupted leaves no process, and the next start makes up for it") {
  const TemporaryDirectory directory;
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    Process interrupted(UpIn(directory));
    interrupted.WaitForLine("creating");
    WaitUntil("the cluster is being made", [&] { return fs::exists(directory.path() / "var/postgres"); });
    interrupted.Signal(signal);
    CHECK(interrupted.Wait(10s) == (signal == SIGKILL ? -SIGKILL : 0));
    WaitUntil(
        "nothing is left running", [&] { return directory.ProcessesInside().empty(); }, 5s);
  }
  Up up(directory);
  up.WaitForRead(up.Send("first"), 10s);
}
