#include "tests/support/processes/Load.h"

#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/WaitUntil.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace volcanion::test::processes {

using namespace std::chrono_literals;

Load::Load(const std::atomic<std::uint16_t>& port, int clients)
    : port_(port), sent_(static_cast<std::size_t>(clients)) {
  for (int i = 0; i < clients; ++i) {
    clients_.emplace_back([this, i](std::stop_token stop) { Send(stop, i); });
  }
}

void Load::WaitForMore(std::size_t events) const {
  WaitUntil("more events are acknowledged", [this, goal = acknowledged() + events] { return acknowledged() >= goal; });
}

void Load::Stop() {
  for (auto& client : clients_) client.request_stop();
  clients_.clear();
}

std::vector<SentEvent> Load::sent() const {
  std::vector<SentEvent> all;
  for (const auto& events : sent_) all.insert(all.end(), events.begin(), events.end());
  return all;
}

void Load::Send(std::stop_token stop, int client) {
  const bool is_persistent = client % 2 == 1;
  const std::size_t events = client % 4 >= 2 ? 10 : 1;
  std::optional<HttpClient> connection;
  std::uint16_t connected_to = 0;
  auto& sent = sent_[static_cast<std::size_t>(client)];
  while (!stop.stop_requested()) {
    const auto first = sent.size();
    std::string body;
    for (std::size_t i = 0; i < events; ++i) body += NewEvent(sent, client) + "\n";
    bool is_first_attempt = true;
    do {
      if (const std::uint16_t port = port_; !connection || port != connected_to) {
        connection.emplace(port, RawClient::Options{.timeout = 15s});
        connected_to = port;
      }
      if (!Post(*connection, body, events, sent, first, is_first_attempt)) std::this_thread::sleep_for(2ms);
      is_first_attempt = false;
    } while (is_persistent && !sent.back().is_acknowledged && !stop.stop_requested());
  }
}

std::string Load::NewEvent(std::vector<SentEvent>& sent, int client) {
  const auto number = std::to_string(sent.size());
  SentEvent event{std::to_string(client) + "-" + number,
                  R"({ "n": )" + number + R"(,"text":"\u0000 \ud800 \u00e9 é","huge":1e131071, "n":-)" + number + " }"};
  auto json = R"({"eventId":")" + event.id + R"(","eventName":"purchase","properties":)" + event.properties + "}";
  sent.push_back(std::move(event));
  return json;
}

bool Load::Post(HttpClient& connection, const std::string& body, std::size_t events, std::vector<SentEvent>& sent,
                std::size_t first, bool is_first_attempt) {
  RawResponse answer;
  try {
    auto headers = kAsShop;
    if (events > 1) headers.emplace_back("Content-Type", "application/x-ndjson");
    answer = connection.Post(events > 1 ? "/api/events/ingest/batch" : "/api/events/ingest", body, headers);
  } catch (const std::runtime_error& error) {
    if (connection.answer_has_begun()) ++half_answers_;
    if (Contains(error.what(), "timed out")) NoteStrange(error.what());  // every request is answered, or cut off
    return false;
  }
  if (answer.status == 503) return false;
  const auto results = events > 1 ? Elements(Member(answer.body, "results")) : std::vector{answer.body};
  if (answer.status != 202 || results.size() != events)
    return NoteStrange(std::to_string(answer.status) + " " + answer.body), false;
  for (std::size_t i = 0; i < events; ++i) {
    const auto status = Member(results[i], "status");
    const bool is_expected = status == "stored" || (status == "duplicate" && !is_first_attempt);
    if (!is_expected || Member(results[i], "eventId") != sent[first + i].id)
      return NoteStrange(std::to_string(answer.status) + " " + answer.body), false;
    sent[first + i].is_acknowledged = true;
    ++acknowledged_;
  }
  return true;
}

void Load::NoteStrange(std::string answer) {
  const std::lock_guard lock(mutex_);
  strange_answers_.push_back(std::move(answer));
}

}  // namespace volcanion::test::processes
