// Judges an ordinary event over and over with each contender in turn: bench_validator_judges ROUNDS MILLISECONDS.
// Prints a line of JSON for each round: microseconds of processor time per event, by contender. Fails when a
// contender's verdict is wrong.

#include "tests/bench/validator/Contender.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using volcanion::bench::JudgeText;

constexpr std::string_view kEvent =
    R"({"orderId":"AB-10234","amount":129.95,"currency":"EUR","placedAt":"2026-11-20T10:00:00.250Z","items":3,)"
    R"("note":"leave it at the door"})";
constexpr std::string_view kWrong =
    R"({"orderId":"AB-10234","amount":129.95,"currency":"GBP","placedAt":"2026-11-20T10:00:00.250Z","items":3,)"
    R"("note":"leave it at the door"})";

/// Six properties, an enum, a pattern and, if wanted, a date-time.
std::string Schema(std::string_view format) {
  return R"({
    "type": "object",
    "properties": {
      "orderId": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
      "amount": {"type": "number", "minimum": 0},
      "currency": {"enum": ["EUR", "USD", "CHF"]},
      "placedAt": {"type": "string")" +
         std::string(format) + R"(},
      "items": {"type": "integer", "minimum": 1, "maximum": 1000},
      "note": {"type": "string", "maxLength": 200}
    },
    "required": ["orderId", "amount", "currency", "placedAt"],
    "additionalProperties": false
  })";
}

struct Contender {
  std::string name;
  JudgeText judge;
};

double ProcessorMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double MicrosecondsPerEvent(const Contender& contender, double milliseconds) {
  std::size_t events = 0;
  std::size_t batch = 1;
  const double start = ProcessorMicroseconds();
  double elapsed = 0;
  while (elapsed < milliseconds * 1000) {
    for (std::size_t i = 0; i < batch; ++i) {
      if (!contender.judge(kEvent)) throw std::runtime_error(contender.name + " refuses a valid event");
    }
    events += batch;
    batch = events < 1000 ? events : 1000;
    elapsed = ProcessorMicroseconds() - start;
  }
  return elapsed / static_cast<double>(events);
}

int Run(int rounds, double milliseconds) {
  const std::string schema = Schema(R"(, "format": "date-time")");
  const std::string without_format = Schema("");
  const std::vector<Contender> contenders = {
      {"volcanion", volcanion::bench::MakeOurs(schema)},
      {"RapidJSON", volcanion::bench::MakeRapidJson(schema)},
      {"valijson", volcanion::bench::MakePlainValijson(schema)},
      {"valijson, no format", volcanion::bench::MakePlainValijson(without_format)},
  };
  for (const Contender& contender : contenders) {
    if (contender.judge(kWrong)) throw std::runtime_error(contender.name + " takes an invalid event");
    (void)MicrosecondsPerEvent(contender, milliseconds / 4);  // caches fill
  }
  for (int round = 0; round < rounds; ++round) {
    const char* separator = "{";
    for (const Contender& contender : contenders) {
      std::printf("%s\"%s\":%.4f", separator, contender.name.c_str(), MicrosecondsPerEvent(contender, milliseconds));
      separator = ",";
    }
    std::printf("}\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 3 ? std::atoi(argv[1]) : 0;
  const int milliseconds = argc == 3 ? std::atoi(argv[2]) : 0;
  if (rounds < 1 || milliseconds < 1) {
    std::fprintf(stderr, "usage: bench_validator_judges ROUNDS MILLISECONDS\n");
    return 2;
  }
  try {
    return Run(rounds, milliseconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
