#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <zlib.h>

#include <atomic>
#include <future>
#include <optional>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;
using namespace std::string_literals;

std::string Gzipped(std::string_view plain) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

TEST_SUITE_BEGIN("HttpServer");

TEST_CASE("malformed requests get one error and the connection is closed") {
  struct Malformed {
    int status;
    std::string request;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::vector<Malformed> all = {
      {400, "GET / HTTP/1.1\r\n\r\n"},                        // no Host
      {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},  // two
      {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {400, post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
      {400, post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
      {400, post + "Content-Length: 1, 1\r\n\r\n"},
      {400, post + "Content-Length: -1\r\n\r\n"},
      {400, post + "Content-Length: +1\r\n\r\n"},
      {400, post + "Content-Length: 0x1\r\n\r\n"},
      {400, post + "Content-Length: 1 1\r\n\r\n"},
      {400, post + "Content-Length:\r\n\r\n"},
      {400, post + "Content-Length: 99999999999999999999999\r\n\r\n"},
      {400, post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {400, post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
      {400, post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {400, post + "Transfer-Encoding: chunked, identity\r\n\r\n"},
      {400, post + "Transfer-Encoding: xchunked\r\n\r\n"},
      {400, post + "Transfer-Encoding: identity\r\n\r\n"},
      {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {400, post + "Content-Length : 1\r\n\r\n"},
      {400, post + "X-Folded: a\r\n b\r\n\r\n"},
      {400, post + "X-Folded: a\r\n\tb\r\n\r\n"},
      {400, " GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {400, "GET / HTTP/1.1\nHost: h\n\n"},
      {400, "GET / HTTP/1.1\r\nHost: h\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"},
      {400, "GET / HTTP/1.1\rHost: h\r\r"},
      {400, "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s},
      {400, "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s},
      {400, "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: h\r\n: no name\r\n\r\n"},
      {400, "GET /\r\nHost: h\r\n\r\n"},
      {400, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"},
      {400, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET / HTTP/x\r\nHost: h\r\n\r\n"},
      {400, "GET / http/1.1\r\nHost: h\r\n\r\n"},
      {400, "G@T / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "GET index.html HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {400, "\x16\x03\x01\x02\r\n\r\n"},  // TLS knocks
      {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {417, post + "Expect: miracles\r\nContent-Length: 1\r\n\r\n"},
      {415, post + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\n"},
      {415, post + "Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\n"},
      {415, post + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n"},
      {400, chunked + "x\r\n"},
      {400, chunked + "-1\r\n"},
      {400, chunked + "3\nabc\n0\n\n"},
      {400, chunked + "3\r\nabcd\r\n0\r\n\r\n"},
      {400, chunked + "3\r\nabc\n\r\n0\r\n\r\n"},
      {400, chunked + "3\rabc\r\n0\r\n\r\n"},
      {400, chunked + "3;" + std::string(40'000, 'x')},  // an extension without end
      {413, chunked + "fffffffffffffff\r\n"},
      {400, chunked + "10000000000000000\r\n"},
      {400, chunked + "0\r\nContent-Length: 5\r\n\r\n"},
  };
  std::atomic<int> handled = 0;
  Server server([&](Request request, Responder responder) {
    ++handled;
    Echo(std::move(request), std::move(responder));
  });
  for (const auto& [status, request] : all) {
    CAPTURE(request);
    RawClient client(server.port());
    client.Send(request + Get("/smuggled"));
    const auto response = client.ReadResponse();
    CHECK(response.status == status);
    CHECK(response.body.starts_with("error: "));
    CHECK(response.Header("Connection") == "close");
    CHECK(client.IsClosedByServer());
  }
  CHECK(handled == 0);
}

TEST_CASE("each limit has its status") {
  HttpServerSettings settings = Settings();
  settings.max_target_bytes = 100;
  settings.max_header_bytes = 1'000;
  settings.max_body_bytes = 2'000;
  Server server(Echo, settings);
  const auto status = [&](const std::string& request) {
    RawClient client(server.port());
    client.Send(request);
    const auto response = client.ReadResponse();
    if (response.status != 200) CHECK(client.IsClosedByServer());
    return response.status;
  };
  CHECK(status(Get("/" + std::string(99, 'x'))) == 200);
  CHECK(status(Get("/" + std::string(100, 'x'))) == 414);
  CHECK(status("GET /" + std::string(500, 'x')) == 414);  // no need to wait for its end
  CHECK(status(Get("/" + std::string(200'000, '/'))) == 414);
  const auto with_header = [](std::size_t size) {
    const std::string rest = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n";
    return "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(size - rest.size(), 'x') + "\r\n\r\n";
  };
  CHECK(status(with_header(1'000)) == 200);
  CHECK(status(with_header(1'001)) == 431);
  CHECK(status("GET / HTTP/1.1\r\nX: " + std::string(1'000, 'x')) == 431);
  CHECK(status(Post("/", std::string(2'000, 'x'))) == 200);
  CHECK(status(Post("/", std::string(2'001, 'x'))) == 413);
  const auto chunks = [](int of_ten) {
    std::string request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < of_ten; ++i) request += "a\r\n0123456789\r\n";
    return request + "0\r\n\r\n";
  };
  CHECK(status(chunks(200)) == 200);
  CHECK(status(chunks(201)) == 413);
}

TEST_CASE("a hundred header fields are enough, unless the limit is another") {
  Server server;
  const auto with_fields = [](int fields) {
    std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < fields; ++i) request += "x: y\r\n";
    return request + "\r\n";
  };
  CHECK(Exchange(server.port(), with_fields(100)).status == 200);
  CHECK(Exchange(server.port(), with_fields(101)).status == 431);
  HttpServerSettings settings = Settings();
  settings.max_header_fields = 10;
  Server strict(Echo, settings);
  CHECK(Exchange(strict.port(), with_fields(10)).status == 200);
  CHECK(Exchange(strict.port(), with_fields(11)).status == 431);
}

TEST_CASE("a Content-Length of a gigabyte is refused before any of it is read") {
  Server server;
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n");
  CHECK(client.ReadResponse().status == 413);
}

TEST_CASE("a client that sends its whole body before it reads sees the refusal, not a reset") {
  Server server;
  RawClient client(server.port());
  client.Send(Post("/", std::string(16 * 1024 * 1024, 'x')));
  CHECK(client.ReadResponse().status == 413);
  CHECK(client.IsClosedByServer());
}

// ---------------------------------------------------------------- gzip

TEST_CASE("a gzip body is unpacked") {
  std::optional<Request> seen;
  Server server([&](Request request, Responder responder) {
    seen = request;
    Echo(std::move(request), std::move(responder));
  });
  const std::string plain(300'000, 'a');
  RawClient client(server.port());
  client.Send(Post("/", Gzipped(plain), "Content-Encoding: GZIP\r\n"));
  CHECK(client.ReadResponse().body == "POST /? " + plain);
  CHECK_FALSE(seen->headers.Find("Content-Encoding"));
  client.Send(Post("/", Gzipped("one ") + Gzipped("two"), "Content-Encoding: x-gzip\r\n"));
  CHECK(client.ReadResponse().body == "POST /? one two");
  client.Send(Post("/", "plain", "Content-Encoding: identity\r\n"));
  CHECK(client.ReadResponse().body == "POST /? plain");
}

TEST_CASE("a broken gzip body is refused and the connection goes on") {
  Server server;
  RawClient client(server.port());
  const std::string sound = Gzipped("some text to be packed");
  std::string damaged = sound;
  damaged[damaged.size() - 6] ^= 1;  // its checksum
  for (const auto& broken : {std::string("not gzip"), sound.substr(0, sound.size() / 2), sound.substr(0, 5),
                             sound.substr(0, sound.size() - 1), sound + "behind", damaged}) {
    client.Send(Post("/", broken, "Content-Encoding: gzip\r\n"));
    CHECK(client.ReadResponse().status == 400);
  }
  client.Send(Get("/"));
  CHECK(client.ReadResponse().status == 200);
}

TEST_CASE("a gzip body may unpack to the limit and not a byte further") {
  Server server;
  RawClient client(server.port());
  const auto status = [&](std::size_t size) {
    client.Send(Post("/", Gzipped(std::string(size, 'z')), "Content-Encoding: gzip\r\n"));
    return client.ReadResponse().status;
  };
  CHECK(status(400'000) == 200);
  CHECK(status(400'001) == 413);
  CHECK(status(50'000'000) == 413);
  CHECK(status(0) == 200);
}

// ---------------------------------------------------------------- time

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

TEST_CASE("the answer to a broken HEAD has no body") {
  HttpServerSettings settings = Settings();
  settings.max_target_bytes = 100;
  Server server(Echo, settings);
  for (const auto& request :
       {"HEAD /" + std::string(200, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n",
        std::string("HEAD / HTTP/1.1\r\n folded\r\n\r\n"), std::string("HEAD / HTTP/3.0\r\n\r\n")}) {
    RawClient client(server.port());
    client.Send(request);
    const auto response = client.ReadUntilClose();
    CHECK(response.ends_with("\r\n\r\n"));
    CHECK(response.find("HTTP/1.1", 1) == std::string::npos);
  }
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
