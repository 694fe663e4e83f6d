#pragma once

#include "Application/Ports/EventStore.h"
#include "Infrastructure/Postgres/ConnectionString.h"
#include "Infrastructure/Postgres/GroupCommitEventStore.h"
#include "Infrastructure/Security/SodiumSecrets.h"
#include "Infrastructure/Telemetry/PrometheusMetrics.h"
#include "tests/support/RecordedLog.h"
#include "tests/support/TestDatabase.h"

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volcanion::test {

inline domain::PartnerSystemId System(int number) {
  domain::PartnerSystemId id;
  id.value.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

/// A store over a database of its own.
struct StoreUnderTest {
  explicit StoreUnderTest(infrastructure::GroupCommitSettings settings = {}) {
    settings.connection_string = *infrastructure::CompleteConnectionString(stores.write_dsn());
    store = std::make_unique<infrastructure::GroupCommitEventStore>(settings, metrics, log);
  }

  domain::TrackingEvent Event(const std::string& id, const std::string& properties = R"({"a":1})", int system = 1,
                              const std::string& name = "e") {
    domain::EventReport report;
    report.event_id = id;
    report.event_name = name;
    report.raw = properties;
    report.properties_size = properties.size();
    const auto now = *domain::ParseRfc3339("2026-11-20T10:00:00Z");
    auto event =
        domain::TrackingEvent::Create(std::move(report), {{secrets.NewId(now)}, {}, System(system), now, "c-1", ""});
    REQUIRE(event.ok());
    event->Judge({domain::Verdict::Outcome::kInvalid, {{"/a", "minimum", "must be at least 2", "/minimum"}}}, 3);
    return *std::move(event);
  }

  std::future<domain::Result<application::Appended>> Begin(std::vector<domain::TrackingEvent> events,
                                                           std::vector<application::RejectedPayload> rejected = {}) {
    auto promise = std::make_shared<std::promise<domain::Result<application::Appended>>>();
    auto future = promise->get_future();
    store->Store(
        {{}, std::move(events), std::move(rejected)},
        [promise](domain::Result<application::Appended> appended) { promise->set_value(std::move(appended)); });
    return future;
  }

  std::vector<application::AppendResult> Store(std::vector<domain::TrackingEvent> events,
                                               std::vector<application::RejectedPayload> rejected = {}) {
    auto appended = Begin(std::move(events), std::move(rejected)).get();
    REQUIRE_MESSAGE(appended.ok(), appended.error().message);
    return appended->results;
  }

  application::AppendResult StoreOne(domain::TrackingEvent event) {
    std::vector<domain::TrackingEvent> events;
    events.push_back(std::move(event));
    return Store(std::move(events)).front();
  }

  std::string Ask(const std::string& sql) { return Sql(stores.write_dsn(), sql); }

  TestStores stores;
  RecordedLog log;
  infrastructure::PrometheusMetrics metrics{"test"};
  infrastructure::SodiumSecrets secrets;
  std::unique_ptr<infrastructure::GroupCommitEventStore> store;
};

template <typename... Events>
std::vector<domain::TrackingEvent> List(Events... events) {
  std::vector<domain::TrackingEvent> list;
  (list.push_back(std::move(events)), ...);
  return list;
}

}  // namespace volcanion::test
