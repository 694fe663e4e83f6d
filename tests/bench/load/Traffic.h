#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volcanion::bench {

/// Events of many systems, as a platform gets them: a request is of one system, and systems, names and users are skewed
/// as by Zipf's law. Requests are made once; what changes is written in place, so all events are of one size. What an
/// event holds depends on its number alone.
class Traffic {
 public:
  using Milliseconds = std::chrono::milliseconds;

  static constexpr int kNames = 40;
  static constexpr int kUsers = 100'000;

  struct Shape {
    std::vector<std::string> keys;  // of the systems, the busiest first
    std::string prefix;             // of the ids
    int batch = 1;                  // events in a request
    /// Of the events' times, which go forward from the one to the other with the events' numbers; 1 in 10 is up to two
    /// days late. With `numbers` 0: now.
    Milliseconds from{}, until{};
    std::uint64_t numbers = 0;
  };

  explicit Traffic(Shape shape)
      : shape_(std::move(shape)), systems_(ZipfOf(shape_.keys.size())), names_(ZipfOf(kNames)) {
    for (const auto& key : shape_.keys) AddRequest(key);
  }

  const std::string& Next(std::uint64_t& number) {
    auto& request = requests_[Pick(systems_, Random(number, kSystem))];
    for (const auto& event : request.places) {
      WriteEvent(request.text, event, number);
      ++number;
    }
    return request.text;
  }
  std::size_t event_bytes() const { return event_bytes_; }

 private:
  enum Place { kId, kName, kTime, kUser, kVisitor, kAmount, kCurrency, kChannel, kPlaces };
  enum Use : std::uint64_t { kSystem = 1, kNameOf, kUserOf, kAmountOf, kCurrencyOf, kLate, kLateness, kFault };
  using Places = std::array<std::size_t, kPlaces>;
  struct Request {
    std::string text;
    std::vector<Places> places;
  };

  /// The shares of ranks up to each of them.
  static std::vector<double> ZipfOf(std::size_t ranks) {
    std::vector<double> sums(ranks);
    double sum = 0;
    for (std::size_t i = 0; i < ranks; ++i) sums[i] = sum += 1.0 / static_cast<double>(i + 1);
    for (auto& one : sums) one /= sum;
    return sums;
  }
  static std::size_t Pick(const std::vector<double>& sums, double random) {
    const auto found = std::upper_bound(sums.begin(), sums.end() - 1, random);
    return static_cast<std::size_t>(found - sums.begin());
  }
  /// From 0 to 1, by SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
  static double Random(std::uint64_t number, Use use) {
    auto mixed = (number * 16 + use) * 0x9E3779B97F4A7C15U;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    return static_cast<double>((mixed ^ mixed >> 31) >> 11) * 0x1p-53;
  }

