#include "Api/Json/JsonSplit.h"
#include "Infrastructure/PostgresServer/PrivateCluster.h"
#include "tests/support/HttpClient.h"
#include "tests/support/Process.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using volcanion::infrastructure::PrivateCluster;
using volcanion::infrastructure::PrivateClusterSettings;
using volcanion::test::HttpClient;
using volcanion::test::Process;
using volcanion::test::RawResponse;
using volcanion::test::Sql;
using volcanion::test::SqlRows;
using volcanion::test::TestDatabase;
using volcanion::test::TestStores;
using Environment = std::map<std::string, std::string>;

Process::Settings Volcanion(std::vector<std::string> arguments, Environment environment = {}, std::string input = {}) {
  return {VOLCANION_BINARY, std::move(arguments), std::move(environment), std::move(input)};
}

struct Ended {
  int status;
  std::string out;
  std::string err;
};

/// Runs a command to its end.
Ended Run(const Process::Settings& settings) {
  Process process(settings);
  const int status = process.Wait(60s);
  return {status, process.out(), process.err()};
}

bool Contains(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }

/// Waits for a state that comes by itself.
void WaitUntil(const std::string& state, const std::function<bool()>& is_there, milliseconds deadline = 30s) {
  const auto end = steady_clock::now() + deadline;
  while (!is_there()) {
    if (steady_clock::now() >= end) throw std::runtime_error("this did not come to be: " + state);
    std::this_thread::sleep_for(5ms);
  }
}

/// The text of a member of a JSON object: decoded when it is a string, as it stands otherwise; empty when there is
/// none.
std::string Member(std::string_view object, std::string_view name) {
  const auto members = volcanion::api::SplitObject(object);
  if (!members) return {};
  for (const auto& member : *members) {
    if (member.name != name) continue;
    const bool is_string = member.value.kind == volcanion::api::JsonKind::kString;
    return is_string ? member.value.string : std::string(member.value.In(object));
  }
  return {};
}

std::vector<std::string> Elements(const std::string& array) {
  std::vector<std::string> texts;
  if (const auto elements = volcanion::api::SplitArray(array)) {
    for (const auto& element : *elements) texts.emplace_back(element.In(array));
  }
  return texts;
}

/// A directory in /tmp, which others may enter as the user that runs PostgreSQL has to. It goes when no process works
/// in it any more.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/volcanion-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    REQUIRE(chmod(name.c_str(), 0755) == 0);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    try {
      WaitUntil("the directory is left", [this] { return ProcessesInside().empty(); });
    } catch (const std::exception&) {
      for (const auto id : ProcessesInside()) kill(id, SIGKILL);
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  /// Those that have their working directory in it, as every process of a PostgreSQL has in its data directory.
  std::vector<pid_t> ProcessesInside() const {
    std::vector<pid_t> ids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto id = std::atoi(entry.path().filename().c_str());
      std::error_code ignored;
      if (id > 0 && fs::read_symlink(entry.path() / "cwd", ignored).string().starts_with(path_.string()))
        ids.push_back(id);
    }
    return ids;
  }

 private:
  fs::path path_;
};

void WriteFile(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

void WriteGzip(const fs::path& file, std::string_view text) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> out(gzopen(file.c_str(), "wb"), &gzclose);
  REQUIRE(gzwrite(out.get(), text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
}

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

/// A port of this machine on which nobody listens.
std::uint16_t UnusedPort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  REQUIRE(bound);
  return ntohs(address.sin_port);
}

std::string Url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

// What a partner needs to send events, and an administrator to read them.
constexpr char kKey[] = "key-of-the-shop";
constexpr char kToken[] = "token-of-the-administrator";
constexpr char kSystem[] = "00000000-0000-7000-8000-000000000002";
constexpr char kAddShop[] = R"sql(
  INSERT INTO write.partners (partner_id, name, created_at)
  VALUES ('00000000-0000-7000-8000-000000000001', 'Shop', now());
  INSERT INTO write.partner_systems (partner_system_id, partner_id, name, invalid_events, created_at)
  VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'Website', 'flag', now());
  INSERT INTO write.api_keys (api_key_id, partner_system_id, name, prefix, key_hash, created_at)
  VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 'key', 'key',
          sha256('key-of-the-shop'), now());
  INSERT INTO write.admin_tokens (token_hash, name, prefix) VALUES (sha256('token-of-the-administrator'), 'admin', 'tok');
  INSERT INTO write.event_structures (structure_id, partner_id, event_name, version, schema, state, created_at)
  VALUES ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-000000000001', 'purchase', 1,
          '{"type":"object","properties":{"amount":{"type":"number","minimum":0}}}', 'active', now());
)sql";

