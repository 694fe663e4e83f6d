#include "Domain/Timestamp.h"
#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "Infrastructure/Telemetry/JsonLog.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace volcanion;
using namespace volcanion::infrastructure;

namespace {

domain::Timestamp At(std::string_view text) { return domain::ParseRfc3339(text).value(); }

class FixedClock final : public application::Clock {
 public:
  domain::Timestamp Now() const override { return At("2026-11-20T10:00:00.123987Z"); }
};

struct LogFixture {
  std::ostringstream out;
  FixedClock clock;
};

/// The settings that a connection string stands for, without those that libpq fills in.
std::map<std::string, std::string> SettingsOf(const std::string& connection_string) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(connection_string.c_str(), nullptr), &PQconninfoFree);
  REQUIRE(parsed != nullptr);
  std::map<std::string, std::string> settings;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings.emplace(option->keyword, option->val);
  }
  return settings;
}

std::map<std::string, std::string> Completed(std::string_view connection_string) {
  const auto completed = CompleteConnectionString(connection_string);
  REQUIRE(completed.ok());
  return SettingsOf(*completed);
}

/// The value of a metric in the text format; nothing when its line is not there.
std::optional<double> ValueOf(const PrometheusMetrics& metrics, const std::string& name_and_labels) {
  std::istringstream lines(metrics.Expose());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name_and_labels + " ")) return std::stod(line.substr(name_and_labels.size() + 1));
  }
  return std::nullopt;
}

std::uint64_t FromBase62(std::string_view digits) {
  static constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 62 + kDigits.find(c);
  return value;
}

std::uint32_t Crc32(std::string_view text) {
  std::uint32_t crc = ~0u;
  for (const unsigned char c : text) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = ((crc ^ (c >> bit)) & 1) != 0;
      crc = (crc >> 1) ^ (carry ? 0xEDB88320u : 0u);
    }
  }
  return ~crc;
}

