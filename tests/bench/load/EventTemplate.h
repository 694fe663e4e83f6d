#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volcanion::bench {

/// A request whose events are new ones each time: ids, users and times change with the event's number, in place. All of
/// them are of one size.
class EventTemplate {
 public:
  struct Shape {
    std::string key;       // API key
    std::string prefix;    // of the ids
    int batch = 1;         // events in a request
    bool scatter = false;  // ids in no order, as those of many clients
    bool mixed = false;    // every 10th is a "donation", every 100th is invalid
  };

  explicit EventTemplate(const Shape& shape) : shape_(shape) {
    std::string body = shape.batch > 1 ? R"({"events":[)" : "";
    const auto place = [&body](std::string_view before, std::string_view changing) {
      const auto at = (body += before).size();
      body += changing;
      return at;
    };
    for (int i = 0; i < shape.batch; ++i) {
      if (i > 0) body += ',';
      Places event{};
      event[kId] = place(R"({"eventId":")" + shape.prefix + '-', "0000000000");
      event[kName] = place(R"(","eventName":")", "purchase");
      event[kTime] = place(R"(","eventTimestamp":"2026-01-20T)", "10:00:00.000");
      event[kUser] = place(R"(Z","userId":"u)", "0000");
      event[kAmount] = place(R"(","properties":{"amount":)", "12.50");
      body += R"(,"currency":"EUR","channel":"web","order":"A-1-20","page":"/checkout/confirmation",)"
              R"("campaign":"autumn-newsletter","placedAt":"2026-01-20T09:59:58Z","items":3}})";
      places_.push_back(event);
    }
    if (shape.batch > 1) body += "]}";
    event_bytes_ = body.size() / static_cast<std::size_t>(shape.batch);
    text_ = "POST /api/events/ingest" + std::string(shape.batch > 1 ? "/batch" : "") +
            " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-API-Key: " + shape.key +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (auto& event : places_) {
      for (auto& at : event) at += text_.size();
    }
    text_ += body;
  }

  /// Of the events from this number on, which it moves behind the last of them.
  const std::string& Next(std::uint64_t& number) {
    for (const auto& event : places_) {
      // The factor has no divisor in common with the ten digits: no id comes twice.
      WriteDigits(event[kId], 10, shape_.scatter ? number * 6180339887U % 10'000'000'000U : number);
      WriteDigits(event[kUser], 4, number * 7919);
      WriteTime(event[kTime], number + number * 7919 % 60'000);
      if (shape_.mixed) {
        WriteText(event[kName], number % 10 == 0 ? "donation" : "purchase");
        WriteText(event[kAmount], number % 100 == 50 ? "-2.50" : "12.50");
      }
      ++number;
    }
    return text_;
  }
  std::size_t event_bytes() const { return event_bytes_; }

 private:
  enum Place { kId, kName, kTime, kUser, kAmount, kPlaces };
  using Places = std::array<std::size_t, kPlaces>;

  void WriteDigits(std::size_t at, int digits, std::uint64_t value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10)
      text_[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  /// A time of the day: an event a millisecond, give or take a minute.
  void WriteTime(std::size_t at, std::uint64_t milliseconds) {
    WriteDigits(at, 2, milliseconds / 3'600'000 % 24);
    WriteDigits(at + 3, 2, milliseconds / 60'000 % 60);
    WriteDigits(at + 6, 2, milliseconds / 1000 % 60);
    WriteDigits(at + 9, 3, milliseconds % 1000);
  }
  void WriteText(std::size_t at, std::string_view text) { text_.replace(at, text.size(), text); }

  const Shape shape_;
  std::string text_;
  std::vector<Places> places_;
  std::size_t event_bytes_ = 0;
};

}  // namespace volcanion::bench
