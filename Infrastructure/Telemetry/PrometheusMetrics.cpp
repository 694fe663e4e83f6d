#include "Infrastructure/Telemetry/PrometheusMetrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace volcanion::infrastructure {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

constexpr std::size_t kMaxRequestKinds = 500;
constexpr std::string_view kOther = "other";
constexpr std::array<std::string_view, 9> kMethods = {"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                      "DELETE", "OPTIONS", "CONNECT", "TRACE"};
constexpr std::array<std::string_view, 7> kOutcomes = {"valid",    "invalid",  "unjudged", "duplicate",
                                                       "conflict", "rejected", kOther};

constexpr std::array<std::string_view, 3> kLookUps = {"hit", "bypass", "miss"};

Buckets SecondsOfRequests() { return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}; }
Buckets SecondsOfCommits() { return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}; }
Buckets SecondsOfProjections() { return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}; }
Buckets EventsOfCommits() { return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000}; }

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Gauge>& Gauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
prometheus::Family<prometheus::Histogram>& Histograms(prometheus::Registry& registry, const char* name,
                                                      const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

/// What requests are told apart by.
struct RequestKindView {
  std::string_view method;
  std::string_view route;
  int status;
  bool operator==(const RequestKindView&) const = default;
};
struct RequestKind {
  std::string method;
  std::string route;
  int status;
};
RequestKindView ViewOf(const RequestKind& kind) { return {kind.method, kind.route, kind.status}; }
RequestKindView ViewOf(const RequestKindView& kind) { return kind; }

struct HashRequestKind {
  using is_transparent = void;
  std::size_t operator()(const auto& kind) const {
    const auto view = ViewOf(kind);
    const std::hash<std::string_view> hash;
    return hash(view.method) ^ hash(view.route) * 31 ^ static_cast<std::size_t>(view.status) * 1'000'003;
  }
};
struct SameRequestKind {
  using is_transparent = void;
  bool operator()(const auto& one, const auto& other) const { return ViewOf(one) == ViewOf(other); }
};

struct RequestInstruments {
  prometheus::Counter* answered;
  prometheus::Histogram* seconds;
};

}  // namespace

struct PrometheusMetrics::Instruments {
  explicit Instruments(std::string_view version) {
    Gauges(registry, "volcanion_build_info", "1, with the version of the program.")
        .Add({{"version", std::string(version)}})
        .Set(1);
    // All outcomes at 0 from the start: a rate needs a first value.
    for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
      ingested[i] = &ingested_family.Add({{"outcome", std::string(kOutcomes[i])}});
    }
    for (std::size_t i = 0; i < kLookUps.size(); ++i) {
      looked_up[i] = &looked_up_family.Add({{"outcome", std::string(kLookUps[i])}});
    }
  }

  const RequestInstruments& ForRequest(std::string_view method, std::string_view route, int status) {
    const RequestKindView kind{method, route, status};
    {
      std::shared_lock lock(requests_mutex);
      if (const auto found = requests.find(kind); found != requests.end()) return found->second;
    }
    std::unique_lock lock(requests_mutex);
    if (requests.size() >= kMaxRequestKinds && route != kOther) {
      lock.unlock();
      return ForRequest(method, kOther, status);
    }
    const RequestInstruments made{
        &requests_family.Add(
            {{"method", std::string(method)}, {"route", std::string(route)}, {"status", std::to_string(status)}}),
        &request_seconds_family.Add({{"route", std::string(route)}}, SecondsOfRequests())};
    return requests.emplace(RequestKind{std::string(method), std::string(route), status}, made).first->second;
  }

  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& requests_family =
      Counters(registry, "volcanion_http_requests_total", "Requests answered.");
  prometheus::Family<prometheus::Histogram>& request_seconds_family =
      Histograms(registry, "volcanion_http_request_seconds", "How long requests took to answer.");
  std::shared_mutex requests_mutex;
  std::unordered_map<RequestKind, RequestInstruments, HashRequestKind, SameRequestKind> requests;  // only grows

  prometheus::Family<prometheus::Counter>& ingested_family =
      Counters(registry, "volcanion_events_ingested_total", "Events answered, by what became of them.");
  std::array<prometheus::Counter*, kOutcomes.size()> ingested{};

  prometheus::Histogram& commit_events =
      Histograms(registry, "volcanion_commit_events", "New events of one group commit.").Add({}, EventsOfCommits());
  prometheus::Histogram& commit_seconds =
      Histograms(registry, "volcanion_commit_seconds", "One group commit, COMMIT included.")
          .Add({}, SecondsOfCommits());
  prometheus::Counter& commit_failures =
      Counters(registry, "volcanion_commit_failures_total", "Transactions of the write store that failed.").Add({});
  prometheus::Gauge& ingest_queue =
      Gauges(registry, "volcanion_ingest_queue_events", "Events that wait for the group commit.").Add({});

  prometheus::Counter& projected_batches =
      Counters(registry, "volcanion_projected_batches_total", "Batches brought to the read store.").Add({});
  prometheus::Counter& projected_events =
      Counters(registry, "volcanion_projected_events_total", "Events brought to the read store.").Add({});
  prometheus::Histogram& projection_seconds =
      Histograms(registry, "volcanion_projection_seconds", "One round of the projection, from claim to completion.")
          .Add({}, SecondsOfProjections());
  prometheus::Counter& set_aside =
      Counters(registry, "volcanion_set_aside_total", "Batches that the projection gave up on.").Add({});

  prometheus::Family<prometheus::Counter>& looked_up_family =
      Counters(registry, "volcanion_cache_lookups_total", "Answers looked for in the cache, by what came of it.");
  std::array<prometheus::Counter*, kLookUps.size()> looked_up{};
  prometheus::Counter& cache_failures =
      Counters(registry, "volcanion_cache_failures_total", "Times that the shared cache failed.").Add({});
  prometheus::Gauge& cache_breaker =
      Gauges(registry, "volcanion_cache_breaker_open", "1 while the shared cache is left alone.").Add({});

  // Without a value until there is one: 0 would say that all is well.
  prometheus::Family<prometheus::Gauge>& outbox_pending =
      Gauges(registry, "volcanion_outbox_pending_batches", "Batches that are not projected yet.");
  prometheus::Family<prometheus::Gauge>& outbox_lag =
      Gauges(registry, "volcanion_outbox_lag_seconds", "Age of the oldest batch that is not projected yet.");
  prometheus::Family<prometheus::Gauge>& outbox_set_aside =
      Gauges(registry, "volcanion_outbox_set_aside_batches", "Batches that are set aside now.");
};