const HttpClient::Headers kAsShop = {{"X-API-Key", kKey}};
const HttpClient::Headers kAsAdministrator = {{"Authorization", std::string("Bearer ") + kToken}};

Environment EnvironmentFor(const std::string& write_dsn, const std::string& read_dsn) {
  return {{"VOLCANION_WRITE_DSN", write_dsn},
          {"VOLCANION_READ_DSN", read_dsn},
          {"VOLCANION_LISTEN", "127.0.0.1:0"},
          {"VOLCANION_ADMIN_LISTEN", "127.0.0.1:0"},
          {"VOLCANION_POLL_INTERVAL_MS", "10"}};
}

/// Two databases, and a shop that sends events.
struct Shop {
  Shop() { Sql(stores.write_dsn(), kAddShop); }

  const std::string& write() const { return stores.write_dsn(); }
  const std::string& read() const { return stores.read_dsn(); }
  std::string Written(const std::string& query) const { return Sql(write(), query); }
  std::string Read(const std::string& query) const { return Sql(read(), query); }
  Environment environment() const { return EnvironmentFor(write(), read()); }

  TestStores stores;
};

/// `volcanion api` or `volcanion sync` on ports of its own.
class Service {
 public:
  Service(const char* command, const Environment& environment) : process_(Volcanion({command}, environment)) {
    const auto line = process_.WaitForLine("\"adminPort\":");
    admin_port_ = PortIn(line, "adminPort");
    port_ = PortIn(line, "port");
  }

  Process& process() { return process_; }
  std::uint16_t port() const { return port_; }
  RawResponse Readiness() const { return HttpClient(admin_port_).Get("/health/ready"); }
  Service& WaitUntilReady() {
    WaitUntil("the service is ready", [this] { return Readiness().status == 200; });
    return *this;
  }

 private:
  static std::uint16_t PortIn(const std::string& line, const char* name) {
    const auto number = Member(line, name);
    return number.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoi(number));
  }

  Process process_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
};

std::unique_ptr<Service> StartApi(const Environment& environment) {
  auto api = std::make_unique<Service>("api", environment);
  api->WaitUntilReady();
  return api;
}

struct SentEvent {
  std::string id;
  std::string properties;  ///< the exact text
  bool is_acknowledged = false;
};

/// Clients that send events with ids of their own, each of them one request after the other, until they are stopped.
/// Every other client sends again what was not acknowledged; every other pair sends batches.
class Load {
 public:
  /// `port` may change while the clients are at work; 0 stands for no server.
  Load(const std::atomic<std::uint16_t>& port, int clients) : port_(port), sent_(static_cast<std::size_t>(clients)) {
    for (int i = 0; i < clients; ++i) {
      clients_.emplace_back([this, i](std::stop_token stop) { Send(stop, i); });
    }
  }

  std::size_t acknowledged() const { return acknowledged_; }
  /// Waits for more events to be acknowledged.
  void WaitForMore(std::size_t events) const {
    WaitUntil("more events are acknowledged",
              [this, goal = acknowledged() + events] { return acknowledged() >= goal; });
  }

  void Stop() {
    for (auto& client : clients_) client.request_stop();
    clients_.clear();
  }

  // From here on for when it has been stopped.

  std::vector<SentEvent> sent() const {
    std::vector<SentEvent> all;
    for (const auto& events : sent_) all.insert(all.end(), events.begin(), events.end());
    return all;
  }
  int half_answers() const { return half_answers_; }
  /// Answers that no client should have got.
  const std::vector<std::string>& strange_answers() const { return strange_answers_; }

