#include "Api/BlockingPool.h"
#include "Api/Http/Exchange.h"
#include "Api/Http/Gzip.h"
#include "Api/Middleware/Authentication.h"
#include "Api/Middleware/Call.h"
#include "Api/Middleware/ClientAddress.h"
#include "Api/Middleware/Problem.h"
#include "Api/Middleware/QueryReader.h"
#include "Api/Middleware/RateLimiter.h"
#include "Api/Middleware/RunBlocking.h"
#include "Api/Router.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "tests/support/RecordedLog.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

using namespace volcanion;
using namespace volcanion::api;

namespace {

Headers With(std::string name, std::string value) {
  Headers headers;
  headers.Add(std::move(name), std::move(value));
  return headers;
}

Request From(std::string peer, std::initializer_list<std::pair<const char*, const char*>> headers) {
  Request request;
  request.remote_address = std::move(peer);
  for (const auto& [name, value] : headers) request.headers.Add(name, value);
  return request;
}

/// Tells which status a request was answered with.
struct AnsweredStatus final : Responder::Exchange {
  void Answer(Response response) override { status.set_value(response.status); }
  void AnswerMade(std::function<Response()> make) override { Answer(make()); }
  void Abandon() override { status.set_value(500); }
  void Continue(std::string, bool) override {}
  void BreakOff() override {}

  std::promise<int> status;
};

}  // namespace

TEST_SUITE("requests") {
  TEST_CASE("a correlation id is taken when it is 1 to 128 harmless characters") {
    CHECK(AcceptableCorrelationId(With("x-correlation-id", "Ab.9_-z")) == "Ab.9_-z");
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", std::string(128, 'a'))).size() == 128);
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", std::string(129, 'a'))).empty());
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", "a b")).empty());
    CHECK(AcceptableCorrelationId(With("X-Correlation-ID", "a\"b")).empty());
    CHECK(AcceptableCorrelationId({}).empty());
  }

  TEST_CASE("a traceparent is taken in the form of W3C Trace Context only") {
    const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    CHECK(AcceptableTraceparent(With("traceparent", good)) == good);
    CHECK(AcceptableTraceparent(With("traceparent", good + "x")).empty());
    CHECK(AcceptableTraceparent(With("traceparent", "01" + good.substr(2))).empty());
    CHECK(
        AcceptableTraceparent(With("traceparent", "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")).empty());
  }

  TEST_CASE("a key is found in each of its three places") {
    CHECK(CredentialOf(With("X-API-Key", "k")) == "k");
    CHECK(CredentialOf(With("Authorization", "Bearer k")) == "k");
    CHECK(CredentialOf(With("authorization", "bearer   k")) == "k");
    CHECK(CredentialOf(With("Authorization", "Basic azpwYXNz")) == "k");  // k:pass
    CHECK(CredentialOf(With("Authorization", "Basic azo=")) == "k");      // k:
    CHECK_FALSE(CredentialOf(With("Authorization", "Digest k")).has_value());
    CHECK_FALSE(CredentialOf({}).has_value());
  }

  TEST_CASE("a time whose + was not escaped is refused with a word about that") {
    const auto message = [](std::string_view query) {
      auto parameters = QueryReader::Open(query).value();
      (void)parameters.Time("from");
      const auto read = parameters.Finish();
      return read ? std::string() : read.error().faults.at(0).message;
    };
    CHECK(message("from=2026-11-20T10:00:00%2B02:00").empty());
    CHECK(message("from=2026-11-20T10:00:00+02:00").find("write %2B for the +") != std::string::npos);
    CHECK(message("from=2026-11-20+10:00:00").find("%2B") == std::string::npos);
  }

  TEST_CASE("a query string is decoded, and refused when it is malformed") {
    const auto parameters = ParseQuery("a=1&b=x%20y+z&c&&d==");
    REQUIRE(parameters.has_value());
    REQUIRE(parameters->size() == 4);
    CHECK((*parameters)[1].second == "x y z");
    CHECK((*parameters)[2].second.empty());
    CHECK((*parameters)[3].second == "=");
    CHECK_FALSE(ParseQuery("a=%").has_value());
    CHECK_FALSE(ParseQuery("a=%4").has_value());
    CHECK_FALSE(ParseQuery("%zz=1").has_value());
    CHECK_FALSE(ParseQuery("a=%ff").has_value());
  }

  TEST_CASE("a problem tells what the client needs and nothing of ours") {
    const auto internal = MakeProblem({domain::ErrorKind::kInternal, "relation write.x does not exist"}, "c-1");
    CHECK(internal.status == 500);
    CHECK(internal.body.find("write.x") == std::string::npos);
    const auto busy = MakeProblem({domain::ErrorKind::kUnavailable, "later"}, "c-1");
    CHECK(busy.headers.Find("Retry-After") == "1");
    CHECK(
        busy.body ==
        R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"later","correlationId":"c-1"})");
  }
}

