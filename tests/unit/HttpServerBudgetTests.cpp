#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("more requests than the handler may have at once are answered 503, and taken again afterwards") {
  Desk desk;
  HttpServerSettings settings = Settings();
  settings.max_requests = 2;
  Server server(desk.handler(), settings);
  RawClient first(server.port()), second(server.port()), third(server.port());
  first.Send(Get("/1"));
  auto one = desk.Next();
  second.Send(Get("/2"));
  auto two = desk.Next();
  third.Send(Get("/3"));
  CHECK(third.ReadResponse().status == 503);
  std::move(one.responder).Send(Answer(200, "one"));
  CHECK(first.ReadResponse().status == 200);
  third.Send(Get("/3"));
  std::move(desk.Next().responder).Send(Answer(200, "three"));
  CHECK(third.ReadResponse().body == "three");
  std::move(two.responder).Send(Answer(200, "two"));
  CHECK(second.ReadResponse().body == "two");
}

TEST_CASE("bodies that together are too much to hold are answered 503, and what they held is given back") {
  HttpServerSettings settings = Settings();
  settings.max_buffered_bytes = 1'000'000;
  Server server(Echo, settings);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 800000\r\n\r\n";
  RawClient half(server.port());
  half.Send(head + std::string(600'000, 'x'));
  CHECK(Eventually([&] { return server.buffered_bytes() == 600'000; }));
  {
    RawClient other(server.port());
    other.Send(head);
    other.SendWhatFits(std::string(800'000, 'y'), 1s);  // it is refused in the middle
    CHECK(other.ReadResponse().status == 503);
  }
  half.Send(std::string(200'000, 'x'));
  CHECK(half.ReadResponse().status == 200);
  for (int i = 0; i < 5; ++i) {
    half.Send(head + std::string(800'000, 'z'));
    CHECK(half.ReadResponse().status == 200);
  }
}

TEST_CASE("answers that clients do not take are not piled up without end: who has read longest is dropped") {
  HttpServerSettings settings = Settings();
  settings.max_unsent_bytes = 40'000'000;
  const std::string large(16 * 1024 * 1024, 'x');
  Server server(
      [&](const Request& request, Responder responder) {
        std::move(responder).Send(Answer(200, request.path == "/large" ? large : "small"));
      },
      settings);
  RawClient::Options small_buffer;
  small_buffer.receive_buffer = 64 * 1024;
  RawClient one(server.port(), small_buffer), two(server.port(), small_buffer), three(server.port());
  one.Send(Get("/large"));
  two.Send(Get("/large"));
  CHECK(one.ReadSome(1) == "H");
  CHECK(two.ReadSome(1) == "H");
  three.Send(Post("/small", std::string(300'000, 'y')));  // what is written is not in the way of what is not read
  CHECK(three.ReadResponse().body == "small");
  three.Send(Get("/large"));
  CHECK(three.ReadResponse().body.size() == large.size());
  CHECK(server.connections() == 2);
  std::size_t read = 1;
  while (read < large.size()) read += two.ReadSome(1'000'000).size();
}

TEST_CASE("a client that sends much at once takes turns with the others") {
  HttpServerSettings settings = Settings();
  settings.turn = 0ms;
  std::promise<void> begun, may_go_on;
  std::atomic<int> worked = 0, worked_before_other = 0;
  const RequestHandler handler = [&](const Request& request, Responder responder) {
    if (request.path == "/other") worked_before_other = worked.load();
    if (request.path == "/work" && ++worked == 1) {
      begun.set_value();
      may_go_on.get_future().wait();
    }
    std::move(responder).Send(Answer(200, "done"));
  };
  Server server(handler, settings);
  RawClient greedy(server.port()), other(server.port());
  other.Send(Get("/"));
  CHECK(other.ReadResponse().status == 200);
  std::string all;
  for (int i = 0; i < 200; ++i) all += Get("/work");
  greedy.Send(all);
  begun.get_future().wait();
  other.Send(Get("/other"));
  may_go_on.set_value();
  CHECK(other.ReadResponse().status == 200);
  CHECK(worked_before_other < 20);
  for (int i = 0; i < 200; ++i) CHECK(greedy.ReadResponse().status == 200);
}

TEST_CASE("bodies of requests that are in hand count, also when their clients have gone") {
  HttpServerSettings settings = Settings();
  settings.max_buffered_bytes = 500'000;
  settings.max_requests = 3;
  Desk desk;
  Server server(desk.handler(), settings);
  std::vector<Desk::Case> held;
  for (int i = 0; i < 2; ++i) {
    RawClient gone(server.port());
    gone.Send(Post("/", std::string(200'000, 'x')));
    held.push_back(desk.Next());
    gone.Close(true);
  }
  CHECK(Eventually([&] { return server.connections() == 0; }));
  CHECK(Exchange(server.port(), Post("/", std::string(200'000, 'y'))).status == 503);
  RawClient small(server.port());
  small.Send(Post("/", std::string(50'000, 'y')));
  held.push_back(desk.Next());
  CHECK(Exchange(server.port(), Get("/")).status == 503);  // the fourth
  for (auto& each : held) std::move(each.responder).Send(Answer(200, "done"));
  held.clear();
  CHECK(small.ReadResponse().status == 200);
  RawClient again(server.port());
  CHECK(Eventually([&] {
    RawClient client(server.port());
    client.Send(Post("/", std::string(200'000, 'z')));
    if (client.CanReadWithin(50ms)) return false;
    std::move(desk.Next().responder).Send(Answer(200, "done"));
    return client.ReadResponse().status == 200;
  }));
}

TEST_CASE("when there are as many connections as can be, an idle one makes room") {
  HttpServerSettings settings = Settings();
  settings.max_connections = 2;
  Server server(Echo, settings);
  RawClient idle(server.port()), idle_for_less(server.port());
  for (auto* client : {&idle, &idle_for_less}) {
    client->Send(Get("/"));
    CHECK(client->ReadResponse().status == 200);
  }
  RawClient fresh(server.port());
  fresh.Send(Get("/"));
  CHECK(fresh.ReadResponse().status == 200);
  CHECK(idle.IsClosedByServer());
  idle_for_less.Send(Get("/"));
  CHECK(idle_for_less.ReadResponse().status == 200);
}

TEST_SUITE_END();

}  // namespace
