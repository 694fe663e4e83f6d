#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <zlib.h>

#include <atomic>
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

TEST_SUITE_END();

}  // namespace