 private:
  void Send(std::stop_token stop, int client) {
    const bool is_persistent = client % 2 == 1;
    const std::size_t events = client % 4 >= 2 ? 10 : 1;
    std::optional<HttpClient> connection;
    std::uint16_t connected_to = 0;
    auto& sent = sent_[static_cast<std::size_t>(client)];
    while (!stop.stop_requested()) {
      const auto first = sent.size();
      std::string body;
      for (std::size_t i = 0; i < events; ++i) body += NewEvent(sent, client) + "\n";
      bool is_first_attempt = true;
      do {
        if (const std::uint16_t port = port_; !connection || port != connected_to) {
          connection.emplace(port, volcanion::test::RawClient::Options{.timeout = 15s});
          connected_to = port;
        }
        if (!Post(*connection, body, events, sent, first, is_first_attempt)) std::this_thread::sleep_for(2ms);
        is_first_attempt = false;
      } while (is_persistent && !sent.back().is_acknowledged && !stop.stop_requested());
    }
  }

  static std::string NewEvent(std::vector<SentEvent>& sent, int client) {
    const auto number = std::to_string(sent.size());
    SentEvent event{
        std::to_string(client) + "-" + number,
        R"({ "n": )" + number + R"(,"text":"\u0000 \ud800 \u00e9 é","huge":1e131071, "n":-)" + number + " }"};
    auto json = R"({"eventId":")" + event.id + R"(","eventName":"purchase","properties":)" + event.properties + "}";
    sent.push_back(std::move(event));
    return json;
  }

  /// False when it is worth a pause before the next request.
  bool Post(HttpClient& connection, const std::string& body, std::size_t events, std::vector<SentEvent>& sent,
            std::size_t first, bool is_first_attempt) {
    RawResponse answer;
    try {
      auto headers = kAsShop;
      if (events > 1) headers.emplace_back("Content-Type", "application/x-ndjson");
      answer = connection.Post(events > 1 ? "/api/events/ingest/batch" : "/api/events/ingest", body, headers);
    } catch (const std::runtime_error& error) {
      if (connection.answer_has_begun()) ++half_answers_;
      if (Contains(error.what(), "timed out")) NoteStrange(error.what());  // every request is answered, or cut off
      return false;
    }
    if (answer.status == 503) return false;
    const auto results = events > 1 ? Elements(Member(answer.body, "results")) : std::vector{answer.body};
    if (answer.status != 202 || results.size() != events)
      return NoteStrange(std::to_string(answer.status) + " " + answer.body), false;
    for (std::size_t i = 0; i < events; ++i) {
      const auto status = Member(results[i], "status");
      const bool is_expected = status == "stored" || (status == "duplicate" && !is_first_attempt);
      if (!is_expected || Member(results[i], "eventId") != sent[first + i].id)
        return NoteStrange(std::to_string(answer.status) + " " + answer.body), false;
      sent[first + i].is_acknowledged = true;
      ++acknowledged_;
    }
    return true;
  }

  void NoteStrange(std::string answer) {
    const std::lock_guard lock(mutex_);
    strange_answers_.push_back(std::move(answer));
  }

  const std::atomic<std::uint16_t>& port_;
  std::vector<std::vector<SentEvent>> sent_;  // each client has its own
  std::atomic<std::size_t> acknowledged_ = 0;
  std::atomic<int> half_answers_ = 0;
  std::mutex mutex_;
  std::vector<std::string> strange_answers_;  // guarded by mutex_
  std::vector<std::jthread> clients_;         // last: they stop before the rest goes
};

/// A process that was killed is gone at once, its sessions a little later: one of them may be in a COMMIT.
void WaitForSessionsToEnd(const std::string& dsn) {
  WaitUntil("the sessions of the database have ended", [&] {
    return Sql(dsn,
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
               "AND backend_type = 'client backend' AND pid <> pg_backend_pid()") == "0";
  });
}

struct Stored {
  int missing = 0;  ///< acknowledged and not there
  int unknown = 0;  ///< never sent
  int repeated = 0;
  int altered = 0;
  int unacknowledged = 0;
};

