#include "Application/Queries/FindRetention.h"

#include "Application/Behaviour/PersonIndex.h"

#include <algorithm>
#include <utility>

namespace volcanion::application {
namespace {

using domain::Done;
using domain::Error;
using domain::Result;

constexpr std::size_t kMaxZoneBytes = 64;

/// The characters of the IANA's names. What PostgreSQL takes besides (offsets, rules) has none of our meaning.
bool IsZoneName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && name.size() <= kMaxZoneBytes && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
         });
}

Error NoSuchZone() {
  return BreaksRules({{"/timeZone", "unknown_time_zone", "must be a name of the IANA, such as Europe/Berlin"}});
}

struct First {
  int period = 0;
  domain::Timestamp time;
};

/// Fills a triangle of cohorts.
class Retention {
 public:
  Retention(const FindRetention& question, PresenceQuery query, std::size_t max_bytes)
      : question_(question), query_(std::move(query)), max_bytes_(max_bytes) {}

  Result<Done> Look(BehaviourPicture& picture) {
    const auto& calendar = question_.calendar;
    const auto begin = picture.PeriodOf(query_.from, calendar);
    if (!begin) return NoSuchZone();
    const int end = *picture.PeriodOf(query_.to - std::chrono::microseconds(1), calendar);
    const int days = calendar.by_week ? 7 : 1;
    const int periods = (end - *begin) / days + 1;
    if (periods > FindRetentionHandler::kMaxPeriods) {
      return BreaksRules(
          {{"/to", "out_of_range",
            "must not be more than " + std::to_string(FindRetentionHandler::kMaxPeriods) + " periods after from"}});
    }
    for (int i = 0; i < periods; ++i) {
      cohorts_.push_back({*begin + i * days, 0, std::vector<std::int64_t>(static_cast<std::size_t>(periods - i))});
    }
    const auto place_of = [&](int period) { return static_cast<std::size_t>((period - *begin) / days); };

    bool too_many = false;
    query_.event_name = question_.first_event;
    picture.EachFirst(query_, [&](const Presence& first) {
      people_.NumberOf(first.person);
      firsts_.push_back({first.period, first.time});
      ++cohorts_[place_of(first.period)].people;
      too_many = 2 * firsts_.size() * sizeof(First) + people_.bytes() > max_bytes_;
      return !too_many;
    });
    if (too_many) return TooManyRows();
    if (firsts_.empty()) return Done{};
    query_.event_name = question_.return_event;
    picture.EachPresence(query_, [&](const Presence& presence) {
      const auto person = people_.Find(presence.person);
      if (!person || presence.time < firsts_[*person].time) return true;
      const auto cohort = place_of(firsts_[*person].period);
      ++cohorts_[cohort].returned[place_of(presence.period) - cohort];
      return true;
    });
    return Done{};
  }
  std::vector<Cohort> Take() { return std::move(cohorts_); }

 private:
  const FindRetention& question_;
  PresenceQuery query_;
  const std::size_t max_bytes_;
  PersonIndex people_;
  std::vector<First> firsts_;  // by people's numbers
  std::vector<Cohort> cohorts_;
};

}  // namespace

Result<std::vector<Cohort>> FindRetentionHandler::Handle(const FindRetention& question) {
  std::vector<domain::Fault> faults;
  auto systems = SystemsOf(question.of, directory_, faults);
  if (!systems) return std::move(systems).error();
  CheckRange(question.of, faults);
  if (!faults.empty()) return BreaksRules(std::move(faults));
  if (!IsZoneName(question.calendar.time_zone)) return NoSuchZone();
  Retention retention(
      question,
      {*std::move(systems), *question.of.from, *question.of.to, question.of.identity, std::nullopt, question.calendar},
      limits_.max_bytes);
  const auto looked = reader_.Look("find retention", question.of.partner, question.of.stop,
                                   [&](BehaviourPicture& picture) { return retention.Look(picture); });
  if (!looked) return looked.error();
  return retention.Take();
}

}  // namespace volcanion::application
