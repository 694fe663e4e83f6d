#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;
using namespace std::string_literals;

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("a connection serves one request after the other") {
  Server server;
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(Post("/a/b?c=%20d", "body " + std::to_string(i)));
    const auto response = client.ReadResponse();
    CHECK(response.status == 200);
    CHECK(response.reason == "OK");
    CHECK(response.body == "POST /a/b?c=%20d body " + std::to_string(i));
    CHECK_FALSE(response.Header("Connection"));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("the handler gets the request as it was sent, framing removed") {
  std::optional<Request> seen;
  Server server([&](Request request, Responder responder) {
    seen = std::move(request);
    std::move(responder).Send(Answer(204, ""));
  });
  RawClient client(server.port());
  client.Send("PUT /x/%2F/y?a=1?b HTTP/1.1\r\nhost: h\r\nX-One:  1 \r\nx-one: 2\r\nContent-Length: 4\r\n\r\nabcd");
  CHECK(client.ReadResponse().status == 204);
  REQUIRE(seen);
  CHECK(seen->method == "PUT");
  CHECK(seen->path == "/x/%2F/y");
  CHECK(seen->query == "a=1?b");
  CHECK(seen->body == "abcd");
  CHECK(seen->remote_address == "127.0.0.1");
  CHECK(seen->headers.Find("X-ONE") == "1");
  CHECK(seen->headers.fields().size() == 4);
  CHECK_FALSE(seen->headers.Find("X-Two"));
}

TEST_CASE("the absolute form of a target is taken for its path") {
  Server server;
  CHECK(Exchange(server.port(), "GET http://h:80/p?q HTTP/1.1\r\nHost: h:80\r\n\r\n").body == "GET /p?q ");
  CHECK(Exchange(server.port(), "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").body == "GET /?q ");
  CHECK(Exchange(server.port(), "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body == "OPTIONS *? ");
}

TEST_CASE("a request may arrive byte by byte") {
  Server server;
  RawClient client(server.port());
  const std::string requests = "\r\n" + Post("/one", "hello") +
                               "POST /two HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5;x=\"y\"\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char byte : requests) client.Send({&byte, 1});
  CHECK(client.ReadResponse().body == "POST /one? hello");
  CHECK(client.ReadResponse().body == "POST /two? hello!");
}

TEST_CASE("an empty chunked body may arrive byte by byte") {
  Server server;
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char byte : "0\r\n\r\n"s) {
    CHECK_FALSE(client.CanReadWithin(10ms));
    client.Send({&byte, 1});
  }
  CHECK(client.ReadResponse().body == "POST /? ");
}

TEST_CASE("a chunk's CR and LF may come apart") {
  Server server;
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r");
  CHECK_FALSE(client.CanReadWithin(20ms));
  client.Send("\n0\r\n\r");
  CHECK_FALSE(client.CanReadWithin(20ms));
  client.Send("\n");
  CHECK(client.ReadResponse().body == "POST /? abc");
}

TEST_CASE("a field behind a chunked body changes nothing") {
  std::optional<Request> seen;
  Server server([&](Request request, Responder responder) {
    seen = std::move(request);
    std::move(responder).Send(Answer(200, ""));
  });
  Exchange(server.port(), "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-API-Key: k\r\n\r\n");
  REQUIRE(seen);
  CHECK_FALSE(seen->headers.Find("X-API-Key"));
}

TEST_CASE("requests sent ahead are handled one at a time and answered in order") {
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += Post("/" + std::to_string(i), std::string(50, 'x'));
  client.Send(all);
  for (int i = 0; i < 200; ++i) {
    auto next = desk.Next();
    CHECK(next.request.path == "/" + std::to_string(i));
    CHECK(desk.waiting() == 0);
    std::move(next.responder).Send(Answer(200, next.request.path));
    CHECK(client.ReadResponse().body == "/" + std::to_string(i));
  }
}

TEST_CASE("thousands of requests sent ahead and answered in place do not nest") {
  Server server;
  RawClient client(server.port());
  std::thread sender([&] {
    std::string all;
    for (int i = 0; i < 20'000; ++i) all += Get("/" + std::to_string(i));
    client.Send(all);
  });
  int right = 0;
  for (int i = 0; i < 20'000; ++i) right += client.ReadResponse().body == "GET /" + std::to_string(i) + "? ";
  sender.join();
  CHECK(right == 20'000);
}

TEST_CASE("a client that sends ahead without end is slowed down, not stored") {
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  client.Send(Get("/held"));
  auto held = desk.Next();
  const std::string flood = Post("/flood", std::string(1'000'000, 'x'));
  std::string more;
  for (int i = 0; i < 40; ++i) more += flood;
  const auto taken = client.SendWhatFits(more, 100ms);
  CHECK(taken < 20'000'000);  // what the two sockets hold
  const double before = CpuSeconds();
  CHECK_FALSE(client.CanReadWithin(200ms));
  CHECK(CpuSeconds() - before < 0.1);  // nobody spins over what is not read
  std::move(held.responder).Send(Answer(200, "now"));
  CHECK(client.ReadResponse().body == "now");
  std::move(desk.Next().responder).Send(Answer(200, "flood"));
  CHECK(client.ReadResponse().body == "flood");
}

TEST_CASE("Connection: close is obeyed") {
  Server server;
  RawClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + Get("/behind"));
  const auto response = client.ReadResponse();
  CHECK(response.Header("Connection") == "close");
  CHECK(client.IsClosedByServer());
}

TEST_CASE("a handler can close the connection") {
  Server server([](Request, Responder responder) {
    Response response = Answer(200, "bye");
    response.headers.Add("connection", "Close");
    std::move(responder).Send(std::move(response));
  });
  RawClient client(server.port());
  client.Send(Get("/"));
  CHECK(client.ReadResponse().Header("Connection") == "close");
  CHECK(client.IsClosedByServer());
}

TEST_CASE("HTTP/1.0 closes unless it asks to keep the connection") {
  Server server;
  RawClient closing(server.port());
  closing.Send("GET / HTTP/1.0\r\n\r\n");
  CHECK(closing.ReadResponse().Header("Connection") == "close");
  CHECK(closing.IsClosedByServer());

  RawClient keeping(server.port());
  for (int i = 0; i < 2; ++i) {
    keeping.Send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    CHECK(keeping.ReadResponse().Header("Connection") == "keep-alive");
  }
}

TEST_CASE("a client that has finished sending still gets its answer") {
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  client.Send(Get("/a") + Get("/b"));
  client.FinishSending();
  auto a = desk.Next();
  CHECK_FALSE(client.CanReadWithin(50ms));
  std::move(a.responder).Send(Answer(200, "a"));
  CHECK(client.ReadResponse().body == "a");
  std::move(desk.Next().responder).Send(Answer(200, "b"));
  CHECK(client.ReadResponse().body == "b");
  CHECK(client.IsClosedByServer());
  CHECK(Eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("HEAD is answered with the length of the body and without it") {
  Server server;
  RawClient client(server.port());
  client.Send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.ReadResponse(true).Header("Content-Length") == std::to_string(std::string("HEAD /h? ").size()));
  client.Send(Get("/g"));
  CHECK(client.ReadResponse().body == "GET /g? ");
}

TEST_CASE("100 Continue is sent before the body is") {
  Server server;
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(client.ReadResponse().status == 100);
  client.Send("abc");
  CHECK(client.ReadResponse().body == "POST /? abc");
  client.Send(Post("/", "with body", "Expect: 100-continue\r\n"));  // it did not wait: nothing to continue
  CHECK(client.ReadResponse().status == 200);
}

TEST_CASE("a body that is too large is refused instead of continued") {
  Server server;
  const auto response =
      Exchange(server.port(), "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
  CHECK(response.status == 413);
}

TEST_CASE("an answer is framed and dated by the server, and cannot be split") {
  Server server([](Request request, Responder responder) {
    Response response = Answer(request.path == "/204" ? 204 : request.path == "/304" ? 304 : 200, "body");
    response.headers.Add("Content-Length", "1");
    response.headers.Add("Transfer-Encoding", "chunked");
    response.headers.Add("Date", "never");
    response.headers.Add("Retry-After", "5");
    response.headers.Add("X-Evil", "a\r\nSet-Cookie: b\n\nc");
    response.headers.Add("X-Evil\r\nX-Worse", "a");
    std::move(responder).Send(std::move(response));
  });
  RawClient client(server.port());
  client.Send(Get("/"));
  const auto response = client.ReadResponse();
  CHECK(response.body == "body");
  CHECK(response.Header("Content-Length") == "4");
  CHECK(response.Header("Retry-After") == "5");
  CHECK(response.Header("X-Evil") == "a  Set-Cookie: b  c");
  CHECK(response.Header("Date").value_or("").ends_with(" GMT"));
  CHECK(response.Header("Date").value_or("").size() == 29);
  CHECK_FALSE(response.Header("Server"));
  CHECK_FALSE(response.Header("Transfer-Encoding"));
  CHECK(response.headers.size() == 5);
  for (const auto* path : {"/204", "/304"}) {
    client.Send(Get(path));
    const auto bodiless = client.ReadResponse();
    CHECK(bodiless.status == std::stoi(path + 1));
    CHECK_FALSE(bodiless.Header("Content-Length"));
  }
  client.Send(Get("/"));
  CHECK(client.ReadResponse().body == "body");
}

TEST_CASE("an answer may come from any thread, made there or on the worker's") {
  Desk desk;
  Server server(desk.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  auto first = desk.Next();
  std::move(first.responder).Send(Answer(201, "sent"));
  CHECK(client.ReadResponse().status == 201);
  client.Send(Get("/"));
  auto second = desk.Next();
  std::thread::id maker;
  std::move(second.responder).SendMade([&] {
    maker = std::this_thread::get_id();
    return Answer(202, "made");
  });
  CHECK(client.ReadResponse().body == "made");
  CHECK(maker != std::this_thread::get_id());
}

TEST_CASE("a responder that is destroyed unused answers 500") {
  Server server([](Request request, Responder responder) {
    if (request.path == "/throws") throw std::runtime_error("secret");
    if (request.path == "/thread") std::thread([moved = std::move(responder)] {}).join();
  });
  RawClient client(server.port());
  for (const auto* path : {"/dropped", "/throws", "/thread"}) {
    client.Send(Get(path));
    const auto response = client.ReadResponse();
    CHECK(response.status == 500);
    CHECK(response.body.starts_with("error: "));
    CHECK(response.body.find("secret") == std::string::npos);
  }
}

TEST_CASE("a responder that another is assigned to answers 500") {
  Desk desk;
  Server server(desk.handler());
  RawClient one(server.port());
  RawClient two(server.port());
  one.Send(Get("/one"));
  auto first = desk.Next();
  two.Send(Get("/two"));
  auto second = desk.Next();
  first.responder = std::move(second.responder);
  CHECK(one.ReadResponse().status == 500);
  std::move(first.responder).Send(Answer(200, "two"));
  CHECK(two.ReadResponse().body == "two");
}

TEST_CASE("an answer that cannot be made is 500") {
  Server server([](Request, Responder responder) {
    std::move(responder).SendMade([]() -> Response { throw std::runtime_error("secret"); });
  });
  CHECK(Exchange(server.port(), Get("/")).status == 500);
}

TEST_CASE("an answer for a client that has gone is not made, and reaches nobody else") {
  Desk desk;
  Server server(desk.handler());
  RawClient gone(server.port());
  gone.Send(Get("/"));
  auto held = desk.Next();
  gone.Close(true);
  CHECK(Eventually([&] { return server.connections() == 0; }));
  RawClient next(server.port());
  next.Send(Get("/next"));
  auto nexts = desk.Next();
  bool made = false;
  std::move(held.responder).SendMade([&] {
    made = true;
    return Answer(200, "stale");
  });
  std::move(nexts.responder).Send(Answer(200, "fresh"));
  CHECK(next.ReadResponse().body == "fresh");
  CHECK_FALSE(made);
}

TEST_CASE("a handler is told when its client has gone, by whatever way, and when the server stops") {
  Desk desk;
  Server server(desk.handler());
  for (const auto way : {"closes", "resets", "finishes sending"}) {
    CAPTURE(way);
    RawClient client(server.port());
    client.Send(Get("/"));
    auto asked = desk.Next();
    CHECK_FALSE(asked.request.hung_up.stop_requested());
    if (way == std::string_view("finishes sending"))
      client.FinishSending();
    else
      client.Close(way == std::string_view("resets"));
    CHECK(Eventually([&] { return asked.request.hung_up.stop_requested(); }));
    std::move(asked.responder).Send(Answer(200, "late"));
    if (way == std::string_view("finishes sending")) CHECK(client.ReadResponse().body == "late");
  }
  RawClient client(server.port());
  client.Send(Get("/"));
  auto asked = desk.Next();
  server.Stop(0ms);
  CHECK(asked.request.hung_up.stop_requested());
}

TEST_CASE("a responder may outlive its server") {
  Desk desk;
  auto server = std::make_unique<Server>(desk.handler());
  RawClient client(server->port());
  client.Send(Get("/"));
  RawClient other(server->port());
  other.Send(Get("/"));
  auto used = desk.Next();
  auto unused = desk.Next();
  server.reset();
  CHECK(client.ReadResponse().status == 503);
  CHECK(client.IsClosedByServer());
  std::move(used.responder).Send(Answer(200, "too late"));
}

TEST_CASE("every answer reaches the request it belongs to while clients come and go") {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Desk::Case> cases;
  bool done = false;
  HttpServerSettings settings = Settings();
  settings.workers = 2;
  Server server(
      [&](Request request, Responder responder) {
        const std::lock_guard lock(mutex);
        cases.push_back({std::move(request), std::move(responder)});
        changed.notify_one();
      },
      settings);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (;;) {
        std::vector<Desk::Case> batch;
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return done || !cases.empty(); });
          if (done && cases.empty()) return;
          batch.swap(cases);
        }
        for (auto& [request, responder] : batch) {
          if (request.body.size() % 2 == 0)
            std::move(responder).Send(Answer(200, request.path));
          else
            std::move(responder).SendMade([path = request.path] { return Answer(200, path); });
        }
      }
    });
  std::atomic<int> wrong = 0;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t)
    clients.emplace_back([&, t] {
      for (int round = 0; round < 150; ++round) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(round) + "/";
        RawClient client(server.port());
        for (int i = 0; i < 4; ++i)
          client.Send(Post(path + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x')));
        const int reads = round % 5;  // and then leaves, one way or the other
        for (int i = 0; i < reads; ++i) {
          if (client.ReadResponse().body != path + std::to_string(i)) ++wrong;
          ++answered;
        }
        client.Close(round % 2 == 0);
      }
    });
  for (auto& client : clients) client.join();
  CHECK(Eventually([&] { return server.connections() == 0; }));
  {
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(answered == 4 * 30 * (0 + 1 + 2 + 3 + 4));
}

TEST_SUITE_END();

}  // namespace