PrometheusMetrics::PrometheusMetrics(std::string_view version) : instruments_(std::make_unique<Instruments>(version)) {}

PrometheusMetrics::~PrometheusMetrics() = default;

void PrometheusMetrics::RequestAnswered(std::string_view method, std::string_view route, int status, double seconds) {
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  const auto& request = instruments_->ForRequest(known ? method : kOther, route, status);
  request.answered->Increment();
  request.seconds->Observe(seconds);
}

void PrometheusMetrics::EventsIngested(std::string_view outcome, std::size_t count) {
  const auto found = std::find(kOutcomes.begin(), kOutcomes.end() - 1, outcome);  // the last one is "other"
  instruments_->ingested[static_cast<std::size_t>(found - kOutcomes.begin())]->Increment(static_cast<double>(count));
}

void PrometheusMetrics::BatchCommitted(std::size_t events, double seconds) {
  instruments_->commit_events.Observe(static_cast<double>(events));
  instruments_->commit_seconds.Observe(seconds);
}

void PrometheusMetrics::CommitFailed() { instruments_->commit_failures.Increment(); }

void PrometheusMetrics::QueueDepth(std::size_t events) { instruments_->ingest_queue.Set(static_cast<double>(events)); }

void PrometheusMetrics::BatchesProjected(std::size_t batches, std::size_t events, double seconds) {
  instruments_->projected_batches.Increment(static_cast<double>(batches));
  instruments_->projected_events.Increment(static_cast<double>(events));
  instruments_->projection_seconds.Observe(seconds);
}

void PrometheusMetrics::BatchSetAside() { instruments_->set_aside.Increment(); }

void PrometheusMetrics::OutboxMeasured(const application::OutboxLag& lag) {
  instruments_->outbox_pending.Add({}).Set(static_cast<double>(lag.pending_batches));
  instruments_->outbox_lag.Add({}).Set(lag.oldest_seconds);
  instruments_->outbox_set_aside.Add({}).Set(static_cast<double>(lag.set_aside_batches));
}

void PrometheusMetrics::AnswerLookedUp(std::string_view outcome) {
  const auto found = std::find(kLookUps.begin(), kLookUps.end() - 1, outcome);
  instruments_->looked_up[static_cast<std::size_t>(found - kLookUps.begin())]->Increment();
}

void PrometheusMetrics::CacheFailed() { instruments_->cache_failures.Increment(); }

void PrometheusMetrics::CacheBreaker(bool is_open) { instruments_->cache_breaker.Set(is_open ? 1 : 0); }

std::string PrometheusMetrics::Expose() const {
  return prometheus::TextSerializer().Serialize(instruments_->registry.Collect());
}

}  // namespace volcanion::infrastructure
