#pragma once

#include "tests/support/TestDatabase.h"
#include "tests/support/TestService.h"

#include <string>

namespace volcanion::test {

inline constexpr char kPurchase[] =
    R"({"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":0},"currency":{"enum":["EUR","USD"]}}})";

inline bool Has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

/// The service over stores of its own, and a sender.

struct Api {
  TestStores stores;
  TestService service{stores};
  TestSender sender = service.NewSender();

  RawResponse Ingest(const std::string& event) { return service.Ingest(sender, event); }
  RawResponse Batch(const std::string& body, const std::string& type = "application/json") {
    return HttpClient(service.port())
        .Post("/api/events/ingest/batch", body, {{"X-API-Key", sender.key}, {"Content-Type", type}});
  }
  std::string Ask(const std::string& sql) { return Sql(stores.write_dsn(), sql); }
  std::string List(const std::string& parameters) {
    return service.Get("/api/events/partner-system/" + sender.system_id + parameters).body;
  }
};

}  // namespace volcanion::test