bool IsBase62(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace

TEST_SUITE("JsonLog") {
  TEST_CASE_FIXTURE(LogFixture, "a line is one JSON object with time, level, message and fields") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, out);
    log.Info("batch committed", {{"batch", std::int64_t{4711}}, {"seconds", 0.25}, {"store", "write"}});
    CHECK(
        out.str() ==
        R"({"ts":"2026-11-20T10:00:00.123Z","level":"info","message":"batch committed","batch":4711,"seconds":0.25,"store":"write"})"
        "\n");
  }

  TEST_CASE_FIXTURE(LogFixture, "each level has its name") {
    JsonLog log(application::Log::Level::kDebug, LogFormat::kJson, clock, out);
    log.Debug("a");
    log.Info("b");
    log.Warning("c");
    log.Error("d");
    CHECK(out.str() ==
          "{\"ts\":\"2026-11-20T10:00:00.123Z\",\"level\":\"debug\",\"message\":\"a\"}\n"
          "{\"ts\":\"2026-11-20T10:00:00.123Z\",\"level\":\"info\",\"message\":\"b\"}\n"
          "{\"ts\":\"2026-11-20T10:00:00.123Z\",\"level\":\"warning\",\"message\":\"c\"}\n"
          "{\"ts\":\"2026-11-20T10:00:00.123Z\",\"level\":\"error\",\"message\":\"d\"}\n");
  }

  TEST_CASE_FIXTURE(LogFixture, "what is less grave than the level is left out") {
    JsonLog log(application::Log::Level::kWarning, LogFormat::kJson, clock, out);
    log.Debug("no");
    log.Info("no");
    CHECK(out.str().empty());
    log.Warning("yes");
    CHECK(out.str().find("\"yes\"") != std::string::npos);
  }

  TEST_CASE_FIXTURE(LogFixture, "whatever stands in a text stays inside its JSON string") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, out);
    using namespace std::string_view_literals;
    log.Info("a \"b\" \\ c\nd\t\r\x01\x7f {} {0} %v"sv, {{"na\"me", "\0x\xc2\x85y ü €"sv}});
    CHECK(out.str() ==
          "{\"ts\":\"2026-11-20T10:00:00.123Z\",\"level\":\"info\",\"message\":"
          "\"a \\\"b\\\" \\\\ c\\nd\\t\\r\\u0001\\u007f {} {0} %v\",\"na\\\"me\":\"\\u0000x\\u0085y ü €\"}\n");
  }

  TEST_CASE_FIXTURE(LogFixture, "bytes that are not UTF-8 are replaced") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, out);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"\xff", "\uFFFD"},
        {"a\xc3", "a\uFFFD"},
        {"\xc0\x80", "\uFFFD\uFFFD"},
        {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
        {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"\xf0\x9f\x8c\x8b", "\U0001F30B"},
    };
    for (const auto& [given, written] : cases) {
      out.str("");
      log.Info(given);
      CHECK(out.str().find("\"message\":\"" + written + "\"}") != std::string::npos);
    }
  }

  TEST_CASE_FIXTURE(LogFixture, "a number that JSON cannot write is null") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, out);
    log.Info("m", {{"a", std::nan("")}, {"b", INFINITY}, {"c", 1e300}});
    CHECK(out.str().find(R"("a":null,"b":null,"c":1e+300})") != std::string::npos);
  }

  TEST_CASE_FIXTURE(LogFixture, "the text format quotes what is not one word") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kText, clock, out);
    log.Warning("slow\nquestion",
                {{"route", "/api/events"}, {"reason", "a b=\"c\""}, {"empty", ""}, {"n", std::int64_t{-1}}});
    CHECK(out.str() ==
          "2026-11-20T10:00:00.123Z WARNING slow\\nquestion route=/api/events reason=\"a b=\\\"c\\\"\" empty=\"\" "
          "n=-1\n");
  }

  TEST_CASE_FIXTURE(LogFixture, "lines of many threads do not mix") {
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, out);
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 100; ++n) log.Info("hello");
        });
      }
    }
    std::istringstream lines(out.str());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      CHECK(line == R"({"ts":"2026-11-20T10:00:00.123Z","level":"info","message":"hello"})");
    }
    CHECK(count == 400);
  }

  TEST_CASE_FIXTURE(LogFixture, "a log that nobody reads stops nobody, and says later how much was dropped") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    JsonLog log(application::Log::Level::kInfo, LogFormat::kText, clock, ends[1]);
    const std::string long_text(1'000, 'x');
    constexpr int kLines = 1'000;  // a megabyte: more than a pipe holds
    for (int i = 0; i < kLines; ++i) log.Info(long_text);
    std::string read(2'000'000, '\0');
    const auto bytes = ::read(ends[0], read.data(), read.size());
    REQUIRE(bytes > 0);
    REQUIRE(bytes < kLines * 1'000);
    log.Info("heard again");
    const auto more = ::read(ends[0], read.data(), read.size());
    REQUIRE(more > 0);
    const std::string heard = read.substr(0, static_cast<std::size_t>(more));
    CHECK(heard.find(" lines of the log were dropped\n") != std::string::npos);
    CHECK(heard.find("heard again\n") != std::string::npos);
    ::close(ends[0]);
    ::close(ends[1]);
  }

  TEST_CASE_FIXTURE(LogFixture, "a line that cannot be written does no harm") {
    struct Broken : std::streambuf {
    } broken;
    std::ostream stream(&broken);
    stream.exceptions(std::ios::badbit | std::ios::failbit);
    JsonLog log(application::Log::Level::kInfo, LogFormat::kJson, clock, stream);
    CHECK_NOTHROW(log.Error("lost"));
  }
}

