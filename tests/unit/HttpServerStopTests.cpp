#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("stopping closes idle connections, finishes what has begun and refuses what is new") {
  HttpServerSettings settings = Settings();
  settings.last_body = 10s;
  Desk desk;
  Server server(desk.handler(), settings);
  RawClient idle(server.port());
  RawClient handled(server.port());
  handled.Send(Get("/handled") + Get("/never"));
  auto held = desk.Next();
  RawClient arriving(server.port());
  arriving.Send("POST /arriving HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
  CHECK(Eventually([&] { return server.connections() == 3; }));
  arriving.Send("b");

  std::thread stopping([&] { server.Stop(10s); });
  CHECK(idle.IsClosedByServer());
  CHECK_THROWS(RawClient(server.port()));
  std::move(held.responder).Send(Answer(200, "done"));
  const auto response = handled.ReadResponse();
  CHECK(response.body == "done");
  CHECK(response.Header("Connection") == "close");
  CHECK(handled.IsClosedByServer());
  handled.Close();
  arriving.Send("c");
  auto arrived = desk.Next();
  CHECK(arrived.request.body == "abc");
  std::move(arrived.responder).Send(Answer(200, "too"));
  CHECK(arriving.ReadResponse().Header("Connection") == "close");
  arriving.Close();
  stopping.join();
  CHECK(server.connections() == 0);
  CHECK(desk.waiting() == 0);
}

TEST_CASE("what has not finished by the deadline is closed") {
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  auto held = desk.Next();
  const auto begun = std::chrono::steady_clock::now();
  server.Stop(50ms);
  CHECK(std::chrono::steady_clock::now() - begun >= 50ms);
  const auto response = client.ReadResponse();
  CHECK(response.status == 503);
  CHECK(response.Header("Connection") == "close");
  CHECK(client.IsClosedByServer());
  CHECK(server.connections() == 0);
  std::move(held.responder).Send(Answer(200, "too late"));
}

TEST_CASE("a request that is on its way when the server stops is answered, and told to go elsewhere") {
  HttpServerSettings settings = Settings();
  settings.last_call = 10s;  // until the client of this test has noticed
  Server server(Echo, settings);
  RawClient idle(server.port()), warned(server.port());
  warned.Send(Get("/"));
  CHECK(warned.ReadResponse().Header("Connection") != "close");
  server.AskToLeave();
  CHECK(Eventually([&] {
    RawClient client(server.port());
    client.Send(Get("/"));
    return client.ReadResponse().Header("Connection") == "close";
  }));
  warned.Send(Get("/"));
  CHECK(warned.ReadResponse().Header("Connection") == "close");
  std::thread stopping([&] { server.Stop(10s); });
  while (true) {
    try {
      RawClient client(server.port());
    } catch (const std::exception&) {
      break;  // it has stopped to accept
    }
  }
  idle.Send(Get("/last"));
  const auto last = idle.ReadResponse();
  CHECK(last.status == 200);
  CHECK(last.Header("Connection") == "close");
  idle.Close();
  warned.Close();
  stopping.join();
}

TEST_CASE("half a request that does not go on holds up no stop, and is answered 503") {
  HttpServerSettings settings = Settings();
  settings.header_timeout = settings.body_timeout = 10min;
  settings.last_call = settings.last_body = 50ms;
  Server server(Echo, settings);
  RawClient head(server.port()), body(server.port());
  head.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Le");
  body.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
  Exchange(server.port(), Get("/"));  // the second of these is read after what came before
  Exchange(server.port(), Get("/"));
  server.Stop(10min);
  for (auto* half : {&head, &body}) {
    const auto response = half->ReadResponse();
    CHECK(response.status == 503);
    CHECK(response.Header("Connection") == "close");
    CHECK(half->IsClosedByServer());
  }
}

TEST_CASE("a body that keeps coming is waited for when the server stops") {
  HttpServerSettings settings = Settings();
  settings.last_body = 300ms;
  settings.min_body_rate = 1'000;
  Server server(Echo, settings);
  RawClient coming(server.port()), stalled(server.port());
  for (auto* client : {&coming, &stalled})
    client->Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  Exchange(server.port(), Get("/"));
  Exchange(server.port(), Get("/"));
  std::thread stopping([&] { server.Stop(10min); });
  do {
    coming.Send("1f4\r\n" + std::string(500, 'x') + "\r\n");
  } while (!stalled.CanReadWithin(20ms));
  CHECK(stalled.ReadResponse().status == 503);
  coming.Send("0\r\n\r\n");
  CHECK(coming.ReadResponse().status == 200);
  coming.Close();
  stopping.join();
}

TEST_CASE("stopping twice, from two threads, or before starting is harmless") {
  Server server;
  std::thread other([&] { server.Stop(1s); });
  server.Stop(1s);
  other.join();
  server.Stop(1s);
  HttpServer never(Settings(), Echo, ErrorAnswer);
  const auto port = never.port();
  CHECK(port != 0);
  never.Stop(1s);
  never.Start();
  CHECK_THROWS(RawClient(port));
}

TEST_CASE("a server that is stopped under load leaves no descriptor and no thread behind") {
  const auto descriptors = EntriesOf("/proc/self/fd");
  const auto threads = EntriesOf("/proc/self/task");
  for (int round = 0; round < 5; ++round) {
    HttpServerSettings settings = Settings();
    settings.workers = 2;
    auto server = std::make_unique<Server>(Echo, settings);
    std::atomic<bool> stop = false;
    std::atomic<int> served = 0;
    std::vector<std::thread> clients;
    for (int t = 0; t < 4; ++t)
      clients.emplace_back([&] {
        while (!stop) try {
            RawClient client(server->port());
            for (int i = 0; i < 3; ++i) {
              client.Send(Post("/", "x"));
              client.ReadResponse();
              ++served;
            }
          } catch (const std::exception&) {  // refused or closed: it is stopping
          }
      });
    CHECK(Eventually([&] { return served > 100; }));
    server->Stop(round % 2 == 0 ? 0ms : 1000ms);
    CHECK(server->connections() == 0);
    stop = true;
    for (auto& client : clients) client.join();
    server.reset();
  }
  CHECK(EntriesOf("/proc/self/fd") == descriptors);
  CHECK(EntriesOf("/proc/self/task") == threads);
}

TEST_SUITE_END();

}  // namespace