Stored CompareWithStore(const std::vector<SentEvent>& sent, const std::string& write_dsn) {
  std::map<std::string, std::vector<std::string>> rows;
  for (auto& row : SqlRows(write_dsn, "SELECT event_id, properties::text FROM write.tracking_events")) {
    rows[*row[0]].push_back(*row[1]);
  }
  Stored stored;
  for (const auto& event : sent) {
    const auto found = rows.extract(event.id);
    if (found.empty()) {
      stored.missing += event.is_acknowledged ? 1 : 0;
      continue;
    }
    stored.unacknowledged += event.is_acknowledged ? 0 : 1;
    stored.repeated += found.mapped().size() > 1 ? 1 : 0;
    stored.altered += found.mapped().front() != event.properties ? 1 : 0;
  }
  stored.unknown = static_cast<int>(rows.size());
  return stored;
}

/// The tables that are written together agree with each other.
void CheckLedger(const Shop& shop) {
  const auto events = shop.Written("SELECT count(*) FROM write.tracking_events");
  CHECK(shop.Written("SELECT sum(event_count) FROM write.batches") == events);
  CHECK(shop.Written(
            "SELECT count(*) FROM write.event_keys JOIN write.tracking_events USING (batch_id, ordinal, event_id)") ==
        events);
  CHECK(shop.Written("SELECT count(*) FROM write.event_keys") == events);
  CHECK(shop.Written("SELECT count(DISTINCT batch_id) FROM write.tracking_events") ==
        shop.Written("SELECT count(*) FROM write.batches"));
}

void CheckEverythingAcknowledgedIsStored(const Load& load, const Shop& shop) {
  const auto stored = CompareWithStore(load.sent(), shop.write());
  CHECK(stored.missing == 0);
  CHECK(stored.unknown == 0);
  CHECK(stored.repeated == 0);
  CHECK(stored.altered == 0);
  CHECK(load.strange_answers().empty());
  if (!load.strange_answers().empty()) MESSAGE(load.strange_answers().front());
  CheckLedger(shop);
}

/// 64 clients on two API processes that post at the same moment, round after round.
class Crowd {
 public:
  static constexpr int kClients = 64;
  using Answers = std::vector<RawResponse>;

  /// `body_of(round, client)`; the answers by round and client.
  static std::vector<Answers> Post(std::array<std::uint16_t, 2> ports, int rounds,
                                   const std::function<std::string(int, int)>& body_of) {
    std::vector<Answers> answers(static_cast<std::size_t>(rounds), Answers(kClients));
    std::barrier together(kClients);
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        HttpClient connection(ports[static_cast<std::size_t>(client % 2)], {.timeout = 20s});
        for (int round = 0; round < rounds; ++round) {
          const auto body = body_of(round, client);
          together.arrive_and_wait();
          auto& answer = answers[static_cast<std::size_t>(round)][static_cast<std::size_t>(client)];
          try {
            answer = connection.Post("/api/events/ingest", body, kAsShop);
          } catch (const std::runtime_error& error) {
            answer.body = error.what();  // the status stays 0
          }
        }
      });
    }
    clients.clear();
    return answers;
  }
};

}  // namespace

TEST_CASE(
    "an event that 64 clients send at once through two processes is stored once, and all of them are told the same") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  constexpr int kRounds = 10;
  const auto rounds = Crowd::Post({one->port(), other->port()}, kRounds, [](int round, int) {
    return R"({"eventId":"same-)" + std::to_string(round) + R"(","eventName":"purchase","properties":{"amount":-1}})";
  });
  for (const auto& answers : rounds) {
    std::set<std::string> verdicts;
    int stored = 0, duplicates = 0;
    for (const auto& answer : answers) {
      CHECK(answer.status == 202);
      const auto status = Member(answer.body, "status");
      stored += status == "stored" ? 1 : 0;
      duplicates += status == "duplicate" ? 1 : 0;
      CHECK(Member(answer.body, "isValid") == "false");
      verdicts.insert(Member(answer.body, "position") + " " + Member(answer.body, "schemaVersion") + " " +
                      Member(answer.body, "validationErrors"));
    }
    CHECK(stored == 1);
    CHECK(duplicates == Crowd::kClients - 1);
    CHECK(verdicts.size() == 1);
    CHECK(Contains(*verdicts.begin(), "/amount"));
  }
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == std::to_string(kRounds));
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") == "0");
  CheckLedger(shop);
}