TEST_SUITE("SodiumSecrets") {
  TEST_CASE("an id is a version 7 UUID that carries the milliseconds of its time") {
    const SodiumSecrets secrets;
    for (const auto* text :
         {"2026-11-20T10:00:00.123987Z", "1970-01-01T00:00:00.000999Z", "9999-12-31T23:59:59.999999Z"}) {
      const auto id = secrets.NewId(At(text));
      const auto millis = std::chrono::floor<std::chrono::milliseconds>(At(text)).time_since_epoch().count();
      CHECK((id.bytes[6] & 0xF0) == 0x70);
      CHECK((id.bytes[8] & 0xC0) == 0x80);
      CHECK(id.UnixMillis() == millis);
    }
  }

  TEST_CASE("an id of a time before 1970 carries 0") {
    const SodiumSecrets secrets;
    CHECK(secrets.NewId(At("1969-12-31T23:59:59.999Z")).UnixMillis() == 0);
  }

  TEST_CASE("ids of one instant differ, whichever thread makes them") {
    const SodiumSecrets secrets;
    std::mutex mutex;
    std::set<std::string> ids;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          std::vector<std::string> own;
          for (int n = 0; n < 1000; ++n) own.push_back(secrets.NewId(At("2026-11-20T10:00:00Z")).ToString());
          const std::lock_guard lock(mutex);
          ids.insert(own.begin(), own.end());
        });
      }
    }
    CHECK(ids.size() == 4000);
  }

  TEST_CASE("an API key has its kind, 43 random characters and a checksum") {
    REQUIRE(Crc32("123456789") == 0xCBF43926);
    const SodiumSecrets secrets;
    std::set<std::string> texts;
    for (int i = 0; i < 200; ++i) {
      const auto key = secrets.NewApiKey(domain::KeyEnvironment::kLive);
      CHECK(key.text.size() == 8 + 43 + 6);
      CHECK(key.text.starts_with("vk_live_"));
      CHECK(IsBase62(std::string_view(key.text).substr(8)));
      CHECK(FromBase62(std::string_view(key.text).substr(51)) == Crc32(std::string_view(key.text).substr(0, 51)));
      CHECK(key.prefix == key.text.substr(0, 14));
      CHECK(key.hash == secrets.Hash(key.text));
      texts.insert(key.text);
    }
    CHECK(texts.size() == 200);
  }

  TEST_CASE("one wrong character of a key is found without a look-up; what is no key of ours is not judged") {
    const SodiumSecrets secrets;
    const auto key = secrets.NewApiKey(domain::KeyEnvironment::kTest).text;
    CHECK(key.starts_with("vk_test_"));
    CHECK(!secrets.IsMistyped(key));
    CHECK(!secrets.IsMistyped(secrets.NewAdminToken().text));
    for (std::size_t i = 8; i < key.size(); ++i) {
      auto mistyped = key;
      mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
      CHECK(secrets.IsMistyped(mistyped));
    }
    CHECK(secrets.IsMistyped(key.substr(0, key.size() - 1)));
    CHECK(secrets.IsMistyped(key + "x"));
    CHECK(secrets.IsMistyped("vk_live_" + key.substr(8)));  // the checksum is of the whole
    CHECK(secrets.IsMistyped("vk_live_"));
    CHECK(!secrets.IsMistyped("key-of-the-shop"));
    CHECK(!secrets.IsMistyped(""));
  }

  TEST_CASE("an admin token is told from an API key by its beginning") {
    const auto token = SodiumSecrets().NewAdminToken();
    CHECK(token.text.starts_with("va_live_"));
    CHECK(token.text.size() == 57);
    CHECK(token.prefix.size() == 14);
  }

  TEST_CASE("the hash is SHA-256") {
    const auto hash = SodiumSecrets().Hash("abc");
    // FIPS 180-4, the example of one block.
    const std::vector<std::uint8_t> expected = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                                0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                                0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    CHECK(std::equal(hash.bytes.begin(), hash.bytes.end(), expected.begin(), expected.end()));
  }
}

