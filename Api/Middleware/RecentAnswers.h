#pragma once

#include "Api/Http/Gzip.h"
#include "Application/Queries/AnswerCache.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace volcanion::api {

/// Answers that were given a moment ago, found by the target of the request alone: what is asked again and again costs
/// no thread, no look into a store and no reading of parameters.
///
/// The rule: an answer is given as long as it was known to be true less than `max_age` ago. Some time before that, one
/// of those who get it is told to have it made anew; so nobody waits for what is asked often. Who may see an answer is
/// to be found out before. Thread-safe; does not block.
class RecentAnswers {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Settings {
    std::chrono::milliseconds max_age{50};
    std::size_t max_bytes = 16 * 1024 * 1024;  ///< of texts and targets; when they have no room, all are forgotten
  };
  struct Recent {
    application::AnswerCache::Answer answer;
    std::string tag;                                     ///< of its text
    std::shared_ptr<const PackedBeginning> packed = {};  ///< all of its text but the last byte; where clients take gzip
  };

  explicit RecentAnswers(Settings settings) : settings_(settings) {}

  struct Found {
    std::shared_ptr<const Recent> recent;  ///< null when there is none
    bool is_to_be_renewed = false;         ///< by who is told so, and nobody else
  };
  /// `revision` is the directory's: answers of others are not given.
  Found Find(std::string_view target, std::int64_t revision, SteadyTime now);
  void Keep(std::string target, std::shared_ptr<const Recent> recent, SteadyTime now);

 private:
  struct Entry {
    std::shared_ptr<const Recent> recent;
    bool is_being_renewed = false;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  static std::size_t BytesOf(const std::string& target, const Recent& recent) {
    return target.size() + recent.answer.text->size() + (recent.packed ? recent.packed->bytes() : 0);
  }
  void ForgetOld(SteadyTime now);

  const Settings settings_;

  std::mutex mutex_;  // guards those below
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::size_t bytes_ = 0;
  SteadyTime cleaned_at_{};
};

}  // namespace volcanion::api
