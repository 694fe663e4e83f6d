#include "Infrastructure/Redis/RedisCache.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "tests/integration/ApiFixture.h"
#include "tests/integration/cache/CacheContract.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/RedisServer.h"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

using namespace volcanion;
using namespace volcanion::infrastructure;
using test::Has;
using test::RedisServer;

namespace {

constexpr std::chrono::seconds kLong{600};
constexpr int kMaxFailures = 3;

/// A cache in a Redis that is patient, and tries again at once after a failure, unless a case says otherwise.
struct CacheUnderTest {
  explicit CacheUnderTest(const std::string& url, std::chrono::milliseconds pause = std::chrono::milliseconds(0),
                          std::chrono::milliseconds patience = std::chrono::seconds(30))
      : cache({.address = RedisAddress::Parse(url).value(),
               .patience = patience,
               .max_failures = kMaxFailures,
               .pause = pause},
              metrics, log) {}

  int ValueOf(const std::string& metric) const {
    const auto all = metrics.Expose();
    const auto at = all.find("\n" + metric + " ");
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + metric.size() + 2));
  }
  int failures() const { return ValueOf("volcanion_cache_failures_total"); }
  bool is_open() const { return ValueOf("volcanion_cache_breaker_open") == 1; }

  PrometheusMetrics metrics{"test"};
  test::RecordedLog log;
  RedisCache cache;
};

/// Answers every client with the same bytes, whatever it says.
class Babbler {
 public:
  explicit Babbler(std::string bytes) : bytes_(std::move(bytes)) {
    auto pattern = (std::filesystem::temp_directory_path() / "volcanion-babbler-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listening_, 16) == 0);
    thread_ = std::jthread([this] {
      while (true) {
        const int client = ::accept(listening_, nullptr, nullptr);
        if (client < 0) return;
        char ignored = 0;
        (void)::recv(client, &ignored, 1, 0);
        (void)::send(client, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
        ::close(client);
      }
    });
  }
  ~Babbler() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return (folder_ / "babbler.sock").string(); }
  std::string url() const { return "unix:" + path(); }

 private:
  const std::string bytes_;
  std::filesystem::path folder_;
  int listening_ = -1;
  std::jthread thread_;
};

}  // namespace

