#include "tests/support/HttpClient.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace volcanion::test;
using namespace volcanion::test::processes;

const std::string kStructures = "/api/partners/00000000-0000-7000-8000-000000000001/structures";

/// Version after version, an event of the crowd breaks both of its limits, or none.
bool IsBroken(int version) { return version % 2 == 0; }

std::string SchemaOf(int version) {
  const auto limit = R"({"maximum":)" + std::to_string(IsBroken(version) ? version : 1'000'000) + "}";
  return R"({"properties":{"v":)" + limit + R"(,"w":)" + limit + "}}";
}

std::string Batch(int events) {
  std::string text = R"({"events":[)";
  for (int i = 0; i < events; ++i) {
    text += std::string(i == 0 ? "" : ",") + R"({"eventName":"purchase","properties":{"v":999999,"w":999999}})";
  }
  return text + "]}";
}

/// Clients that send batches to one process, and check that each batch is judged by one whole version.
class Crowd {
 public:
  Crowd(std::uint16_t port, int clients) {
    for (int i = 0; i < clients; ++i) {
      clients_.emplace_back([this, port](std::stop_token stop) {
        HttpClient connection(port);
        const auto body = Batch(20);
        while (!stop.stop_requested()) Check(connection.Post("/api/events/ingest/batch", body, kAsShop));
      });
    }
  }

  void Stop() { clients_.clear(); }
  /// The newest version that has judged.
  int newest() const { return newest_; }
  // For when it has been stopped.
  const std::set<std::string>& mistakes() const { return mistakes_; }
  std::size_t batches() const { return batches_; }

 private:
  void Check(const RawResponse& answer) {
    std::set<std::string> versions;
    for (const auto& result : Elements(Member(answer.body, "results"))) {
      const auto version = Member(result, "schemaVersion");
      versions.insert(version);
      const std::size_t violations = Elements(Member(result, "validationErrors")).size();
      const std::size_t expected = IsBroken(std::stoi("0" + version)) ? 2 : 0;
      if (violations != expected) Note("version " + version + ": " + result);
    }
    if (versions.size() != 1) return Note("judged by " + std::to_string(versions.size()) + " versions: " + answer.body);
    const int version = std::stoi("0" + *versions.begin());
    for (int before = newest_; version > before && !newest_.compare_exchange_weak(before, version);) continue;
    ++batches_;
  }
  void Note(std::string mistake) {
    const std::lock_guard lock(mutex_);
    mistakes_.insert(std::move(mistake));
  }

  std::atomic<int> newest_ = 0;
  std::atomic<std::size_t> batches_ = 0;
  std::mutex mutex_;
  std::set<std::string> mistakes_;     // guarded by mutex_
  std::vector<std::jthread> clients_;  // last: they stop before the rest goes
};

}  // namespace

TEST_CASE("a version that one API process publishes judges in the other within 2 seconds, whole") {
  const Shop shop;
  const auto one = StartApi(shop.environment());
  const auto other = StartApi(shop.environment());
  HttpClient admin(one->port());
  Crowd crowd(other->port(), 4);
  constexpr int kVersions = 9;
  for (int version = 2; version <= kVersions; ++version) {  // the first one is the shop's
    const auto published = admin.Post(
        kStructures,
        R"({"eventName":"purchase","state":"active","override":{"reason":"test"},"schema":)" + SchemaOf(version) + "}",
        kAsAdministrator);
    REQUIRE_MESSAGE(published.status == 201, published.body);
    REQUIRE(Member(published.body, "version") == std::to_string(version));
    WaitUntil(
        "the other process judges by it", [&] { return crowd.newest() == version; }, 2s);
  }
  const auto retired = admin.Send("PATCH", kStructures + "/purchase/versions/" + std::to_string(kVersions),
                                  R"({"state":"retired","override":{"reason":"test"}})", kAsAdministrator);
  REQUIRE_MESSAGE(retired.status == 200, retired.body);
  HttpClient sender(other->port());
  WaitUntil(
      "the other process judges by the one before",
      [&] {
        const auto answer = sender.Post("/api/events/ingest", R"({"eventName":"purchase"})", kAsShop);
        return Member(answer.body, "schemaVersion") == std::to_string(kVersions - 1);
      },
      2s);
  crowd.Stop();
  CHECK(crowd.batches() > 0);
  CHECK(crowd.mistakes() == std::set<std::string>());
}
