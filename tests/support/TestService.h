#pragma once

#include "Cli/Services.h"
#include "tests/support/HttpClient.h"
#include "tests/support/TestDatabase.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace volcanion::test {

/// A system that sends events, with all that a test needs to send as it and to read what it sent.
struct TestSender {
  std::string partner_id;
  std::string system_id;
  std::string key;
};

/// The API, and the projection when it is wanted, in this process: real server, real stores, ports of its own.
class TestService {
 public:
  struct Options {
    bool sync = true;
    std::function<void(infrastructure::Settings&)> configure = {};
  };

  explicit TestService(const TestStores& stores) : TestService(stores, Options()) {}
  TestService(const TestStores& stores, const Options& options);
  ~TestService();

  std::uint16_t port() const { return api_->port(); }
  std::uint16_t admin_port() const { return admin_->port(); }
  const std::string& admin_token() const { return admin_token_; }
  /// Each route of both listeners, with who may call it.
  std::vector<api::DeclaredRoute> Routes() const;
  HttpClient::Headers AsAdmin() const { return {{"Authorization", "Bearer " + admin_token_}}; }

  /// A partner with one system and a key, under names of their own.
  TestSender NewSender(const std::string& policy = "flag");
  /// Makes an active structure, compatible or not; the version it became.
  int Publish(const TestSender& sender, const std::string& event_name, const std::string& schema);

  /// Sends one event with the sender's key.
  RawResponse Ingest(const TestSender& sender, const std::string& event);
  /// Any route, as the administrator.
  RawResponse Post(const std::string& path, const std::string& body);
  RawResponse Get(const std::string& path);
  RawResponse Send(const std::string& method, const std::string& path, const std::string& body,
                   HttpClient::Headers more = {});
  /// The events of the sender's system, once `count` of them can be read. Throws after ten seconds.
  std::string WaitForEvents(const TestSender& sender, std::size_t count);

 private:
  infrastructure::Settings settings_;
  std::optional<cli::Surroundings> around_;
  std::optional<cli::Management> management_;
  std::optional<cli::SyncService> sync_;
  std::optional<cli::ApiService> api_;
  std::optional<cli::AdminService> admin_;
  std::string admin_token_;
  int senders_ = 0;
};

/// The value of a string member of a JSON object, found by its name at any depth; for tests only.
std::string JsonString(const std::string& json, const std::string& name);

/// Waits until it holds. Throws std::runtime_error with `what` after ten seconds.
void WaitUntil(const char* what, const std::function<bool()>& holds);

}  // namespace volcanion::test
