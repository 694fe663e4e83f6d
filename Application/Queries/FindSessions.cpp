#include "Application/Queries/FindSessions.h"

#include "Application/Behaviour/PersonIndex.h"
#include "Application/Queries/PageCursor.h"

#include <algorithm>
#include <utility>

namespace volcanion::application {
namespace {

using domain::Done;
using domain::Result;
using domain::Timestamp;

constexpr std::chrono::hours kStretch{1};  // that is looked at at once behind the range, at least

void CheckGap(std::chrono::seconds gap, std::vector<domain::Fault>& faults) {
  if (gap >= std::chrono::seconds(1) && gap <= FindSessionsHandler::kMaxGap) return;
  faults.push_back(
      {"/gapSeconds", "out_of_range", "must be from 1 to " + std::to_string(FindSessionsHandler::kMaxGap.count())});
}

/// Looks at one stretch after the other.
class Counting {
 public:
  Counting(const CountSessions& question, std::vector<domain::PartnerSystemId> systems, std::size_t max_bytes)
      : from_(*question.of.from),
        to_(*question.of.to),
        gap_(question.gap),
        max_bytes_(max_bytes),
        count_(from_, to_, question.gap) {
    query_.systems = std::move(systems);
    query_.identity = question.of.identity;
  }

  Result<Done> Look(BehaviourPicture& picture) {
    const std::chrono::microseconds step = std::max<std::chrono::seconds>(gap_, kStretch);
    const auto end = Shifted(to_, kSessionFollowed);
    auto begin = Shifted(from_, -gap_);
    auto stretch_end = to_;
    while (true) {
      if (!LookAt(picture, begin, stretch_end)) return TooManyRows();
      if (!count_.AnyOpen() || stretch_end >= end) return Done{};
      begin = stretch_end;
      stretch_end = std::min(Shifted(stretch_end, step), end);
    }
  }
  SessionTotals Take() { return count_.Take(); }

 private:
  /// False when there are too many events.
  bool LookAt(BehaviourPicture& picture, Timestamp begin, Timestamp end) {
    query_.from = begin;
    query_.to = end;
    std::vector<SessionEvent> events;
    bool too_many = false;
    picture.EachAction(query_, [&](const Action& action) {
      if (begin >= to_) {  // only what goes on matters
        if (const auto person = people_.Find(action.person); person && count_.IsOpen(*person)) {
          events.push_back({*person, action.time});
        }
      } else {
        events.push_back({people_.NumberOf(action.person), action.time});
      }
      // Twice, as they are moved when their room grows.
      const auto rows = 2 * events.size() * sizeof(SessionEvent);
      too_many = rows + people_.bytes() + people_.size() * kPersonBytes > max_bytes_;
      return !too_many;
    });
    if (!too_many) count_.Add(std::move(events), end);
    return !too_many;
  }

  static constexpr std::size_t kPersonBytes = 64;  // of a session that is open, and of how long one was

  const Timestamp from_, to_;
  const std::chrono::seconds gap_;
  const std::size_t max_bytes_;
  ActionQuery query_;
  PersonIndex people_;
  SessionCount count_;
};

Fingerprint PrintOf(const FindSessions& question) {
  Fingerprint print;
  print.Add("sessions");
  print.Add(question.of.partner.ToString());
  print.AddOptional(question.of.system, [](const auto& system) { return system.ToString(); });
  print.Add(question.of.identity == Identity::kUserId ? "user" : "anonymous");
  print.Add(question.person.value_or(""));
  print.Add(std::to_string(question.gap.count()));
  print.AddOptional(question.of.from, domain::FormatRfc3339);
  print.AddOptional(question.of.to, domain::FormatRfc3339);
  return print;
}

/// Puts a person's events, which come in order, together. Full when one more session than wanted has begun, which is
/// the last then, and may be longer.
class Paging {
 public:
  Paging(std::optional<Timestamp> from, std::optional<Timestamp> to, std::chrono::seconds gap, std::size_t limit)
      : from_(from), to_(to), gap_(gap), limit_(limit) {}

