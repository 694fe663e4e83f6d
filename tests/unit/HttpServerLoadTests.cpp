#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;
using namespace std::string_literals;

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("a client that reads 50 MB slowly leaves the others untouched and gets all of it") {
  std::string large(50 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
  Server server([&](Request request, Responder responder) {
    std::move(responder).Send(Answer(200, request.path == "/large" ? large : "small"));
  });
  RawClient::Options small_buffer;
  small_buffer.receive_buffer = 16 * 1024;
  RawClient slow(server.port(), small_buffer);
  slow.Send(Get("/large") + Get("/behind"));
  std::string head = slow.ReadSome(1'000);

  RawClient other(server.port());
  std::chrono::steady_clock::duration longest{};
  const double before = CpuSeconds();
  for (int i = 0; i < 200; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    other.Send(Get("/small"));
    CHECK(other.ReadResponse().body == "small");
    longest = std::max(longest, std::chrono::steady_clock::now() - begun);
    head += slow.ReadSome(1'000);
  }
  CHECK(longest < 2s);
  const double busy = CpuSeconds();
  CHECK_FALSE(other.CanReadWithin(200ms));
  CHECK(CpuSeconds() - busy < 0.1);  // nobody spins over the full socket
  CHECK(busy - before < 2);

  std::string all = std::move(head);
  const std::string behind_body = "small";
  while (!all.ends_with("\r\n\r\n" + behind_body)) {
    const auto bytes = slow.ReadSome(1'000'000);
    REQUIRE_FALSE(bytes.empty());
    all += bytes;
  }
  const auto start = all.find("\r\n\r\n") + 4;
  CHECK(all.compare(start, large.size(), large) == 0);
  CHECK(all.compare(start + large.size(), 15, "HTTP/1.1 200 OK") == 0);
}

TEST_CASE("a request behind a large answer can wait for its own without anybody spinning") {
  const std::string large(8 * 1024 * 1024, 'x');
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  client.Send(Get("/large") + Get("/behind"));
  std::move(desk.Next().responder).Send(Answer(200, large));
  CHECK(client.ReadResponse().body.size() == large.size());
  auto behind = desk.Next();
  const double before = CpuSeconds();
  CHECK_FALSE(client.CanReadWithin(200ms));
  CHECK(CpuSeconds() - before < 0.1);
  std::move(behind.responder).Send(Answer(200, "behind"));
  CHECK(client.ReadResponse().body == "behind");
}

TEST_CASE("a client that leaves within a large answer takes nobody with it") {
  const std::string large(8 * 1024 * 1024, 'x');
  Server server([&](Request, Responder responder) { std::move(responder).Send(Answer(200, large)); });
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.Send(Get("/"));
    client.ReadSome(10);
    client.Close(i % 2 == 0);
  }
  CHECK(Exchange(server.port(), Get("/")).body.size() == large.size());
  CHECK(Eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("a connection over the limit is refused with 503, and has a place when another has left") {
  HttpServerSettings settings = Settings();
  settings.max_connections = 2;
  Server server(Echo, settings);
  RawClient one(server.port());
  std::optional<RawClient> two(std::in_place, server.port());
  CHECK(Eventually([&] { return server.connections() == 2; }));
  RawClient three(server.port());
  three.Send(Get("/"));
  const auto refusal = three.ReadResponse();
  CHECK(refusal.status == 503);
  CHECK(refusal.Header("Connection") == "close");
  CHECK(three.IsClosedByServer());
  CHECK(server.connections() == 2);
  two.reset();
  CHECK(Eventually([&] { return server.connections() == 1; }));
  CHECK(Exchange(server.port(), Get("/")).status == 200);
  one.Send(Get("/"));
  CHECK(one.ReadResponse().status == 200);
}

TEST_CASE("running out of descriptors costs clients, not the server") {
  Server server;
  RawClient before(server.port());
  before.Send(Get("/"));
  CHECK(before.ReadResponse().status == 200);

  rlimit usual{};
  getrlimit(RLIMIT_NOFILE, &usual);
  std::vector<int> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
  rlimit none_left = usual;
  none_left.rlim_cur = static_cast<rlim_t>(clients.back()) + 20;
  setrlimit(RLIMIT_NOFILE, &none_left);
  std::vector<int> fillers;
  for (int filler = ::dup(0); filler >= 0; filler = ::dup(0)) fillers.push_back(filler);

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const int client : clients)
    CHECK(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  const double busy = CpuSeconds();
  CHECK_FALSE(before.CanReadWithin(300ms));
  CHECK(CpuSeconds() - busy < 0.15);  // nobody spins over the clients that cannot be accepted
  before.Send(Get("/"));
  CHECK(before.ReadResponse().status == 200);
  char byte;
  for (const int client : clients) CHECK(::recv(client, &byte, 1, 0) == 0);  // turned away, not left to wait

  setrlimit(RLIMIT_NOFILE, &usual);
  for (const int descriptor : fillers) ::close(descriptor);
  for (const int descriptor : clients) ::close(descriptor);
  CHECK(Exchange(server.port(), Get("/")).status == 200);
}

TEST_CASE("a port that is taken is reported as such") {
  Server server;
  HttpServerSettings settings = Settings();
  settings.port = server.port();
  const std::string message =
      "cannot listen on 127.0.0.1 port " + std::to_string(server.port()) + ": Address already in use";
  CHECK_THROWS_WITH_AS(Server(Echo, settings), message.c_str(), std::runtime_error);
  settings.host = "somewhere";
  CHECK_THROWS_WITH_AS(Server(Echo, settings), "cannot listen on \"somewhere\": not a numeric address",
                       std::runtime_error);
}

TEST_CASE("stopping closes idle connections, finishes what has begun and refuses what is new") {
  Desk desk;
  Server server(desk.handler());
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
