#include "Api/Http/BodySource.h"
#include "tests/unit/HttpServerFixture.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace volcanion::test;
using namespace volcanion::test::http;
using volcanion::api::BodySource;
using volcanion::api::PieceSink;

// What became of the sources of a test.
struct Count {
  std::atomic<int> alive = 0;
  std::atomic<std::size_t> asked = 0;
};

struct Counted : BodySource {
  explicit Counted(Count& one) : count(one) { ++count.alive; }
  ~Counted() override { --count.alive; }
  Count& count;
};

// Gives these pieces, the last one as such, on the thread that asks; asked for more, it fails.
class Script final : public Counted {
 public:
  Script(Count& counting, std::vector<std::string> pieces, bool ends = true)
      : Counted(counting), pieces_(std::move(pieces)), ends_(ends) {}
  void Next(PieceSink sink) override {
    const auto i = count.asked++;
    auto piece = pieces_.at(i);
    ends_&& i + 1 == pieces_.size() ? std::move(sink).SendLast(piece) : std::move(sink).Send(piece);
  }

 private:
  const std::vector<std::string> pieces_;
  const bool ends_;
};

// Never ends, and gives its pieces from a thread of its own.
class Endless final : public Counted {
 public:
  Endless(Count& counting, std::size_t bytes) : Counted(counting), piece_(bytes, 'x') {}
  ~Endless() override {
    if (thread_.joinable()) thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  }
  void Next(PieceSink sink) override {
    ++count.asked;
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([piece = piece_, sink = std::move(sink)]() mutable { std::move(sink).Send(piece); });
  }

 private:
  const std::string piece_;
  std::thread thread_;
};

// A source that keeps what it is asked for until the test gives it.
class Held final : public Counted {
 public:
  struct Asked {
    std::mutex mutex;
    std::optional<PieceSink> sink;
  };
  Held(Count& counting, Asked& asked) : Counted(counting), asked_(asked) {}
  void Next(PieceSink sink) override {
    const std::lock_guard lock(asked_.mutex);
    asked_.sink.emplace(std::move(sink));
    ++count.asked;
  }

 private:
  Asked& asked_;
};

Response Streamed(std::shared_ptr<BodySource> rest, std::string first = "") {
  auto response = Answer(200, std::move(first));
  response.rest = std::move(rest);
  return response;
}

const std::string kEnd = "0\r\n\r\n";

