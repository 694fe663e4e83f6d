#include "Application/Audit/RefusedAttempts.h"

#include "Application/Pause.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace volcanion::application {
namespace {

constexpr double kEntriesPerSecond = 1;
constexpr char kAction[] = "request.refused";

AuditEntry EntryOf(const RefusedAttempt& attempt, std::int64_t times, std::optional<domain::PartnerId> owner) {
  AuditEntry entry{owner, attempt.author, kAction, std::string(attempt.method) + " " + std::string(attempt.route)};
  if (entry.author.actor.empty()) entry.author.actor = "nobody";
  if (attempt.thing != RefusedAttempt::Thing::kNone) entry.target_id = attempt.id;
  entry.details = {{"status", std::to_string(attempt.status)}, {"times", std::to_string(times)}};
  return entry;
}

/// What was counted, by how often its address was refused: who floods the log is not to hide who is refused once.
template <typename Kind, typename Counted>
std::vector<const Counted*> QuietFirst(const std::map<Kind, Counted>& attempts) {
  std::map<std::string_view, std::int64_t> times_from;
  std::vector<const Counted*> sorted;
  for (const auto& [kind, counted] : attempts) {
    times_from[counted.first.author.client_address] += counted.times;
    sorted.push_back(&counted);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) {
    return times_from[a->first.author.client_address] < times_from[b->first.author.client_address];
  });
  return sorted;
}

constexpr char kRefusedLogIn[] = "person.log_in_refused";

AuditEntry EntryOfOthers(std::int64_t times) {
  AuditEntry entry{std::nullopt, {"several", ""}, kAction, "more than are told apart"};
  entry.details = {{"times", std::to_string(times)}};
  return entry;
}

}  // namespace

RefusedAttempts::RefusedAttempts(AuditWriter& writer, DirectoryCache& directory, const Clock& clock, Log& log,
                                 std::chrono::milliseconds interval)
    : writer_(writer),
      directory_(directory),
      clock_(clock),
      log_(log),
      filled_(clock.Now()),
      thread_([this, interval](std::stop_token stop) {
        while (Pause(stop, interval)) WriteDown();
      }) {}

RefusedAttempts::~RefusedAttempts() {
  thread_.request_stop();
  thread_.join();
  WriteDown();
}

void RefusedAttempts::Note(RefusedAttempt attempt) {
  // What somebody whom we do not know has typed may be a password.
  if (!attempt.person.empty() && !directory_.Current()->FindPersonByEmail(attempt.person)) attempt.person.clear();
  // An id that nobody has tells nothing, and as many as anybody can make up would hide all others.
  if (attempt.thing != RefusedAttempt::Thing::kNone && !OwnerOf(attempt)) {
    attempt.thing = RefusedAttempt::Thing::kNone;
    attempt.id = {};
  }
  Kind kind{attempt.method, attempt.route, attempt.status, attempt.author.actor, attempt.author.client_address,
            attempt.id,     attempt.person};
  const std::lock_guard lock(mutex_);
  const auto known = attempts_.find(kind);
  if (known != attempts_.end()) {
    ++known->second.times;
  } else if (attempts_.size() < kMaxKinds) {
    attempts_.emplace(std::move(kind), Counted{std::move(attempt), 1});
  } else {
    ++others_;
  }
}

std::optional<domain::PartnerId> RefusedAttempts::OwnerOf(const RefusedAttempt& attempt) const {
  const auto directory = directory_.Current();
  if (attempt.thing == RefusedAttempt::Thing::kSystem) {
    const auto* system = directory->FindSystem({attempt.id});
    return system ? std::optional(system->partner) : std::nullopt;
  }
  const domain::PartnerId partner{attempt.id};
  return directory->HasPartner(partner) ? std::optional(partner) : std::nullopt;
}

std::vector<AuditEntry> RefusedAttempts::EntriesOf(const Counted& counted) const {
  const auto& [attempt, times] = counted;
  const auto person = attempt.person.empty() ? std::nullopt : directory_.Current()->FindPersonByEmail(attempt.person);
  if (!person) {
    const auto owner = OwnerOf(attempt);
    // What is not there is not refused to anybody.
    if (attempt.status == 404 && !owner) return {};
    return {EntryOf(attempt, times, owner)};
  }
  auto entry = EntryOf(attempt, times, std::nullopt);
  entry.action = kRefusedLogIn;
  entry.target = person->name;
  std::vector<AuditEntry> entries;
  if (person->is_platform_admin || person->memberships.empty()) entries.push_back(entry);
  for (const auto& membership : person->memberships) {
    entry.partner = membership.partner;
    entries.push_back(entry);
  }
  return entries;
}

bool RefusedAttempts::Afford() {
  if (affordable_ < 1) return false;
  --affordable_;
  return true;
}

std::vector<AuditEntry> RefusedAttempts::EntriesOf(std::map<Kind, Counted> attempts, std::int64_t others) {
  std::vector<AuditEntry> entries;
  for (const auto* counted : QuietFirst(attempts)) {
    for (auto& entry : EntriesOf(*counted)) {
      if (Afford()) {
        entries.push_back(std::move(entry));
      } else {
        others += counted->times;
      }
    }
  }
  if (others == 0) return entries;
  if (entries.empty() && affordable_ < 1) {  // told with what comes next
    const std::lock_guard lock(mutex_);
    others_ += others;
    return entries;
  }
  (void)Afford();
  entries.push_back(EntryOfOthers(others));
  return entries;
}

void RefusedAttempts::WriteDown() {
  const auto now = clock_.Now();
  const auto seconds = std::chrono::duration<double>(now - std::exchange(filled_, now)).count();
  affordable_ = std::clamp(affordable_ + seconds * kEntriesPerSecond, 0.0, kEntriesAtOnce);
  std::map<Kind, Counted> attempts;
  std::int64_t others = 0;
  {
    const std::lock_guard lock(mutex_);
    attempts.swap(attempts_);
    others = std::exchange(others_, 0);
  }
  std::string reason;
  try {
    const auto entries = EntriesOf(std::move(attempts), others);
    if (entries.empty()) return;
    if (const auto added = writer_.Add(entries); !added) reason = added.error().message;
  } catch (const std::exception& error) {
    reason = error.what();
  }
  if (!reason.empty() && !failing_) log_.Warning("refused attempts cannot be written down", {{"reason", reason}});
  failing_ = !reason.empty();
}

}  // namespace volcanion::application