TEST_SUITE("clients behind proxies") {
  TEST_CASE("what proxies say is believed as far as they are trusted") {
    const Proxies trusted{
        {*application::IpNetwork::Parse("10.0.0.0/8"), *application::IpNetwork::Parse("2001:db8::/32")}};
    CHECK(ClientAddress(From("192.0.2.1", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "192.0.2.1");
    CHECK(ClientAddress(From("10.1.2.3", {}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "198.51.100.7");
    // What the client itself put in front is not reached: the walk ends at the first stranger.
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7, 10.9.9.9"}}), trusted) ==
          "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}, {"x-forwarded-for", "10.9.9.9"}}),
                        trusted) == "198.51.100.7");
    CHECK(ClientAddress(From("2001:db8::1", {{"Forwarded", "for=\"[2001:db9::5]:4711\";proto=https"}}), trusted) ==
          "2001:db9::5");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=1.1.1.1, For=198.51.100.7:80;by=10.0.0.1"}}), trusted) ==
          "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=unknown"}}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=198.51.100.7, ,"}}), trusted) == "198.51.100.7");
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=6.6.6.6, proto=https;by=10.1.2.3"}}), trusted) ==
          "10.1.2.3");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "' OR 1=1"}}), trusted) == "10.1.2.3");
    CHECK(ClientAddress(From("::ffff:10.1.2.3", {{"X-Forwarded-For", "198.51.100.7"}}), trusted) == "198.51.100.7");
  }

  TEST_CASE("a header that the proxy does not set itself is not taken from the client") {
    Proxies proxies{{*application::IpNetwork::Parse("10.0.0.0/8")}};
    const auto both = From("10.1.2.3", {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "198.51.100.7"}});
    CHECK(ClientAddress(both, proxies) == "198.51.100.7");
    proxies.header = ForwardedHeader::kForwarded;
    CHECK(ClientAddress(both, proxies) == "6.6.6.6");
    CHECK(ClientAddress(From("10.1.2.3", {{"X-Forwarded-For", "6.6.6.6"}}), proxies) == "10.1.2.3");
    proxies.header = ForwardedHeader::kXForwardedFor;
    CHECK(ClientAddress(From("10.1.2.3", {{"Forwarded", "for=6.6.6.6"}}), proxies) == "10.1.2.3");
  }

  TEST_CASE("networks are read in CIDR notation and refused in any other") {
    CHECK(application::IpNetwork::Parse("0.0.0.0/0")->Contains("203.0.113.9"));
    CHECK_FALSE(application::IpNetwork::Parse("192.0.2.0/25")->Contains("192.0.2.128"));
    CHECK(application::IpNetwork::Parse("192.0.2.0/25")->Contains("192.0.2.127"));
    CHECK_FALSE(application::IpNetwork::Parse("10.0.0.0/8")->Contains("::1"));
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "proxy.example", "/8"}) {
      CAPTURE(text);
      CHECK_FALSE(application::IpNetwork::Parse(text).has_value());
    }
  }
}

