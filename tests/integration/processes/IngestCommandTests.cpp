#include "tests/support/Process.h"
#include "tests/support/processes/Ports.h"
#include "tests/support/processes/Shop.h"
#include "tests/support/processes/TemporaryDirectory.h"
#include "tests/support/processes/TextParts.h"
#include "tests/support/processes/VolcanionProgram.h"
#include "tests/support/processes/WaitUntil.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace volcanion::test;
using namespace volcanion::test::processes;

void WriteGzip(const fs::path& file, std::string_view text) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> out(gzopen(file.c_str(), "wb"), &gzclose);
  REQUIRE(gzwrite(out.get(), text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
}

Ended Ingest(std::uint16_t port, std::vector<std::string> arguments, std::string input = {}) {
  arguments.insert(arguments.begin(), "ingest");
  return Run(
      Volcanion(std::move(arguments), {{"VOLCANION_URL", Url(port)}, {"VOLCANION_API_KEY", kKey}}, std::move(input)));
}

std::string Summary(int stored, int flagged, int duplicates, int rejected) {
  return "stored      " + std::to_string(stored) + "\n  flagged   " + std::to_string(flagged) + "\nduplicates  " +
         std::to_string(duplicates) + "\nrejected    " + std::to_string(rejected) + "\n";
}

}  // namespace

TEST_CASE("ingest sends plain and compressed files and standard input, and gives ids to the events that have none") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const TemporaryDirectory directory;
  const auto plain = directory.path() / "events.ndjson";
  const auto packed = directory.path() / "events.ndjson.gz";
  const std::string with_ids =
      "{\"eventId\":\"a\",\"eventName\":\"purchase\",\"properties\":{\"amount\":1}}\r\n\n"
      "{\"eventId\":\"b\",\"eventName\":\"purchase\",\"properties\":{\"amount\":-1}}";
  const std::string without_ids = R"( {"eventName":"purchase","properties":{"amount":1}})"
                                  "\n"
                                  R"({"properties":{"eventId":"inside"},"eventName":"purchase"})"
                                  "\n";
  WriteFile(plain, with_ids);
  WriteGzip(packed, without_ids);

  auto sent = Ingest(api->port(), {plain.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(2, 1, 0, 0));
  sent = Ingest(api->port(), {plain.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  sent = Ingest(api->port(), {"--batch", "1", "-"}, with_ids);
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  sent = Ingest(api->port(), {packed.string()});
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(2, 0, 0, 0));
  sent = Ingest(api->port(), {packed.string()});  // the same file: the same ids
  CHECK(sent.status == 0);
  CHECK(sent.out == Summary(0, 0, 2, 0));
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events WHERE length(event_id) = 36") == "2");
  CHECK(shop.Written("SELECT count(*) FROM write.tracking_events") == "4");
}

TEST_CASE("ingest counts lines that are no events as rejected, sends the others, and ends with status 1") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const auto sent = Ingest(api->port(), {"-"},
                           "{\"eventId\":\"a\",\"eventName\":\"purchase\"}\n"
                           "{\"eventId\":\"b\",\"eventName\n"
                           "[]\n"
                           "{\"eventId\":\"c\"}\n"
                           "{\"eventId\":\"a\",\"eventName\":\"purchase\",\"properties\":{\"other\":1}}\n"
                           "{\"eventId\":\"d\",\"eventName\":\"purchase\"}\n");
  CHECK(sent.status == 1);
  CHECK(sent.out.starts_with(Summary(2, 0, 0, 4)));
  CHECK(Contains(sent.out, "a: another content is stored under this id"));
  CHECK(shop.Written("SELECT string_agg(event_id, ',' ORDER BY event_id) FROM write.tracking_events") == "a,d");
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads") == "4");
  CHECK(shop.Written("SELECT count(*) FROM write.rejected_payloads WHERE body = convert_to('[]', 'UTF8')") == "1");
}

TEST_CASE("ingest tries a server that is not there again, and then reports it") {
  const auto sent = Ingest(UnusedPort(), {"--attempts", "2", "-"}, "{\"eventName\":\"purchase\"}\n");
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "attempt 1: "));
  CHECK_FALSE(Contains(sent.err, "attempt 2: "));
  CHECK(Contains(sent.err, "the batch from line 1 was not taken"));
  CHECK(Contains(sent.out, "not all of the file was sent"));
}

TEST_CASE("ingest reports a key that is not known, a missing key and a missing file") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const Environment stranger = {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_API_KEY", "unknown"}};
  auto sent = Run(Volcanion({"ingest", "-"}, stranger, "{\"eventName\":\"purchase\"}\n"));
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "401"));
  CHECK_FALSE(Contains(sent.err, "trying again"));
  sent = Run(Volcanion({"ingest", "-"}, {{"VOLCANION_URL", Url(api->port())}}, "{}\n"));
  CHECK(sent.status == 2);
  CHECK(Contains(sent.err, "VOLCANION_API_KEY"));
  sent = Ingest(api->port(), {"/no/such/file.ndjson"});
  CHECK(sent.status == 1);
  CHECK(Contains(sent.err, "/no/such/file.ndjson cannot be opened"));
}

TEST_CASE("ingest reports a compressed file that ends too early, or is damaged") {
  const Shop shop;
  const auto api = StartApi(shop.environment());
  const TemporaryDirectory directory;
  const auto file = directory.path() / "events.ndjson.gz";
  std::string lines;
  for (int i = 0; i < 2'000; ++i)
    lines += R"({"eventId":")" + std::to_string(i) + R"(","eventName":"purchase"})" + "\n";
  WriteGzip(file, lines);
  std::ifstream stream(file, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(stream), {}};

  SUBCASE("only the checksum is missing") { WriteFile(file, packed.substr(0, packed.size() - 8)); }
  SUBCASE("the second half is missing") { WriteFile(file, packed.substr(0, packed.size() / 2)); }
  SUBCASE("a byte is wrong") {
    auto damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(~damaged[packed.size() / 2]);
    WriteFile(file, damaged);
  }
  const auto sent = Ingest(api->port(), {file.string()});
  CHECK(sent.status == 1);
  CHECK_MESSAGE(Contains(sent.err, "damaged"), sent.err);
}

TEST_CASE("ingest outlives a server that is killed in between: every line is stored once, even without ids") {
  const Shop shop;
  const TemporaryDirectory directory;
  constexpr int kLines = 20'000;
  const auto file = directory.path() / "events.ndjson";
  std::string lines;
  for (int i = 0; i < kLines; ++i)
    lines += R"({"eventName":"purchase","properties":{"n":)" + std::to_string(i) + "}}\n";
  WriteFile(file, lines);
  auto api = StartApi(shop.environment());
  auto environment = shop.environment();
  environment["VOLCANION_LISTEN"] = "127.0.0.1:" + std::to_string(api->port());
  Process loader(Volcanion({"ingest", "--batch", "50", file.string()},
                           {{"VOLCANION_URL", Url(api->port())}, {"VOLCANION_API_KEY", kKey}}));
  for (int round = 1; round <= 2; ++round) {
    WaitUntil("more is stored", [&, goal = round * kLines / 10] {
      return std::stoi(shop.Written("SELECT count(*) FROM write.tracking_events")) >= goal;
    });
    api.reset();
    api = StartApi(environment);
  }
  CHECK(loader.Wait(60s) == 0);
  CHECK(Contains(loader.err(), "trying again"));
  CHECK(shop.Written("SELECT count(*) || ' ' || count(DISTINCT properties->>'n') FROM write.tracking_events") ==
        std::to_string(kLines) + " " + std::to_string(kLines));
}
