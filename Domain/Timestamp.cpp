#include "Domain/Timestamp.h"

#include <cstdio>

namespace volcanion::domain {
namespace {

/// Takes digits and literals off the front of a text; remembers whether everything fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Digits(std::size_t count) {
    if (rest_.size() < count) return Fail();
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return Fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  char OneOf(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) return static_cast<char>(Fail());
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  bool Follows(char c) const { return ok_ && !rest_.empty() && rest_.front() == c; }
  bool FollowsDigit() const { return ok_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  int Fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::optional<Timestamp> ParseRfc3339(std::string_view text) {
  using namespace std::chrono;
  Scanner scan(text);
  const int year_number = scan.Digits(4);
  scan.OneOf("-");
  const int month_number = scan.Digits(2);
  scan.OneOf("-");
  const int day_number = scan.Digits(2);
  scan.OneOf("Tt ");
  const int hour = scan.Digits(2);
  scan.OneOf(":");
  const int minute = scan.Digits(2);
  scan.OneOf(":");
  const int second = scan.Digits(2);
  microseconds fraction{0};
  if (scan.Follows('.')) {
    scan.OneOf(".");
    if (!scan.FollowsDigit()) return std::nullopt;
    int micros = 0;
    for (int place = 100'000; scan.FollowsDigit(); place /= 10) micros += scan.Digits(1) * place;
    fraction = microseconds(micros);
  }
  minutes offset{0};
  if (const char zone = scan.OneOf("Zz+-"); zone == '+' || zone == '-') {
    const int hours_east = scan.Digits(2);
    scan.OneOf(":");
    const int minutes_east = scan.Digits(2);
    if (hours_east > 23 || minutes_east > 59) return std::nullopt;
    offset = hours(hours_east) + minutes(minutes_east);
    if (zone == '-') offset = -offset;
  }
  if (!scan.ok() || !scan.AtEnd() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number))};
  if (!date.ok()) return std::nullopt;
  const Timestamp time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
  if (time < sys_days(year(1) / 1 / 1) || time >= sys_days(year(10'000) / 1 / 1)) return std::nullopt;
  return time;
}

std::string FormatRfc3339(Timestamp time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss<microseconds> clock{time - midnight};
  char text[64];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace volcanion::domain
