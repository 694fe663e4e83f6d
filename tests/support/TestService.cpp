#include "tests/support/TestService.h"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace volcanion::test {
namespace {

std::size_t CountOf(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + piece.size())) ++count;
  return count;
}

}  // namespace

void RecordedMessages::Send(const application::OneTimeMessage& message) {
  const std::lock_guard lock(mutex_);
  messages_.push_back(message);
}

std::string RecordedMessages::TokenFor(const std::string& email) const {
  const std::lock_guard lock(mutex_);
  for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
    if (message->to.text() == email) return message->token;
  }
  return "";
}

void TestService::NewMember(const std::string& partner_id, const std::string& email, const std::string& role) {
  const auto invited =
      Post("/api/partners/" + partner_id + "/members", R"({"email":")" + email + R"(","role":")" + role + R"("})");
  if (invited.status != 201) throw std::runtime_error(invited.body);
  const auto accepted =
      HttpClient(port()).Post("/api/auth/accept-invitation",
                              R"({"token":")" + messages_.TokenFor(email) + R"(","password":")" + kPassword + R"("})");
  if (accepted.status != 204) throw std::runtime_error(accepted.body);
}

RawResponse TestService::LogIn(const std::string& email) {
  return HttpClient(port()).Post("/api/auth/token",
                                 R"({"email":")" + email + R"(","password":")" + kPassword + R"("})");
}

TestService::TestService(const TestStores& stores, const Options& options) {
  settings_.listen.port = 0;
  settings_.admin_listen.port = 0;
  settings_.poll_interval = std::chrono::milliseconds(5);
  settings_.cache_staleness = std::chrono::milliseconds(0);  // what a test has written, it reads
  settings_.log_level = infrastructure::LogLevel::kError;
  settings_.max_auth_failures = 1'000'000;  // tests fail often, and from one address
  if (options.configure) options.configure(settings_);
  auto complete = cli::CompleteStores(stores.write_dsn(), stores.read_dsn());
  if (!complete) throw std::runtime_error(complete.error().message);
  around_.emplace(settings_, "test");
  management_.emplace(settings_, *complete, *around_);
  const auto token = around_->secrets.NewAdminToken();
  if (!cli::AddAdminToken(management_->store, "test", token, {"test", ""})) throw std::runtime_error("no admin token");
  admin_token_ = token.text;
  if (!management_->directory.Refresh()) throw std::runtime_error("the directory cannot be loaded");
  if (options.sync) sync_.emplace(settings_, *complete, *around_);
  people_.emplace(settings_, *around_, *management_, messages_);
  api_.emplace(settings_, *complete, *around_, *management_, *people_);
  auto checks = api_->HealthChecks();
  if (sync_) {
    for (auto& check : sync_->HealthChecks()) checks.push_back(std::move(check));
  }
  admin_.emplace(settings_, *around_, std::move(checks));
  api_->Start();
  admin_->Start();
}

TestService::~TestService() {
  api_->Stop();
  admin_->Stop();
}

std::vector<api::DeclaredRoute> TestService::Routes() const {
  auto routes = api_->Routes();
  for (const auto& route : admin_->Routes()) routes.push_back(route);
  return routes;
}

TestSender TestService::NewSender(const std::string& policy) {
  TestSender sender;
  const auto name = "Partner " + std::to_string(++senders_);
  sender.partner_id = JsonString(Post("/api/partners", R"({"name":")" + name + R"("})").body, "partnerId");
  sender.system_id = JsonString(
      Post("/api/partners/" + sender.partner_id + "/systems", R"({"name":"web","invalidEvents":")" + policy + R"("})")
          .body,
      "partnerSystemId");
  sender.key = JsonString(Post("/api/systems/" + sender.system_id + "/keys", R"({"name":"test"})").body, "key");
  if (sender.key.empty()) throw std::runtime_error("no key could be made");
  return sender;
}

int TestService::Publish(const TestSender& sender, const std::string& event_name, const std::string& schema) {
  const auto answer = Post("/api/partners/" + sender.partner_id + "/structures",
                           R"({"eventName":")" + event_name + R"(","schema":)" + schema +
                               R"(,"state":"active","override":{"reason":"a test"}})");
  if (answer.status != 201) throw std::runtime_error(answer.body);
  const std::string mark = "\"version\":";
  return std::stoi(answer.body.substr(answer.body.find(mark) + mark.size()));
}

RawResponse TestService::Ingest(const TestSender& sender, const std::string& event) {
  return HttpClient(port()).Post("/api/events/ingest", event, {{"X-API-Key", sender.key}});
}

RawResponse TestService::Post(const std::string& path, const std::string& body) {
  return HttpClient(port()).Post(path, body, AsAdmin());
}

RawResponse TestService::Get(const std::string& path) { return HttpClient(port()).Get(path, AsAdmin()); }

RawResponse TestService::Send(const std::string& method, const std::string& path, const std::string& body,
                              HttpClient::Headers more) {
  auto headers = AsAdmin();
  headers.insert(headers.end(), more.begin(), more.end());
  return HttpClient(port()).Send(method, path, body, headers);
}

std::string TestService::WaitForEvents(const TestSender& sender, std::size_t count) {
  std::string body;
  WaitUntil("the events can be read", [&] {
    body = Get("/api/events/partner-system/" + sender.system_id + "?limit=1000").body;
    return CountOf(body, "\"trackingEventId\"") >= count;
  });
  return body;
}

std::string JsonString(const std::string& json, const std::string& name) {
  const auto mark = "\"" + name + "\":\"";
  const auto at = json.find(mark);
  if (at == std::string::npos) return "";
  const auto begin = at + mark.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

void WaitUntil(const char* what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(std::string("in vain: ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace volcanion::test