TEST_CASE(
    "of 64 contents that are sent at once under one id through two processes, one is stored and the others conflict") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  constexpr int kRounds = 10;
  const auto rounds = Crowd::Post({one->port(), other->port()}, kRounds, [](int round, int client) {
    return R"({"eventId":"same-)" + std::to_string(round) + R"(","eventName":"purchase","properties":{"amount":)" +
           std::to_string(client) + "}}";
  });
  for (int round = 0; round < kRounds; ++round) {
    int stored = 0, conflicts = 0, winner = -1;
    for (int client = 0; client < Crowd::kClients; ++client) {
      const auto& answer = rounds[static_cast<std::size_t>(round)][static_cast<std::size_t>(client)];
      if (answer.status == 202 && Member(answer.body, "status") == "stored") {
        ++stored;
        winner = client;
      }
      conflicts += answer.status == 409 ? 1 : 0;
    }
    CHECK(stored == 1);
    CHECK(conflicts == Crowd::kClients - 1);
    CHECK(shop.Written("SELECT properties::text FROM write.tracking_events WHERE event_id = 'same-" +
                       std::to_string(round) + "'") == R"({"amount":)" + std::to_string(winner) + "}");
  }
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == std::to_string(kRounds));
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") ==
        std::to_string(kRounds * (Crowd::kClients - 1)));
  CheckLedger(shop);
}