  /// False when nothing further is wanted.
  bool Add(Timestamp time) {
    if (!open_ || time - open_->end > gap_) {
      Close();
      if (to_ && time >= *to_) return false;
      open_ = EventSession{time, time, 0};
    }
    open_->end = time;
    ++open_->events;
    return sessions_.size() < limit_ || !IsInRange(*open_);
  }
  std::vector<EventSession> Take() {
    Close();
    return std::move(sessions_);
  }

 private:
  bool IsInRange(const EventSession& session) const { return !from_ || session.begin >= *from_; }
  void Close() {
    if (open_ && IsInRange(*open_)) sessions_.push_back(*open_);
    open_.reset();
  }

  const std::optional<Timestamp> from_, to_;
  const std::chrono::seconds gap_;
  const std::size_t limit_;
  std::optional<EventSession> open_;
  std::vector<EventSession> sessions_;
};

}  // namespace

Result<SessionTotals> FindSessionsHandler::Handle(const CountSessions& question) {
  std::vector<domain::Fault> faults;
  auto systems = SystemsOf(question.of, directory_, faults);
  if (!systems) return std::move(systems).error();
  CheckRange(question.of, faults);
  CheckGap(question.gap, faults);
  if (!faults.empty()) return BreaksRules(std::move(faults));
  Counting counting(question, *std::move(systems), limits_.max_bytes);
  const auto looked = reader_.Look("count sessions", question.of.partner, question.of.stop,
                                   [&](BehaviourPicture& picture) { return counting.Look(picture); });
  if (!looked) return looked.error();
  return counting.Take();
}

Result<FoundSessions> FindSessionsHandler::Handle(const FindSessions& question) {
  std::vector<domain::Fault> faults;
  auto systems = SystemsOf(question.of, directory_, faults);
  if (!systems) return std::move(systems).error();
  CheckGap(question.gap, faults);
  if (!question.person) faults.push_back({"/userId", "missing", "must be there, or anonymousId instead"});
  const auto from = question.of.from, to = question.of.to;
  if (from && to && *to < *from) faults.push_back({"/to", "out_of_range", "must not be before from"});
  if (auto fault = CheckPage(question.limit)) faults.push_back(fault->faults.front());
  // A session that is on a page is over: what comes behind its end begins another.
  std::optional<Timestamp> after;
  if (question.cursor) {
    const auto place = ReadPageCursor(PrintOf(question), *question.cursor, 1);
    after = place ? domain::ParseRfc3339(place->front()) : std::nullopt;
    if (!after) faults.push_back(InvalidCursor().faults.front());
  }
  if (!faults.empty()) return BreaksRules(std::move(faults));

  ActionQuery query;
  query.systems = *std::move(systems);
  query.identity = question.of.identity;
  query.person = question.person;
  if (from) query.from = Shifted(*from, -question.gap);
  if (after) query.from = Shifted(*after, std::chrono::microseconds(1));
  if (to) query.to = Shifted(*to, kSessionFollowed);
  const auto limit = static_cast<std::size_t>(question.limit);
  Paging paging(from, to, question.gap, limit);
  const auto looked = reader_.Look(
      "find sessions", question.of.partner, question.of.stop, [&](BehaviourPicture& picture) -> Result<Done> {
        picture.EachAction(query, [&](const Action& action) { return paging.Add(action.time); });
        return Done{};
      });
  if (!looked) return looked.error();
  FoundSessions found{paging.Take(), std::nullopt};
  if (found.items.size() > limit) {
    found.items.resize(limit);
    found.next_cursor = WritePageCursor(PrintOf(question), {domain::FormatRfc3339(found.items.back().end)});
  }
  return found;
}

}  // namespace volcanion::application
