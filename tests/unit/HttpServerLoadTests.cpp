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

TEST_SUITE_END();

}  // namespace
