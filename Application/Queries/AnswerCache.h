#pragma once

#include "Application/Directory/DirectoryCache.h"
#include "Application/Ports/Cache.h"
#include "Application/Ports/Metrics.h"
#include "Application/Ports/ReadChanges.h"
#include "Domain/Result.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace volcanion::application {

/// Answers to questions about a partner's events, each made once for as long as it is true.
///
/// The rule: the key of an entry holds the number of changes that the days of its scope have seen, and the revision of
/// the directory. What changes the events or the directory changes the key, so that the entry is not found any more.
/// The number is read again when the one in memory is older than half of `staleness`; the other half is for those who
/// give an answer once more. So an answer is never one that was superseded for longer than that, whenever events and
/// judgements arrive, and those of days on which nothing happens any more stay.
///
/// Thread-safe; blocks.
class AnswerCache {
 public:
  struct Settings {
    std::chrono::milliseconds staleness{50};
    std::chrono::seconds time_to_live{600};      ///< of entries; what is superseded is forgotten by then
    std::size_t max_answer_bytes = 1024 * 1024;  ///< larger ones are made each time
  };

  AnswerCache(Cache& cache, ReadChanges& changes, const DirectoryCache& directory, Metrics& metrics, Settings settings);

  struct Demand {
    std::int64_t min_position = 0;  ///< which the read store is known to have reached
    bool past_cache = false;        ///< made now, whatever the cache has
    bool is_not_kept = false;       ///< FindKept() has just said so: Find() need not ask the cache again at once
    bool is_renewal = false;        ///< for nobody who waits: it is not counted as looked up
    std::stop_token hung_up = {};   ///< stops when who asks does not wait any more; `make` may fail for that
  };
  struct Answer {
    std::shared_ptr<const std::string> text;
    Freshness as_of;
    std::chrono::steady_clock::time_point checked_at{};  ///< it was true then, or later
    std::int64_t revision = 0;                           ///< of the directory that it was made with
  };
  /// The answer, if it is kept; nothing when it has to be made.
  domain::Result<std::optional<Answer>> FindKept(const AnswerScope& scope, std::string_view question,
                                                 const Demand& demand);
  /// `question` tells the question and all its parameters from every other one about this partner. `make` answers it;
  /// whoever else asks for it meanwhile gets the same answer, or the same error; but not that of one who has hung up.
  domain::Result<Answer> Find(const AnswerScope& scope, std::string_view question, const Demand& demand,
                              const std::function<domain::Result<std::string>()>& make);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Text = domain::Result<std::shared_ptr<const std::string>>;
  struct KnownStamp {
    ChangeStamp stamp;
    SteadyTime read_at;  ///< before it was read
  };
  /// An answer that is being made.
  struct Flight {
    std::mutex mutex;
    std::condition_variable landed;
    std::optional<Text> text;  ///< guarded by mutex
    bool given_up = false;     ///< likewise: whose flight it was has hung up
  };

  /// Where an answer is kept, and what it is as of.
  struct Place {
    std::string key;
    Freshness as_of;
    SteadyTime checked_at;
    std::int64_t revision;

    Answer With(std::shared_ptr<const std::string> text) const {
      return {std::move(text), as_of, checked_at, revision};
    }
  };

  domain::Result<Place> PlaceOf(const AnswerScope& scope, std::string_view question, const Demand& demand);
  domain::Result<KnownStamp> CurrentStamp(const AnswerScope& scope, const Demand& demand);
  /// Nothing when it was another's flight, and that was given up.
  std::optional<Text> Fly(const std::string& key, const std::stop_token& hung_up,
                          const std::function<domain::Result<std::string>()>& make);
  Text MakeOnce(const std::string& key, const std::stop_token& hung_up,
                const std::function<domain::Result<std::string>()>& make);
  Text MakeAndKeep(const std::string& key, const std::function<domain::Result<std::string>()>& make);

  Cache& cache_;
  ReadChanges& changes_;
  const DirectoryCache& directory_;
  Metrics& metrics_;
  const Settings settings_;

  std::mutex mutex_;  // guards those below
  std::unordered_map<std::string, KnownStamp> stamps_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace volcanion::application
