#include "tests/support/RollUps.h"
#include "tests/support/processes/Load.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::processes;

}  // namespace

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
  CHECK(RolledUp(shop.read()) == CountedIn(shop.write(), "write.tracking_events"));
  CHECK(shop.Written("SELECT count(*) FROM write.set_aside_batches") == "0");
  WaitUntil("the read store is as fresh as can be", [&] {
    return shop.Read("SELECT position FROM read.freshness") == shop.Written("SELECT max(batch_id) FROM write.batches");
  });
  for (auto& sync : syncs) {
    sync->process().Signal(SIGTERM);
    CHECK(sync->process().Wait() == 0);
  }
}