TEST_CASE("what an API process acknowledged before kill -9 is stored, once and unaltered") {
  const Shop shop;
  std::atomic<std::uint16_t> port = 0;
  std::unique_ptr<Service> api;
  Load load(port, 8);
  for (int round = 0; round < 20; ++round) {
    api = StartApi(shop.environment());
    port = api->port();
    load.WaitForMore(1'000);
    api->process().Kill();
  }
  load.Stop();
  WaitForSessionsToEnd(shop.write());
  CheckEverythingAcknowledgedIsStored(load, shop);
}

TEST_CASE("SIGTERM under load ends an API process with status 0 after it has answered everything that it has stored") {
  const Shop shop;
  std::atomic<std::uint16_t> port = 0;
  std::unique_ptr<Service> api;
  Load load(port, 8);
  for (int round = 0; round < 20; ++round) {
    api = StartApi(shop.environment());
    port = api->port();
    load.WaitForMore(500);
    api->process().Signal(SIGTERM);
    CHECK(api->process().Wait(15s) == 0);
  }
  load.Stop();
  CHECK(load.half_answers() == 0);
  CheckEverythingAcknowledgedIsStored(load, shop);
  CHECK(CompareWithStore(load.sent(), shop.write()).unacknowledged == 0);
}

TEST_CASE("when PostgreSQL crashes under load API and sync go on by themselves, and what was acknowledged is stored") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  Service sync("sync", shop.environment());
  std::atomic<std::uint16_t> port = api->port();
  Load load(port, 8);
  const auto ask = [&](const std::string& query) -> std::string {
    try {
      return shop.Written(query);
    } catch (const std::runtime_error&) {
      return "";  // it is recovering
    }
  };
  for (int round = 0; round < 10; ++round) {
    load.WaitForMore(1'000);
    // The end of one of its processes by a signal is a crash of the whole server, which ends every session and
    // recovers.
    std::string session;
    WaitUntil("there is a session", [&] {
      session =
          ask("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
              "AND pid <> pg_backend_pid() ORDER BY xact_start NULLS LAST LIMIT 1");
      return session != "";
    });
    REQUIRE(kill(std::stoi(session), SIGKILL) == 0);
    WaitUntil("the crash is over",
              [&] { return ask("SELECT count(*) FROM pg_stat_activity WHERE pid = " + session) == "0"; });
  }
  load.WaitForMore(1'000);
  load.Stop();
  CHECK(api->process().IsRunning());
  CheckEverythingAcknowledgedIsStored(load, shop);
  WaitUntil("the outbox is empty", [&] { return shop.Written("SELECT count(*) FROM write.outbox") == "0"; });
  CHECK(shop.Read("SELECT count(*) FROM read.tracking_events_read_model") ==
        shop.Written("SELECT count(*) FROM write.tracking_events"));
}

TEST_CASE("every event reaches the read store once, however often two sync processes are killed") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  std::atomic<std::uint16_t> port = api->port();
  Load load(port, 4);
  std::array<std::unique_ptr<Service>, 2> syncs;
  const auto projected = [&] { return std::stoll(shop.Read("SELECT count(*) FROM read.projected_batches")); };
  for (std::size_t round = 0; round < 60; ++round) {
    for (auto& sync : syncs) {
      if (!sync) sync = std::make_unique<Service>("sync", shop.environment());
    }
    WaitUntil("more batches are projected", [&, goal = projected() + 20] { return projected() >= goal; });
    syncs[round % 2].reset();
    if (round % 5 == 0) syncs[1].reset();
  }
  load.Stop();
  CHECK(load.strange_answers().empty());
  for (auto& sync : syncs) sync = std::make_unique<Service>("sync", shop.environment());
  WaitUntil("the outbox is empty", [&] { return shop.Written("SELECT count(*) FROM write.outbox") == "0"; });

  const auto same_in_both = [&](const std::string& write_query, const std::string& read_query) {
    const auto written = shop.Written(write_query);
    CHECK(written != "");
    CHECK(shop.Read(read_query) == written);
  };
  const std::string digest_of_events =
      "SELECT count(*) || ' ' || md5(string_agg(concat_ws('|', tracking_event_id, partner_system_id, event_id, "
      "event_name, "
      "event_timestamp, is_valid, properties::text, batch_id), E'\\n' ORDER BY tracking_event_id)) FROM ";
  same_in_both(digest_of_events + "write.tracking_events", digest_of_events + "read.tracking_events_read_model");
  const std::string digest_of_batches =
      "SELECT count(*) || ' ' || md5(string_agg(batch_id || ':' || event_count, ',' ORDER BY batch_id)) FROM ";
  same_in_both(digest_of_batches + "write.batches", digest_of_batches + "read.projected_batches");
  const std::string digest_of_counts =
      "SELECT string_agg(concat_ws('|', partner_system_id, hour, event_name, is_valid, events), E'\\n' ORDER BY "
      "partner_system_id, hour, event_name, is_valid) FROM ";
  same_in_both(digest_of_counts +
                   "(SELECT partner_system_id, date_trunc('hour', event_timestamp) AS hour, event_name, "
                   "is_valid, count(*) AS events FROM write.tracking_events GROUP BY 1, 2, 3, 4) AS counted",
               digest_of_counts + "read.event_counts");
  CHECK(shop.Written("SELECT count(*) FROM write.set_aside_batches") == "0");
  WaitUntil("the read store is as fresh as can be", [&] {
    return shop.Read("SELECT position FROM read.freshness") == shop.Written("SELECT max(batch_id) FROM write.batches");
  });
  for (auto& sync : syncs) {
    sync->process().Signal(SIGTERM);
    CHECK(sync->process().Wait() == 0);
  }
}

// ---- volcanion up

namespace {

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
                           "VOLCANION_ADMIN_TOKEN"}) {
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
  for (const int signal : {SIGINT, SIGKILL}) {
    Process interrupted(UpIn(directory));
    interrupted.WaitForLine("creating");
    WaitUntil("the cluster is being made", [&] { return fs::exists(directory.path() / "var/postgres"); });
    interrupted.Signal(signal);
    interrupted.Wait(10s);
    WaitUntil(
        "nothing is left running", [&] { return directory.ProcessesInside().empty(); }, 5s);
  }
  Up up(directory);
  up.WaitForRead(up.Send("first"), 10s);
}

// ---- configuration

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
  CHECK(Run(Volcanion({})).status != 0);
  CHECK(Run(Volcanion({"erupt"})).status != 0);
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

// ---- volcanion ingest

namespace {

Ended Ingest(std::uint16_t port, std::vector<std::string> arguments, std::string input = {}) {
  arguments.insert(arguments.begin(), "ingest");
  return Run(
      Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(port)}, {"VOLCANION_API_KEY", kKey}}, std::move(input)));
}

std::string Summary(int stored, int flagged, int duplicates, int rejected) {
  return "stored      " + std::to_string(stored) + "\n  flagged   " + std::to_string(flagged) + "\nduplicates  " +
         std::to_string(duplicates) + "\nrejected    " + std::to_string(rejected) + "\n";
}

}  // namespace