TEST_SUITE("connection strings") {
  TEST_CASE("what is left open is filled in") {
    const auto settings = Completed("host=db.example dbname=volcanion user=app");
    CHECK(settings.at("host") == "db.example");
    CHECK(settings.at("dbname") == "volcanion");
    CHECK(settings.at("application_name") == "volcanion");
    CHECK(settings.at("connect_timeout") == "5");
    CHECK(settings.at("tcp_user_timeout") == "15000");
    CHECK(settings.at("target_session_attrs") == "read-write");
    CHECK(settings.at("client_encoding") == "UTF8");
    CHECK(settings.at("options") ==
          "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000");
  }

  TEST_CASE("a URI is read, too") {
    const auto settings = Completed("postgresql://app:p%40ss%20w'ord@db.example:6432/volcanion?sslmode=require");
    CHECK(settings.at("user") == "app");
    CHECK(settings.at("password") == "p@ss w'ord");
    CHECK(settings.at("host") == "db.example");
    CHECK(settings.at("port") == "6432");
    CHECK(settings.at("dbname") == "volcanion");
    CHECK(settings.at("sslmode") == "require");
    CHECK(settings.at("connect_timeout") == "5");
  }

  TEST_CASE("several hosts stay several") {
    const auto settings = Completed("postgresql://app@one.example:5432,two.example:5433/volcanion");
    CHECK(settings.at("host") == "one.example,two.example");
    CHECK(settings.at("port") == "5432,5433");
  }

  TEST_CASE("what the string says wins") {
    const auto settings = Completed(
        "host=a application_name=mine connect_timeout=60 tcp_user_timeout=1 target_session_attrs=any "
        "options='-c statement_timeout=1s'");
    CHECK(settings.at("application_name") == "mine");
    CHECK(settings.at("connect_timeout") == "60");
    CHECK(settings.at("tcp_user_timeout") == "1");
    CHECK(settings.at("target_session_attrs") == "any");
    CHECK(settings.at("options").ends_with("idle_in_transaction_session_timeout=60000 -c statement_timeout=1s"));
  }

  TEST_CASE("values with quotes, spaces and backslashes stay what they are, without one in the result") {
    const auto completed = CompleteConnectionString(R"(host=/tmp/a\ b password='it\'s \\ 100% = "x" & y?' user=ü)");
    REQUIRE(completed.ok());
    CHECK(completed->find_first_of(" '\"\\") == std::string::npos);
    const auto settings = SettingsOf(*completed);
    CHECK(settings.at("password") == R"(it's \ 100% = "x" & y?)");
    CHECK(settings.at("host") == "/tmp/a b");
    CHECK(settings.at("user") == "ü");
  }

  TEST_CASE("a completed string can be completed again") {
    const auto once = CompleteConnectionString("host=a dbname=b");
    REQUIRE(once.ok());
    const auto settings = Completed(*once);
    CHECK(settings.at("host") == "a");
    CHECK(settings.at("connect_timeout") == "5");
  }

  TEST_CASE("a string that cannot be read is refused with libpq's reason") {
    const auto completed = CompleteConnectionString("hots=a");
    REQUIRE(!completed.ok());
    CHECK(completed.error().kind == domain::ErrorKind::kInvalid);
    CHECK(completed.error().message.ends_with("invalid connection option \"hots\""));
  }

  TEST_CASE("a refusal never shows a password") {
    for (const auto* text : {"host=a password=se cret", "postgresql://u:se cret@[a/b", "password='secret"}) {
      const auto completed = CompleteConnectionString(text);
      REQUIRE(!completed.ok());
      CHECK(completed.error().message.find("cret") == std::string::npos);
    }
  }

  TEST_CASE("a NUL byte is refused") {
    using namespace std::string_view_literals;
    CHECK(!CompleteConnectionString("host=a\0 dbname=b"sv).ok());
  }
}

