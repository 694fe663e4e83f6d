#include "Api/Http/BodySource.h"
#include "Api/Http/HttpServer.h"
#include "Api/Router.h"
#include "tests/support/processes/Ports.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace volcanion;
using namespace volcanion::test;
using namespace volcanion::test::processes;

constexpr std::size_t kRecords = 95, kInOneAnswer = 40;

/// Given whole, or broken off behind them.
class Part final : public api::BodySource {
 public:
  explicit Part(bool is_whole) : is_whole_(is_whole) {}
  void Next(api::PieceSink sink) override {
    if (is_whole_) std::move(sink).SendLast("");
  }

 private:
  const bool is_whole_;
};

/// A server whose exports break in the middle of every 41st record, and whose second answer is that it is busy.
class Breaking {
 public:
  Breaking()
      : server_(
            {.workers = 1},
            [this](api::Request request, api::Responder responder) { std::move(responder).Send(AnswerTo(request)); },
            [](int status, std::string_view, const api::Headers&) {
              return api::Response{status, {}, ""};
            }) {
    server_.Start();
  }
  std::uint16_t port() const { return server_.port(); }
  std::vector<std::string> queries() const {
    const std::lock_guard lock(mutex_);
    return queries_;
  }

  static std::string Record(std::size_t i, bool is_csv) {
    const auto number = std::to_string(i);
    if (i == 0) return is_csv ? "eventId,properties,cursor\r\n" : "";
    return is_csv ? "\"e\"\"" + number + "\",\"two\r\nlines, \"\"one\"\"\",c" + number + "\r\n"
                  : R"({"eventId":")" + number + R"(","cursor":"c)" + number + "\"}\n";
  }
  static std::string Whole(bool is_csv) {
    std::string whole;
    for (std::size_t i = 0; i <= kRecords; ++i) whole += Record(i, is_csv);
    return whole;
  }

 private:
  api::Response AnswerTo(const api::Request& request) {
    const std::lock_guard lock(mutex_);
    queries_.push_back(request.query);
    if (queries_.size() == 2) return {503, {}, R"({"title":"Service Unavailable","detail":"Busy."})"};
    std::map<std::string, std::string> parameters;
    const auto asked = api::ParseQuery(request.query).value();
    for (const auto& [name, value] : asked) parameters[name] = value;
    const bool is_csv = parameters["format"] == "csv";
    std::size_t next = parameters["cursor"].empty() ? 1 : std::stoul(parameters["cursor"].substr(1)) + 1;
    api::Response response;
    if (parameters["header"] == "true") response.body += Record(0, is_csv);
    for (std::size_t i = 0; i < kInOneAnswer && next <= kRecords; ++i) response.body += Record(next++, is_csv);
    if (next <= kRecords) response.body += Record(next, is_csv).substr(0, 17);
    response.rest = std::make_shared<Part>(next > kRecords);
    return response;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> queries_;  // guarded by mutex_
  api::HttpServer server_;
};

std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Ended Export(std::uint16_t port, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"events", "export"});
  return Run(Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(port)}, {"VOLCANION_TOKEN", kToken}}));
}

}  // namespace

TEST_CASE("an export that breaks goes on behind its last whole record, until it is whole") {
  for (const bool is_csv : {false, true}) {
    const Breaking server;
    const TemporaryDirectory directory;
    const auto file = directory.path() / "events";
    const auto ended = Export(server.port(), {"--system", kSystem, "--format", is_csv ? "csv" : "ndjson", "--output",
                                              file.string(), "--where", "property.amount>=100"});
    CHECK_MESSAGE(ended.status == 0, ended.err);
    CHECK(ReadFile(file) == Breaking::Whole(is_csv));
    const auto queries = server.queries();
    REQUIRE(queries.size() == 4);
    CHECK(Contains(queries[0], "&property.amount%3E=100"));
    CHECK_FALSE(Contains(queries[0], "cursor="));
    CHECK(Contains(queries[3], "&cursor=c80"));
    CHECK(Contains(queries[3], "header=false") == is_csv);
    CHECK(Contains(ended.err, "was cut"));
    CHECK(Contains(ended.err, "Busy."));
  }
}

TEST_CASE("an export that is given up says where it can go on") {
  const Breaking server;
  const auto ended = Export(server.port(), {"--partner", kSystem, "--retries", "0"});
  CHECK(ended.status == 1);
  CHECK(ended.out == Breaking::Whole(false).substr(0, ended.out.size()));
  CHECK(Contains(ended.err, "40 events were written; --cursor c40 begins behind them."));
}

TEST_CASE("events are exported from a server, to a limit, and what is wrong is told") {
  const Shop shop;
  auto environment = shop.environment();
  const auto api = StartApi(environment);
  const Service sync("sync", environment);
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += R"({"eventName":"e","userId":"=u)" + std::to_string(i) + "\"}\n";
  auto as_lines = kAsShop;
  as_lines.emplace_back("Content-Type", "application/x-ndjson");
  const auto sent = HttpClient(api->port()).Post("/api/events/ingest/batch", lines, as_lines);
  REQUIRE(sent.status == 202);
  const auto position = "minPosition=" + Member(sent.body, "position");
  auto ended = Export(api->port(), {"--where", position, "--where", "waitSeconds=10"});
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 20);
  const auto first = ended.out.substr(0, ended.out.find('\n') + 1);
  ended = Export(api->port(), {"--limit", "1"});
  CHECK(ended.out == first);
  ended = Export(api->port(), {"--cursor", Member(first, "cursor"), "--where", "format=csv"});
  CHECK(ended.status == 1);
  CHECK(Contains(ended.err, "must stand once only"));
  ended = Export(api->port(), {"--format", "csv", "--cursor", Member(first, "cursor")});
  CHECK(ended.status == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 19);
  // The twenty share a time, and any of them may be the first.
  const std::string another = Member(first, "userId") == "=u3" ? "=u4" : "=u3";
  CHECK(Contains(ended.out, "\"'" + another + "\""));
  CHECK(Export(api->port(), {"--output", "/nowhere/events"}).status == 2);
  CHECK(Export(api->port(), {"--system", "nobody's"}).status == 1);
}