TEST_SUITE("rate limits") {
  TEST_CASE("a bucket lets its burst through at once and then its rate") {
    RateLimiter limiter;
    const domain::RateLimit limit{10, 5};
    const auto start = std::chrono::steady_clock::now();
    const auto take = [&](std::size_t events, int milliseconds) {
      return limiter.Take({}, limit, events, start + std::chrono::milliseconds(milliseconds));
    };
    CHECK(take(3, 0).remaining == 2);
    CHECK(take(2, 0).allowed);
    const auto refused = take(1, 50);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == std::chrono::seconds(1));
    CHECK(take(1, 100).allowed);
    CHECK_FALSE(take(1, 100).allowed);
    CHECK(take(5, 10'000).allowed);
  }

  TEST_CASE("a batch above the burst waits for a full bucket and is paid for afterwards") {
    RateLimiter limiter;
    const domain::RateLimit limit{10, 5};
    const auto start = std::chrono::steady_clock::now();
    CHECK(limiter.Take({}, limit, 25, start).allowed);
    const auto refused = limiter.Take({}, limit, 1, start);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == std::chrono::seconds(3));  // 20 below zero, and one
    CHECK(limiter.Take({}, limit, 1, start + std::chrono::milliseconds(2'100)).allowed);
  }

  TEST_CASE("keys have buckets of their own") {
    RateLimiter limiter;
    domain::ApiKeyId other;
    other.value.bytes[15] = 1;
    const auto now = std::chrono::steady_clock::now();
    CHECK(limiter.Take({}, {1, 1}, 1, now).allowed);
    CHECK_FALSE(limiter.Take({}, {1, 1}, 1, now).allowed);
    CHECK(limiter.Take(other, {1, 1}, 1, now).allowed);
  }
}

TEST_SUITE("content codings") {
  TEST_CASE("gzip is sent to those who take it") {
    CHECK(AcceptsGzip(With("Accept-Encoding", "gzip")));
    CHECK(AcceptsGzip(With("Accept-Encoding", "deflate, GZIP;q=0.5, br")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip;q=0")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip; q=0.0, br")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "gzip;Q=0")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "br , gzip ;level=1; q=0.000")));
    CHECK(AcceptsGzip(With("Accept-Encoding", "gzip;seq=0;q=0.001")));
    CHECK_FALSE(AcceptsGzip(With("Accept-Encoding", "identity")));
    CHECK_FALSE(AcceptsGzip({}));
  }

  TEST_CASE("what is packed unpacks to the same") {
    for (const std::string& plain : {std::string(), std::string("a"), std::string(1'000'000, 'x')}) {
      std::string unpacked;
      CHECK(Gunzip(GzipPack(plain), plain.size(), unpacked) == GunzipOutcome::kDone);
      CHECK(unpacked == plain);
    }
  }

  TEST_CASE("a beginning that is packed once unpacks with each end") {
    std::string mixed;
    for (int i = 0; i < 100'000; ++i) mixed.push_back(static_cast<char>(i * 7919 >> 3));
    for (const std::string& beginning : {std::string(), std::string("a"), std::string(1'000'000, 'x'), mixed}) {
      const PackedBeginning packed(beginning);
      for (const std::string& end : {std::string(), std::string("}"), mixed.substr(0, PackedBeginning::kMaxEnd)}) {
        std::string unpacked;
        CHECK(Gunzip(packed.With(end), beginning.size() + end.size(), unpacked) == GunzipOutcome::kDone);
        CHECK(unpacked == beginning + end);
      }
    }
  }
}

TEST_SUITE("blocking pool") {
  TEST_CASE("what does not fit into the queue is refused") {
    std::mutex mutex;
    std::condition_variable changed;
    bool running = false, may_end = false;
    BlockingPool pool(1, 1);
    REQUIRE(pool.Submit([&] {
      std::unique_lock lock(mutex);
      running = true;
      changed.notify_all();
      changed.wait(lock, [&] { return may_end; });
    }));
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return running; });
    }
    CHECK(pool.Submit([] {}));
    CHECK_FALSE(pool.Submit([] {}));
    const std::lock_guard lock(mutex);
    may_end = true;
    changed.notify_all();
  }

  TEST_CASE("a call that has waited too long for a thread is refused, and its work not begun") {
    infrastructure::PrometheusMetrics metrics("test");
    test::RecordedLog log;
    const CallSettings settings{metrics, log};
    const auto exchange = std::make_shared<AnsweredStatus>();
    auto status = exchange->status.get_future();
    std::promise<void> may_end;
    bool has_begun = false;
    BlockingPool pool(1, 8, std::chrono::milliseconds(0));
    REQUIRE(pool.Submit([&] { may_end.get_future().wait(); }));
    Request request;
    Answer answer(Responder(exchange), settings, request, "c");
    RunBlocking(pool, {std::move(request), {}, std::move(answer)}, [&](Call& call) {
      has_begun = true;
      call.answer.SendProblem(404, "Not here.");
    });
    may_end.set_value();
    CHECK(status.get() == 503);
    pool.Stop();
    CHECK_FALSE(has_begun);
  }
}
