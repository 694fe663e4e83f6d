#pragma once

#include "tests/support/HttpClient.h"
#include "tests/support/TestDatabase.h"
#include "tests/support/processes/VolcanionProgram.h"

#include <string>

namespace volcanion::test::processes {

// What a partner needs to send events, and an administrator to read them.
inline constexpr char kKey[] = "key-of-the-shop";
inline constexpr char kToken[] = "token-of-the-administrator";
inline constexpr char kSystem[] = "00000000-0000-7000-8000-000000000002";

inline const HttpClient::Headers kAsShop = {{"X-API-Key", kKey}};
inline const HttpClient::Headers kAsAdministrator = {{"Authorization", std::string("Bearer ") + kToken}};

/// Adds all of this to a migrated write store: the system `kSystem`, which stores invalid events as flagged, the key,
/// the token, and a structure of the event "purchase", whose amount is a number of at least 0.
void AddShop(const std::string& write_dsn);

/// Two databases, and a shop that sends events.
struct Shop {
  Shop() { AddShop(stores.write_dsn()); }

  const std::string& write() const { return stores.write_dsn(); }
  const std::string& read() const { return stores.read_dsn(); }
  std::string Written(const std::string& query) const { return Sql(write(), query); }
  std::string Read(const std::string& query) const { return Sql(read(), query); }
  Environment environment() const { return EnvironmentFor(write(), read()); }

  TestStores stores;
};

}  // namespace volcanion::test::processes