TEST_SUITE("RedisCache") {
  TEST_CASE("it keeps to the contract of caches") {
    RedisServer redis;
    CacheUnderTest under_test(redis.url());
    test::CheckCacheContract(under_test.cache);
    CHECK(under_test.failures() == 0);
  }

  TEST_CASE("several processes share it, and entries have an end") {
    RedisServer redis;
    CacheUnderTest one(redis.url()), other(redis.url());
    one.cache.Put("key", "value", kLong);
    CHECK(other.cache.Get("key") == "value");
    CHECK(redis.Say("TTL volcanion:1:key").starts_with(":"));
    CHECK(redis.Say("TTL volcanion:1:key") != ":-1");
  }

  TEST_CASE("a password and a database are used") {
    RedisServer redis({"--requirepass", "s3cret"});
    auto address = RedisAddress::Parse(redis.url()).value();
    CacheUnderTest without(redis.url());
    without.cache.Put("key", "value", kLong);
    for (int i = 0; i < kMaxFailures; ++i) CHECK_FALSE(without.cache.Get("key"));
    CHECK(without.is_open());
    address.password = "s3cret";
    address.database = 3;
    RedisCache with({.address = address, .patience = std::chrono::seconds(30)}, without.metrics, without.log);
    with.Put("key", "value", kLong);
    CHECK(with.Get("key") == "value");
  }

  TEST_CASE("addresses are read, and what is none is refused") {
    const auto full = RedisAddress::Parse("redis://:p@ss@cache.example:6380/2");
    REQUIRE(full.has_value());
    CHECK(full->host == "cache.example");
    CHECK(full->port == 6380);
    CHECK(full->password == "p@ss");
    CHECK(full->database == 2);
    CHECK(RedisAddress::Parse("redis://127.0.0.1")->port == 6379);
    CHECK(RedisAddress::Parse("unix:/run/redis.sock")->socket_path == "/run/redis.sock");
    for (const auto* wrong : {"", "127.0.0.1", "redis://", "redis://h:x", "redis://h:0", "redis://h:70000",
                              "redis://h/x", "redis://user@h", "http://h", "unix:"}) {
      CAPTURE(wrong);
      CHECK_FALSE(RedisAddress::Parse(wrong).has_value());
    }
  }

  TEST_CASE("one that is away costs a few attempts, and is used again when it is back, empty") {
    RedisServer redis;
    CacheUnderTest patient(redis.url()), waits(redis.url(), std::chrono::hours(1));
    for (auto* under_test : {&patient, &waits}) under_test->cache.Put("key", "value", kLong);
    redis.Kill();
    for (int i = 0; i < 100; ++i) {
      CHECK_FALSE(waits.cache.Get("key"));
      waits.cache.Put("key", "value", kLong);
    }
    CHECK(waits.failures() == kMaxFailures);
    CHECK(waits.is_open());
    CHECK(waits.log.Count("the cache cannot be used") == 1);
    for (int i = 0; i < kMaxFailures; ++i) CHECK_FALSE(patient.cache.Get("key"));
    CHECK(patient.is_open());

    redis.Start();
    CHECK_FALSE(patient.cache.Get("key"));
    CHECK_FALSE(patient.is_open());
    CHECK(patient.log.Count("the cache is of use again") == 1);
    patient.cache.Put("key", "newer", kLong);
    CHECK(patient.cache.Get("key") == "newer");
    CHECK_FALSE(waits.cache.Get("key"));  // its breaker is open still
  }

  TEST_CASE("failures that are not one after the other leave it in use") {
    RedisServer redis;
    CacheUnderTest under_test(redis.url(), std::chrono::hours(1));
    under_test.cache.Put("key", "value", kLong);
    for (int i = 0; i < 2 * kMaxFailures; ++i) {
      redis.Kill();
      for (int j = 1; j < kMaxFailures; ++j) CHECK_FALSE(under_test.cache.Get("key"));
      CHECK_FALSE(under_test.is_open());
      redis.Start();
      under_test.cache.Put("key", "value", kLong);
      CHECK(under_test.cache.Get("key") == "value");
    }
    CHECK(under_test.failures() == 2 * kMaxFailures * (kMaxFailures - 1));
    CHECK(under_test.log.Count("the cache cannot be used") == 0);
  }

  TEST_CASE("one that does not answer costs a few attempts") {
    RedisServer redis;
    CacheUnderTest under_test(redis.url(), std::chrono::hours(1), std::chrono::milliseconds(50));
    redis.Signal(SIGSTOP);
    for (int i = 0; i < 1'000; ++i) CHECK_FALSE(under_test.cache.Get("key"));
    CHECK(under_test.failures() == kMaxFailures);
    CHECK(under_test.is_open());
    redis.Signal(SIGCONT);
  }

  TEST_CASE("a late answer is not taken for that of another key") {
    RedisServer redis;
    CacheUnderTest writer(redis.url());
    writer.cache.Put("a", "of a", kLong);
    writer.cache.Put("b", "of b", kLong);
    CacheUnderTest hasty(redis.url(), std::chrono::milliseconds(0), std::chrono::milliseconds(20));
    redis.Signal(SIGSTOP);
    CHECK_FALSE(hasty.cache.Get("a"));
    redis.Signal(SIGCONT);
    for (int i = 0; i < 20; ++i) {
      const auto found = hasty.cache.Get("b");
      CHECK((!found || *found == "of b"));
    }
  }

  TEST_CASE("one that is full is still read from") {
    RedisServer redis({"--maxmemory", "3mb", "--maxmemory-policy", "noeviction"});
    CacheUnderTest under_test(redis.url());
    under_test.cache.Put("first", "value", kLong);
    for (int i = 0; i < 20; ++i) under_test.cache.Put("large " + std::to_string(i), std::string(500'000, 'x'), kLong);
    CHECK(under_test.failures() > 0);
    CHECK_FALSE(under_test.is_open());
    CHECK(under_test.cache.Get("first") == "value");
    CHECK_FALSE(under_test.cache.Get("large 19"));
  }

  TEST_CASE("a value that is not as it was put is not there") {
    RedisServer redis;
    CacheUnderTest under_test(redis.url());
    under_test.cache.Put("key", "value", kLong);
    CHECK(redis.Say("APPEND volcanion:1:key x") == ":14");
    CHECK_FALSE(under_test.cache.Get("key"));
    under_test.cache.Put("key", "value", kLong);
    CHECK(redis.Say("COPY volcanion:1:key volcanion:1:other") == ":1");
    CHECK_FALSE(under_test.cache.Get("other"));
    CHECK(redis.Say("SET volcanion:1:short x") == "+OK");
    CHECK_FALSE(under_test.cache.Get("short"));
    CHECK(redis.Say("LPUSH volcanion:1:list x") == ":1");
    CHECK_FALSE(under_test.cache.Get("list"));
    CHECK(under_test.cache.Get("key") == "value");
  }

  TEST_CASE("what is no Redis gives nothing") {
    for (const auto* bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n", "", "$-1", "$99999999999999999999\r\n",
                              "*3\r\n:1\r\n", "$5\r\nhello\r\n", "+OK\r\n", "-ERR no\r\n", "\xff\xfe\r\n"}) {
      CAPTURE(bytes);
      Babbler babbler(bytes);
      CacheUnderTest under_test(babbler.url());
      CHECK_FALSE(under_test.cache.Get("key"));
      under_test.cache.Put("key", "value", kLong);
      CHECK(under_test.failures() > 0);
    }
  }
}

TEST_SUITE("answers kept in a Redis") {
  TEST_CASE("processes share them, and go on without it") {
    RedisServer redis;
    const test::TestStores stores;
    const test::TestService::Options options{
        .configure = [&](Settings& settings) { settings.redis_url = redis.url(); }};
    test::TestService one(stores, options), other(stores, options);
    const auto sender = one.NewSender();
    CHECK(one.Ingest(sender, R"({"eventName":"e"})").status == 202);
    (void)one.WaitForEvents(sender, 1);
    const auto path = "/api/events/partner/" + sender.partner_id + "?limit=7";
    test::WaitUntil("the other process knows the partner", [&] { return other.Get(path).status == 200; });
    const auto hits = [](test::TestService& service) {
      const auto metrics = test::HttpClient(service.admin_port()).Get("/metrics").body;
      const std::string mark = "volcanion_cache_lookups_total{outcome=\"hit\"} ";
      return std::stoi(metrics.substr(metrics.find(mark) + mark.size()));
    };
    const auto tag = one.Get(path).Header("ETag");
    test::WaitUntil("one finds what the other made", [&] {
      const auto before = hits(other);
      CHECK(one.Get(path).Header("ETag") == tag);
      CHECK(other.Get(path).Header("ETag") == tag);
      return hits(other) > before;
    });
    redis.Signal(SIGSTOP);
    for (int i = 0; i < 10; ++i) CHECK(one.Get(path).Header("ETag") == tag);
    redis.Kill();
    for (int i = 0; i < 10; ++i) CHECK(one.Get(path).Header("ETag") == tag);
    CHECK(one.Ingest(sender, R"({"eventName":"e"})").status == 202);
    (void)one.WaitForEvents(sender, 2);
    CHECK(one.Get(path).Header("ETag") != tag);
  }
}