// What follows the head.
std::string BodyOf(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

std::string Asking(const std::string& headers, const std::string& version = "1.1") {
  return "GET / HTTP/" + version + "\r\nHost: test\r\n" + headers + "\r\n";
}

TEST_SUITE_BEGIN("HttpServer, streamed answers");

TEST_CASE("pieces are chunks, the first one comes with the head, and the last chunk ends the answer") {
  Count count;
  Server server([&](Request, Responder responder) {
    std::move(responder).Send(
        Streamed(std::make_shared<Script>(count, std::vector<std::string>{std::string(20, 'b'), "", "c"}), "a"));
  });
  RawClient client(server.port());
  client.Send(Asking("Connection: close\r\n"));
  const auto answer = client.ReadUntilClose();
  CHECK(answer.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(answer.find("Content-Length") == std::string::npos);
  CHECK(BodyOf(answer) == "1\r\na\r\n14\r\n" + std::string(20, 'b') + "\r\n1\r\nc\r\n" + kEnd);
  CHECK(count.alive == 0);
}

TEST_CASE("an answer may begin with no piece and end with none") {
  Count count;
  Server server([&](Request, Responder responder) {
    std::move(responder).Send(Streamed(std::make_shared<Script>(count, std::vector<std::string>{"a", ""})));
  });
  RawClient client(server.port());
  client.Send(Asking("Connection: close\r\n"));
  CHECK(BodyOf(client.ReadUntilClose()) == "1\r\na\r\n" + kEnd);
}

TEST_CASE("requests behind a streamed answer are answered in order, large pieces or small") {
  Count count;
  const std::string large(300'000, 'y');
  Server server([&](Request request, Responder responder) {
    if (request.path == "/short") return Echo(std::move(request), std::move(responder));
    count.asked = 0;
    std::move(responder).Send(
        Streamed(std::make_shared<Script>(count, std::vector<std::string>{large, "z", large}), "a"));
  });
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += Get("/long") + Get("/short");
  client.Send(all);
  for (int i = 0; i < 20; ++i) {
    CHECK(client.ReadResponse().body == "a" + large + "z" + large);
    CHECK(client.ReadResponse().body == "GET /short? ");
  }
  CHECK(count.alive == 0);
}

TEST_CASE("HEAD gets the head of a streamed answer, and the source is not asked") {
  Count count;
  Server server([&](Request, Responder responder) {
    std::move(responder).Send(Streamed(std::make_shared<Script>(count, std::vector<std::string>{"b"}), "a"));
  });
  RawClient client(server.port());
  client.Send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.ReadResponse(true).Header("Transfer-Encoding") == "chunked");
  CHECK(count.asked == 0);
  CHECK(Eventually([&] { return count.alive == 0; }));
  client.Send(Get("/"));
  CHECK(client.ReadResponse().body == "ab");
}

TEST_CASE("over HTTP/1.0 the end of the connection is the end of the answer, whatever the client asks for") {
  Count count;
  Server server([&](Request, Responder responder) {
    count.asked = 0;
    std::move(responder).Send(Streamed(std::make_shared<Script>(count, std::vector<std::string>{"b", "c"}), "a"));
  });
  for (const std::string headers : {"", "Connection: keep-alive\r\n"}) {
    RawClient client(server.port());
    client.Send(Asking(headers, "1.0"));
    const auto answer = client.ReadUntilClose();
    CHECK(answer.find("Transfer-Encoding") == std::string::npos);
    CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(BodyOf(answer) == "abc");
  }
  RawClient client(server.port());
  client.Send("HEAD / HTTP/1.0\r\n\r\n");
  CHECK(BodyOf(client.ReadUntilClose()).empty());
}

TEST_CASE("what is broken off in the middle has no end: no last chunk, and a reset over HTTP/1.0") {
  Count count;
  Server server([&](Request, Responder responder) {
    count.asked = 0;
    std::move(responder).Send(Streamed(std::make_shared<Script>(count, std::vector<std::string>{"b"}, false), "a"));
  });
  RawClient client(server.port());
  client.Send(Get("/") + Get("/behind"));
  const auto answer = client.ReadUntilClose();
  CHECK(BodyOf(answer) == "1\r\na\r\n1\r\nb\r\n");
  RawClient old(server.port());
  old.Send(Asking("", "1.0"));
  CHECK_THROWS(old.ReadUntilClose());
  CHECK(Eventually([&] { return server.connections() == 0; }));
  CHECK(count.alive == 0);
}

TEST_CASE("a piece may be given long after it was asked for, and one that nobody gives breaks the answer off") {
  Count count;
  Held::Asked asked;
  HttpServerSettings settings = Settings();
  settings.idle_timeout = settings.write_timeout = 100ms;
  Server server(
      [&](Request, Responder responder) {
        std::move(responder).Send(Streamed(std::make_shared<Held>(count, asked), "a"));
      },
      settings);
  const auto take = [&] {
    const std::lock_guard lock(asked.mutex);
    auto sink = std::move(*asked.sink);
    asked.sink.reset();
    return sink;
  };
  RawClient client(server.port());
  client.Send(Get("/"));
  REQUIRE(Eventually([&] { return count.asked == 1; }));
  std::string answer;
  while (!answer.ends_with("1\r\na\r\n")) answer += client.ReadSome(1'000);
  CHECK_FALSE(client.CanReadWithin(300ms));  // longer than any time-out
  std::move(take()).Send("b");
  REQUIRE(Eventually([&] { return count.asked == 2; }));
  { const auto unused = take(); }
  CHECK(client.ReadUntilClose() == "1\r\nb\r\n");
  CHECK(Eventually([&] { return count.alive == 0; }));
}

TEST_CASE("a client that leaves ends what is made for it, while it is sent and while it is made") {
  Count count;
  Held::Asked asked;
  Server server([&](const Request& request, Responder responder) {
    std::move(responder).Send(request.path == "/held" ? Streamed(std::make_shared<Held>(count, asked), "a")
                                                      : Streamed(std::make_shared<Endless>(count, 100'000)));
  });
  for (const bool reset : {false, true}) {
    RawClient reading(server.port());
    reading.Send(Get("/endless"));
    REQUIRE_FALSE(reading.ReadSome(500'000).empty());
    reading.Close(reset);
    CHECK(Eventually([&] { return server.connections() == 0 && count.alive == 0; }));
  }
  count.asked = 0;
  RawClient waiting(server.port());
  waiting.Send(Get("/held"));
  REQUIRE(Eventually([&] { return count.asked == 1; }));
  waiting.Close(true);
  CHECK(Eventually([&] { return server.connections() == 0 && count.alive == 0; }));
  std::move(*asked.sink).Send("for nobody");
  CHECK(count.asked == 1);
}

TEST_CASE("for a client that reads nothing no more is made than lies ahead of it, and it is dropped at the deadline") {
  Count count;
  HttpServerSettings settings = Settings();
  settings.write_timeout = 300ms;
  Server server(
      [&](Request request, Responder responder) {
        if (request.path == "/short") return Echo(std::move(request), std::move(responder));
        std::move(responder).Send(Streamed(std::make_shared<Endless>(count, 64 * 1024)));
      },
      settings);
  RawClient::Options small_buffer;
  small_buffer.receive_buffer = 16 * 1024;
  std::vector<RawClient> deaf;
  for (int i = 0; i < 50; ++i) {
    deaf.emplace_back(server.port(), small_buffer);
    deaf.back().Send(Get("/"));
  }
  RawClient other(server.port());
  int answered = 0;
  while (count.alive > 0 || count.asked == 0) {
    other.Send(Get("/short"));
    answered += other.ReadResponse().body == "GET /short? ";
  }
  CHECK(answered > 0);
  CHECK(server.connections() == 1);
  CHECK(count.asked * 64 * 1024 < 50 * std::size_t{8 * 1024 * 1024});  // the kernel's buffers
  for (auto& client : deaf) CHECK_THROWS(client.ReadUntilClose());
}

TEST_CASE("a client that reads a streamed answer byte by byte gets all of it") {
  Count count;
  Server server([&](Request, Responder responder) {
    std::move(responder).Send(
        Streamed(std::make_shared<Script>(count, std::vector<std::string>(50, std::string(30, 'x')))));
  });
  RawClient client(server.port());
  client.Send(Asking("Connection: close\r\n"));
  std::string answer;
  for (auto byte = client.ReadSome(1); !byte.empty(); byte = client.ReadSome(1)) answer += byte;
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += "1e\r\n" + std::string(30, 'x') + "\r\n";
  CHECK(BodyOf(answer) == expected + kEnd);
}

TEST_CASE("pieces that clients do not take count among what is unsent: who has read longest is dropped") {
  Count count;
  HttpServerSettings settings = Settings();
  settings.max_unsent_bytes = 20'000'000;
  Server server(
      [&](Request, Responder responder) {
        std::move(responder).Send(Streamed(std::make_shared<Endless>(count, 16 * 1024 * 1024)));
      },
      settings);
  RawClient one(server.port()), two(server.port());
  one.Send(Get("/"));
  two.Send(Get("/"));
  CHECK(Eventually([&] { return count.asked >= 2 && server.connections() == 1; }));
}

TEST_CASE("a streamed answer that ends while the server stops is whole, and one that does not is visibly cut") {
  Count count;
  Held::Asked asked;
  Server server([&](const Request& request, Responder responder) {
    std::move(responder).Send(request.path == "/held" ? Streamed(std::make_shared<Held>(count, asked), "a")
                                                      : Streamed(std::make_shared<Endless>(count, 1'000), "a"));
  });
  RawClient ending(server.port()), endless(server.port()), old(server.port());
  ending.Send(Get("/held"));
  endless.Send(Get("/endless"));
  old.Send(Asking("", "1.0"));
  REQUIRE(Eventually([&] { return count.alive == 3 && server.connections() == 3; }));
  std::string read_by_endless;
  std::thread reading([&] { read_by_endless = endless.ReadUntilClose(); });
  std::thread reading_old([&] { CHECK_THROWS(old.ReadUntilClose()); });
  std::thread stopping([&] { server.Stop(300ms); });
  {
    const std::lock_guard lock(asked.mutex);
    std::move(*asked.sink).SendLast("b");
  }
  CHECK(ending.ReadResponse().body == "ab");
  CHECK(ending.IsClosedByServer());
  ending.Close();
  stopping.join();
  reading.join();
  reading_old.join();
  CHECK_FALSE(read_by_endless.ends_with(kEnd));
  CHECK(server.connections() == 0);
  CHECK(Eventually([&] { return count.alive == 0; }));
}

TEST_CASE("a piece may be given after its server has gone") {
  Count count;
  Held::Asked asked;
  {
    Server server([&](Request, Responder responder) {
      std::move(responder).Send(Streamed(std::make_shared<Held>(count, asked), "a"));
    });
    RawClient client(server.port());
    client.Send(Get("/"));
    REQUIRE(Eventually([&] { return count.asked == 1; }));
  }
  std::move(*asked.sink).Send("for nobody");
  asked.sink.reset();
  CHECK(count.alive == 0);
}

TEST_SUITE_END();

TEST_CASE("what is packed in pieces can be unpacked as one") {
  volcanion::api::GzipPacker packer;
  std::string plain, packed;
  for (int i = 0; i < 40; ++i) {
    std::string piece;
    for (int j = 0; j < i * 500; ++j) piece += std::to_string(i * j) + ",";
    plain += piece;
    packed += packer.Pack(piece, false);
  }
  packed += packer.Pack("end", true);
  std::string unpacked;
  CHECK(volcanion::api::Gunzip(packed, 100'000'000, unpacked) == volcanion::api::GunzipOutcome::kDone);
  CHECK(unpacked == plain + "end");
  CHECK(packed.size() < plain.size() / 2);
}

}  // namespace