  void AddRequest(const std::string& key) {
    std::string body = shape_.batch > 1 ? R"({"events":[)" : "";
    const auto place = [&body](std::string_view before, std::string_view changing) {
      const auto at = (body += before).size();
      body += changing;
      return at;
    };
    Request request;
    for (int i = 0; i < shape_.batch; ++i) {
      if (i > 0) body += ',';
      Places event{};
      event[kId] = place(R"({"eventId":")" + shape_.prefix + '-', "0000000000");
      event[kName] = place(R"(","eventName":"event-)", "00");
      event[kTime] = place(R"(","eventTimestamp":")", "2026-01-20T10:00:00.000");
      event[kUser] = place(R"(Z","userId":"u)", "000000");
      event[kVisitor] = place(R"(","anonymousId":"a)", "000000");
      event[kAmount] = place(R"(","properties":{"amount":)", "100.00");
      event[kCurrency] = place(R"(,"currency":")", "EUR");
      event[kChannel] = place(R"(","channel":")", "web");
      body += R"(","order":"A-1-20","page":"/checkout/confirmation","campaign":"autumn-newsletter","items":3}})";
      request.places.push_back(event);
    }
    if (shape_.batch > 1) body += "]}";
    event_bytes_ = body.size() / static_cast<std::size_t>(shape_.batch);
    request.text = "POST /api/events/ingest" + std::string(shape_.batch > 1 ? "/batch" : "") +
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-API-Key: " + key +
                   "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (auto& event : request.places) {
      for (auto& at : event) at += request.text.size();
    }
    request.text += body;
    requests_.push_back(std::move(request));
  }

  void WriteEvent(std::string& text, const Places& event, std::uint64_t number) const {
    static constexpr std::array<std::string_view, 3> kCurrencies = {"EUR", "USD", "GBP"};
    static constexpr std::array<std::string_view, 4> kChannels = {"web", "ios", "pos", "tel"};
    // The factor has no divisor in common with the ten digits: no id comes twice.
    WriteDigits(text, event[kId], 10, number * 6180339887U % 10'000'000'000U);
    WriteDigits(text, event[kName], 2, Pick(names_, Random(number, kNameOf)));
    WriteTime(text, event[kTime], TimeOf(number));
    // Users by the continuous form of the law, which needs no table.
    const auto user = static_cast<std::uint64_t>(std::pow(kUsers, Random(number, kUserOf))) - 1;
    WriteDigits(text, event[kUser], 6, user);
    WriteDigits(text, event[kVisitor], 6, user * 3 + number % 3);
    const auto cents = static_cast<std::uint64_t>(Random(number, kAmountOf) * 90'000) + 10'000;
    WriteDigits(text, event[kAmount], 3, cents / 100);
    WriteDigits(text, event[kAmount] + 4, 2, cents % 100);
    if (Random(number, kFault) < 0.01) text.replace(event[kAmount], 6, "-10.00");
    const auto currency = static_cast<std::size_t>(Random(number, kCurrencyOf) * 3);
    text.replace(event[kCurrency], 3, kCurrencies[currency]);
    text.replace(event[kChannel], 3, kChannels[number % kChannels.size()]);
  }

  Milliseconds TimeOf(std::uint64_t number) const {
    constexpr std::chrono::duration<double, std::milli> kLatest = std::chrono::hours(48);
    using namespace std::chrono;
    auto time = duration_cast<Milliseconds>(system_clock::now().time_since_epoch());
    if (shape_.numbers == 0) return time;
    const auto share = static_cast<double>(number % shape_.numbers) / static_cast<double>(shape_.numbers);
    const duration<double, std::milli> range = shape_.until - shape_.from;
    time = shape_.from + duration_cast<Milliseconds>(range * share);
    if (Random(number, kLate) < 0.1) time -= duration_cast<Milliseconds>(kLatest * Random(number, kLateness));
    return std::max(time, shape_.from);
  }

  static void WriteDigits(std::string& text, std::size_t at, int digits, std::uint64_t value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10)
      text[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  static void WriteTime(std::string& text, std::size_t at, Milliseconds since_epoch) {
    const std::chrono::sys_time<Milliseconds> time(since_epoch);
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto of_day = static_cast<std::uint64_t>((time - day).count());
    WriteDigits(text, at, 4, static_cast<std::uint64_t>(static_cast<int>(date.year())));
    WriteDigits(text, at + 5, 2, static_cast<unsigned>(date.month()));
    WriteDigits(text, at + 8, 2, static_cast<unsigned>(date.day()));
    WriteDigits(text, at + 11, 2, of_day / 3'600'000);
    WriteDigits(text, at + 14, 2, of_day / 60'000 % 60);
    WriteDigits(text, at + 17, 2, of_day / 1000 % 60);
    WriteDigits(text, at + 20, 3, of_day % 1000);
  }

  const Shape shape_;
  const std::vector<double> systems_, names_;
  std::vector<Request> requests_;
  std::size_t event_bytes_ = 0;
};

}  // namespace volcanion::bench