TEST_CASE("ingest sends plain and compressed files and standard input, and gives ids to the events that have none") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const TemporaryDirectory directory;
  const auto plain = directory.path() / "events.ndjson";
  const auto packed = directory.path() / "events.ndjson.gz";
  const std::string with_ids =
      "{\"eventId\":\"a\",\"eventName\":\"purchase\",\"properties\":{\"amount\":1}}\r\n\n"
      "{\"eventId\":\"b\",\"eventName\":\"purchase\",\"properties\":{\"amount\":-1}}";
  const std::string without_ids = R"( {"eventName":"purchase","properties":{"amount":1}})"
                                  "\n"
                                  R"({"properties":{"eventId":"inside"},"eventName":"purchase"})"
                                  "\n";
  WriteFile(plain, with_ids);
  WriteGzip(packed, without_ids);

  auto sent = Ingest(api->port(), {plain.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(2, 1, 0, 0));
  sent = Ingest(api->port(), {plain.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  sent = Ingest(api->port(), {"--batch", "1", "-"}, with_ids);
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  sent = Ingest(api->port(), {packed.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(2, 0, 0, 0));
  sent = Ingest(api->port(), {packed.string()});  // the same file: the same ids
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events WHERE length(event_id) = 36") == "2");
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == "4");
}

TEST_CASE("ingest counts lines that are no events as rejected, sends the others, and ends with status 1") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const auto sent = Ingest(api->port(), {"-"},
                           "{\"eventId\":\"a\",\"eventName\":\"purchase\"}\n"
                           "{\"eventId\":\"b\",\"eventName\n"
                           "[]\n"
                           "{\"eventId\":\"c\"}\n"
                           "{\"eventId\":\"a\",\"eventName\":\"purchase\",\"properties\":{\"other\":1}}\n"
                           "{\"eventId\":\"d\",\"eventName\":\"purchase\"}\n");
  CHECK(sent.status == 1);
  CHECK(sent.out.starts_with(Summary(2, 0, 0, 4)));
  CHECK(Contains(sent.out, "a: another content is stored under this id"));
  CHECK(shop.Written("SELECT string_agg(event_id, ',' ORDER BY event_id) FROM write.tracking_events") == "a,d");
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") == "4");
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads WHERE body = convert_to('[]', 'UTF8')") == "1");
}

TEST_CASE("ingest tries a server that is not there again, and then reports it") {
  const auto sent = Ingest(UnusedPort(), {"--attempts", "2", "-"}, "{\"eventName\":\"purchase\"}\n");
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "attempt 1: "));
  CHECK_FALSE(Contains(sent.err, "attempt 2: "));
  CHECK(Contains(sent.err, "the batch from line 1 was not taken"));
  CHECK(Contains(sent.out, "not all of the file was sent"));
}

TEST_CASE("ingest reports a key that is not known, a missing key and a missing file") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const Environment stranger = {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_API_KEY", "unknown"}};
  auto sent = Run(Volcanion({"ingest", "-"}, stranger, "{\"eventName\":\"purchase\"}\n"));
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "401"));
  CHECK_FALSE(Contains(sent.err, "trying again"));
  sent = Run(Volcanion({"ingest", "-"}, {{"VOLCANION_URL", Url(api->port())}}, "{}\n"));
  CHECK(sent.status == 2);
  CHECK(Contains(sent.err, "VOLCANION_API_KEY"));
  sent = Ingest(api->port(), {"/no/such/file.ndjson"});
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "/no/such/file.ndjson cannot be opened"));
}

TEST_CASE("ingest reports a compressed file that ends too early, or is damaged") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const TemporaryDirectory directory;
  const auto file = directory.path() / "events.ndjson.gz";
  std::string lines;
  for (int i = 0; i < 2'000; ++i)
    lines += R"({"eventId":")" + std::to_string(i) + R"(","eventName":"purchase"})" + "\n";
  WriteGzip(file, lines);
  std::ifstream stream(file, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(stream), {}};

  SUBCASE("only the checksum is missing") { WriteFile(file, packed.substr(0, packed.size() - 8)); }
  SUBCASE("the second half is missing") { WriteFile(file, packed.substr(0, packed.size() / 2)); }
  SUBCASE("a byte is wrong") {
    auto damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(~damaged[packed.size() / 2]);
    WriteFile(file, damaged);
  }
  const auto sent = Ingest(api->port(), {file.string()});
  CHECK(sent.status == 1);
  CHECK_MESSAGE(Contains(sent.err, "damaged"), sent.err);
}

