#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("headers that do not arrive in time get 408, however often a byte comes") {
  HttpServerSettings settings = Settings();
  settings.header_timeout = 200ms;
  Server server(Echo, settings);
  RawClient client(server.port());
  const auto begun = std::chrono::steady_clock::now();
  client.Send("GET / HTTP/1.1\r\nX: ");
  while (!client.CanReadWithin(5ms)) client.Send("x");
  CHECK(std::chrono::steady_clock::now() - begun >= 100ms);
  CHECK(client.ReadResponse().status == 408);
  CHECK(client.IsClosedByServer());
}

TEST_CASE("a body that does not arrive in time gets 408, and may take longer than headers") {
  HttpServerSettings settings = Settings();
  settings.header_timeout = 200ms;
  settings.body_timeout = 800ms;
  Server server(Echo, settings);
  RawClient body(server.port()), headers(server.port());
  body.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  headers.Send("POST / HTTP/1.1\r\nHost: h\r\n");
  CHECK(headers.ReadResponse().status == 408);
  CHECK_FALSE(body.CanReadWithin(0ms));
  CHECK(body.ReadResponse().status == 408);
  CHECK(body.IsClosedByServer());
}

TEST_CASE("a connection that is idle for too long is closed without a word") {
  HttpServerSettings settings = Settings();
  settings.idle_timeout = 40ms;
  settings.header_timeout = 300ms;  // also for the first byte of all
  Server server(Echo, settings);
  RawClient fresh(server.port());
  RawClient used(server.port());
  used.Send(Get("/"));
  CHECK(used.ReadResponse().status == 200);
  CHECK(used.IsClosedByServer());
  CHECK(fresh.IsClosedByServer());
  CHECK(Eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("a request may be handled for longer than any time-out") {
  HttpServerSettings settings = Settings();
  settings.idle_timeout = settings.body_timeout = settings.write_timeout = 20ms;
  settings.header_timeout = 150ms;  // also for the first byte of all
  Desk desk;
  Server server(desk.handler(), settings);
  RawClient client(server.port());
  client.Send(Get("/"));
  auto held = desk.Next();
  CHECK_FALSE(client.CanReadWithin(250ms));
  std::move(held.responder).Send(Answer(200, "at last"));
  CHECK(client.ReadResponse().body == "at last");
}

TEST_CASE("a client that does not read is dropped, one that reads slowly is not") {
  HttpServerSettings settings = Settings();
  settings.write_timeout = 400ms;
  const std::string large(16 * 1024 * 1024, 'x');
  Server server([&](Request, Responder responder) { std::move(responder).Send(Answer(200, large)); }, settings);
  RawClient::Options small_buffer;
  small_buffer.receive_buffer = 64 * 1024;
  RawClient deaf(server.port(), small_buffer);
  deaf.Send(Get("/"));
  RawClient slow(server.port(), small_buffer);
  slow.Send(Get("/"));
  CHECK(Eventually([&] { return server.connections() == 2; }));
  std::size_t read = 0;
  const auto begun = std::chrono::steady_clock::now();
  while (server.connections() == 2 || std::chrono::steady_clock::now() - begun < 1s) {
    REQUIRE(read < large.size());
    const auto bytes = slow.ReadSome(100'000);
    REQUIRE_FALSE(bytes.empty());
    read += bytes.size();
    std::this_thread::sleep_for(10ms);  // how slow this client is, not a wait for anything
  }
  CHECK(server.connections() == 1);
  while (read < large.size()) {
    const auto bytes = slow.ReadSome(1'000'000);
    REQUIRE_FALSE(bytes.empty());
    read += bytes.size();
  }
}

TEST_CASE("a client that reads a large answer in sips is dropped, however steadily it sips") {
  HttpServerSettings settings = Settings();
  settings.write_timeout = 200ms;
  settings.min_read_rate = 1024 * 1024;
  const std::string large(16 * 1024 * 1024, 'x');
  Server server([&](Request, Responder responder) { std::move(responder).Send(Answer(200, large)); }, settings);
  RawClient::Options small_buffer;
  small_buffer.receive_buffer = 16 * 1024;
  RawClient sipping(server.port(), small_buffer);
  sipping.Send(Get("/"));
  std::size_t read = 0;
  try {
    for (;;) {
      const auto bytes = sipping.ReadSome(1'000);
      if (bytes.empty()) break;
      read += bytes.size();
      std::this_thread::sleep_for(5ms);  // how slow this client is, not a wait for anything
    }
  } catch (const std::exception&) {  // reset
  }
  CHECK(read < large.size());
  CHECK(Eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("a connection that says nothing has only as long as headers have") {
  HttpServerSettings settings = Settings();
  settings.header_timeout = 300ms;
  Server server(Echo, settings);
  RawClient silent(server.port()), used(server.port());
  used.Send(Get("/"));
  CHECK(used.ReadResponse().status == 200);
  CHECK(silent.IsClosedByServer());
  used.Send(Get("/"));
  CHECK(used.ReadResponse().status == 200);
}

TEST_CASE("padding around chunks does not make a body come at a fair rate") {
  HttpServerSettings settings = Settings();
  settings.body_timeout = 100ms;
  settings.min_body_rate = 1'000;
  Server server(Echo, settings);
  RawClient padding(server.port());
  padding.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto begun = std::chrono::steady_clock::now();
  while (!padding.CanReadWithin(20ms)) {
    REQUIRE(std::chrono::steady_clock::now() - begun < 30s);
    for (int i = 0; i < 5; ++i) padding.Send("0000000000000001\r\nx\r\n");
  }
  CHECK(padding.ReadResponse().status == 408);
}

TEST_CASE("a body may take its time while it comes at a fair rate, and may not trickle") {
  HttpServerSettings settings = Settings();
  settings.body_timeout = 300ms;
  settings.min_body_rate = 1'000;
  Server server(Echo, settings);
  RawClient fair(server.port()), trickling(server.port());
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  fair.Send(head);
  trickling.Send(head);
  do {
    fair.Send("1f4\r\n" + std::string(500, 'x') + "\r\n");
    trickling.Send("1\r\nx\r\n");
  } while (!trickling.CanReadWithin(20ms));
  CHECK(trickling.ReadResponse().status == 408);
  fair.Send("0\r\n\r\n");
  CHECK(fair.ReadResponse().status == 200);
}

TEST_SUITE_END();

}  // namespace