TEST_SUITE("PrometheusMetrics") {
  TEST_CASE("requests are counted by method, route and status, and timed by route") {
    PrometheusMetrics metrics("1.2.3");
    metrics.RequestAnswered("GET", "/api/events/{id}", 200, 0.003);
    metrics.RequestAnswered("GET", "/api/events/{id}", 200, 0.3);
    metrics.RequestAnswered("GET", "/api/events/{id}", 404, 0.003);
    CHECK(ValueOf(metrics, R"(volcanion_http_requests_total{method="GET",route="/api/events/{id}",status="200"})") ==
          2);
    CHECK(ValueOf(metrics, R"(volcanion_http_requests_total{method="GET",route="/api/events/{id}",status="404"})") ==
          1);
    CHECK(ValueOf(metrics, R"(volcanion_http_request_seconds_count{route="/api/events/{id}"})") == 3);
    CHECK(ValueOf(metrics, R"(volcanion_http_request_seconds_bucket{route="/api/events/{id}",le="0.005"})") == 2);
  }

  TEST_CASE("methods that HTTP does not define share one label") {
    PrometheusMetrics metrics("1.2.3");
    metrics.RequestAnswered("BREW", "/", 405, 0.001);
    metrics.RequestAnswered("get", "/", 405, 0.001);
    CHECK(ValueOf(metrics, R"(volcanion_http_requests_total{method="other",route="/",status="405"})") == 2);
  }

  TEST_CASE("routes without end do not make labels without end") {
    PrometheusMetrics metrics("1.2.3");
    for (int i = 0; i < 2000; ++i) metrics.RequestAnswered("GET", "/" + std::to_string(i), 200, 0.001);
    CHECK(ValueOf(metrics, R"(volcanion_http_requests_total{method="GET",route="other",status="200"})") == 1500);
    CHECK(ValueOf(metrics, R"(volcanion_http_requests_total{method="GET",route="/1999",status="200"})") ==
          std::nullopt);
  }

  TEST_CASE("every outcome is there from the start, at zero") {
    PrometheusMetrics metrics("1.2.3");
    for (const auto* outcome : {"valid", "invalid", "duplicate", "conflict", "rejected"}) {
      CHECK(ValueOf(metrics, "volcanion_events_ingested_total{outcome=\"" + std::string(outcome) + "\"}") == 0);
    }
    metrics.EventsIngested("invalid", 7);
    metrics.EventsIngested("surprising", 2);
    CHECK(ValueOf(metrics, R"(volcanion_events_ingested_total{outcome="invalid"})") == 7);
    CHECK(ValueOf(metrics, R"(volcanion_events_ingested_total{outcome="other"})") == 2);
  }

  TEST_CASE("commits and projections are counted, sized and timed") {
    PrometheusMetrics metrics("1.2.3");
    metrics.BatchCommitted(150, 0.002);
    metrics.CommitFailed();
    metrics.QueueDepth(42);
    metrics.BatchesProjected(3, 450, 0.02);
    metrics.BatchSetAside();
    metrics.OutboxMeasured({12, 3.5, 1});
    CHECK(ValueOf(metrics, "volcanion_commit_events_sum") == 150);
    CHECK(ValueOf(metrics, R"(volcanion_commit_events_bucket{le="100"})") == 0);
    CHECK(ValueOf(metrics, R"(volcanion_commit_events_bucket{le="200"})") == 1);
    CHECK(ValueOf(metrics, "volcanion_commit_seconds_count") == 1);
    CHECK(ValueOf(metrics, "volcanion_commit_failures_total") == 1);
    CHECK(ValueOf(metrics, "volcanion_ingest_queue_events") == 42);
    CHECK(ValueOf(metrics, "volcanion_projected_batches_total") == 3);
    CHECK(ValueOf(metrics, "volcanion_projected_events_total") == 450);
    CHECK(ValueOf(metrics, "volcanion_projection_seconds_count") == 1);
    CHECK(ValueOf(metrics, "volcanion_set_aside_total") == 1);
    CHECK(ValueOf(metrics, "volcanion_outbox_pending_batches") == 12);
    CHECK(ValueOf(metrics, "volcanion_outbox_lag_seconds") == doctest::Approx(3.5));
    CHECK(ValueOf(metrics, "volcanion_outbox_set_aside_batches") == 1);
    CHECK(ValueOf(metrics, R"(volcanion_build_info{version="1.2.3"})") == 1);
  }

  TEST_CASE("counts of many threads add up") {
    PrometheusMetrics metrics("1.2.3");
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          for (int n = 0; n < 1000; ++n) metrics.RequestAnswered("GET", "/" + std::to_string((n + i) % 7), 200, 0.001);
        });
      }
    }
    double sum = 0;
    for (int route = 0; route < 7; ++route) {
      sum += ValueOf(metrics, "volcanion_http_requests_total{method=\"GET\",route=\"/" + std::to_string(route) +
                                  "\",status=\"200\"}")
                 .value();
    }
    CHECK(sum == 4000);
  }
}