TEST_CASE("ingest outlives a server that is killed in between: every line is stored once, even without ids") {
  const Shop shop;
  const TemporaryDirectory directory;
  constexpr int kLines = 20'000;
  const auto file = directory.path() / "events.ndjson";
  std::string lines;
  for (int i = 0; i < kLines; ++i)
    lines += R"({"eventName":"purchase","properties":{"n":)" + std::to_string(i) + "}}\n";
  WriteFile(file, lines);
  auto api = StartApi(shop.environment());
  auto environment = shop.environment();
  environment["VOLCANION_LISTEN"] = "127.0.0.1:" + std::to_string(api->port());
  Process loader(Volcanion({"ingest", "--batch", "50", file.string()},
                           {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_API_KEY", kKey}}));
  for (int round = 1; round <= 2; ++round) {
    WaitUntil("more is stored", [&, goal = round * kLines / 10] {
      return std::stoi(shop.Written("SELECT count(*) FROM write.tracking_events")) >= goal;
    });
    api.reset();
    api = StartApi(environment);
  }
  CHECK(loader.Wait(60s) == 0);
  CHECK(Contains(loader.err(), "trying again"));
  CHECK(shop.Written("SELECT count(*) || ' ' || count(DISTINCT properties->>'n') FROM write.tracking_events") ==
        std::to_string(kLines) + " " + std::to_string(kLines));
}

// ---- PostgreSQL comes and goes

TEST_CASE("an API process starts without PostgreSQL, refuses for the time being, and serves once it is there") {
  const TemporaryDirectory directory;
  PrivateClusterSettings settings;
  settings.directory = directory.path();
  settings.shared_buffers_mb = 32;
  PrivateCluster cluster(std::move(settings));
  cluster.Start();
  cluster.CreateDatabaseIfMissing("one");
  cluster.CreateDatabaseIfMissing("two");
  auto environment = EnvironmentFor(cluster.ConnectionString("one"), cluster.ConnectionString("two"));
  environment["VOLCANION_MAX_COMMIT_WAIT_MS"] = "300";
  REQUIRE(Run(Volcanion({"migrate"}, environment)).status == 0);
  Sql(cluster.ConnectionString("one"), kAddShop);
  cluster.Stop();

  Service api("api", environment);
  Service sync("sync", environment);
  HttpClient client(api.port(), {.timeout = 20s});
  const auto path = std::string("/api/events/partner-system/") + kSystem;
  int number = 0;
  const auto send = [&] {
    return client.Post("/api/events/ingest",
                       R"({"eventId":")" + std::to_string(++number) + R"(","eventName":"purchase"})", kAsShop);
  };
  const auto expect_refusal = [](const RawResponse& answer) {
    CHECK_MESSAGE(answer.status == 503, answer.body);
    CHECK(answer.Header("Retry-After").has_value());
    CHECK(answer.Header("Content-Type").value_or("") == "application/problem+json");
  };
  const auto expect_away = [&] {
    CHECK(api.Readiness().status == 503);
    CHECK(Contains(api.Readiness().body, "\"writeStore\":{\"status\":\"down\""));
    for (int i = 0; i < 5; ++i) {
      expect_refusal(send());
      expect_refusal(client.Get(path, kAsAdministrator));
    }
    CHECK(api.process().IsRunning());
    CHECK(sync.process().IsRunning());
  };
  const auto expect_service = [&] {
    std::set<int> statuses;
    WaitUntil(
        "events are taken", [&] { return *statuses.insert(send().status).first == 202; }, 5s);
    statuses.erase(202);
    CHECK((statuses.empty() || statuses == std::set{503}));
    WaitUntil(
        "the event can be read",
        [&] {
          return Contains(client.Get(path, kAsAdministrator).body, "\"eventId\":\"" + std::to_string(number) + "\"");
        },
        5s);
    WaitUntil(
        "the API is ready", [&] { return api.Readiness().status == 200; }, 5s);
    WaitUntil(
        "sync is ready", [&] { return sync.Readiness().status == 200; }, 5s);
  };

  expect_away();
  cluster.Start();
  expect_service();
  cluster.Stop();
  expect_away();
  cluster.Start();
  expect_service();
}
