#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/AuditLog.h"
#include "Application/Ports/Clock.h"
#include "Application/Ports/Log.h"
#include "Domain/Timestamp.h"
#include "Domain/Uuid.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

namespace volcanion::application {

/// A request that was refused for who sent it, or how often.
struct RefusedAttempt {
  enum class Thing { kNone, kPartner, kSystem };

  std::string_view method;  ///< of the route; a literal
  std::string_view route;   ///< its pattern; a literal
  int status = 0;
  Author author;  ///< without an actor: nobody we know
  /// What the path names.
  Thing thing = Thing::kNone;
  domain::Uuid id = {};
  std::string person = {};  ///< the e-mail, for a log-in
};

/// Writes refused attempts into the audit log, behind the answers: no request waits for it, and who is refused often
/// does not fill the disk. Attempts that differ in nothing but their correlation id become one entry for each interval,
/// with how often; of different ones kMaxKinds are told apart in an interval, and no more than kEntriesAtOnce, and one
/// a second, are written; the rest is counted in one entry. The entry belongs to the partner whose thing the path
/// names; for a log-in, to each whose member the person is. What a killed process has not written is lost. Thread-safe.
class RefusedAttempts {
 public:
  static constexpr std::size_t kMaxKinds = 200;
  static constexpr double kEntriesAtOnce = 100;

  RefusedAttempts(AuditWriter& writer, DirectoryCache& directory, const Clock& clock, Log& log,
                  std::chrono::milliseconds interval = std::chrono::seconds(1));
  /// Writes down what is left.
  ~RefusedAttempts();

  void Note(RefusedAttempt attempt);

 private:
  using Kind = std::tuple<std::string_view, std::string_view, int, std::string, std::string, domain::Uuid, std::string>;
  struct Counted {
    RefusedAttempt first;
    std::int64_t times = 0;
  };

  void WriteDown();
  std::vector<AuditEntry> EntriesOf(std::map<Kind, Counted> attempts, std::int64_t others);
  /// One for each partner that is to hear of it.
  std::vector<AuditEntry> EntriesOf(const Counted& counted) const;
  /// Whether one more may be written.
  bool Afford();
  /// Whose the thing is; nothing when it is not there.
  std::optional<domain::PartnerId> OwnerOf(const RefusedAttempt& attempt) const;

  AuditWriter& writer_;
  DirectoryCache& directory_;
  const Clock& clock_;
  Log& log_;

  std::mutex mutex_;  // guards those below
  std::map<Kind, Counted> attempts_;
  std::int64_t others_ = 0;

  // Of the writing thread alone.
  double affordable_ = kEntriesAtOnce;
  domain::Timestamp filled_ = {};
  bool failing_ = false;

  std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace volcanion::application
